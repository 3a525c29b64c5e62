package ui

import (
	"io"
	"sync"
)

// printer writes in a goroutine of its own: a terminal that is held up holds
// up no key.
type printer struct {
	to    io.Writer
	mu    sync.Mutex
	wake  *sync.Cond
	text  []byte
	ended bool
	err   error
	done  chan struct{}
}

func newPrinter(to io.Writer) *printer {
	p := &printer{to: to, done: make(chan struct{})}
	p.wake = sync.NewCond(&p.mu)
	go p.work()
	return p
}

func (p *printer) write(s string) {
	p.mu.Lock()
	p.text = append(p.text, s...)
	p.mu.Unlock()
	p.wake.Signal()
}

func (p *printer) work() {
	defer close(p.done)
	for {
		p.mu.Lock()
		for len(p.text) == 0 && !p.ended {
			p.wake.Wait()
		}
		text := p.text
		p.text = nil
		p.mu.Unlock()
		if len(text) == 0 {
			return
		}
		if _, err := p.to.Write(text); err != nil && p.err == nil {
			p.err = err
		}
	}
}

// close writes what is left and returns the first error.
func (p *printer) close() error {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	p.wake.Signal()
	<-p.done
	return p.err
}
