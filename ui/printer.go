package ui

import "io"

// printer writes behind the back of whoever prints.
type printer struct {
	*queue
	to  io.Writer
	err error // of the jobs
}

func newPrinter(to io.Writer) *printer { return &printer{queue: newQueue(), to: to} }

func (p *printer) write(s string) {
	p.add(func() {
		if _, err := io.WriteString(p.to, s); err != nil && p.err == nil {
			p.err = err
		}
	})
}

// close writes what is left and returns the first error.
func (p *printer) close() error {
	p.queue.close()
	return p.err
}
