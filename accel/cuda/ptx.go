package cuda

import "strings"

// ptx is a module of kernels as a driver reads it, taken apart: the driver
// compiles what it is given, and a model needs few of the kernels.
type ptx struct {
	head    string            // version, target and what kernels share
	tail    string            // the functions that they call
	entries map[string]string // by kernel
}

// parsePTX takes apart what nvcc has written: lines of a kernel begin with
// ".visible .entry" and end with a brace of its own.
func parsePTX(module string) *ptx {
	const entry, end = "\n.visible .entry ", "\n}\n"
	p := &ptx{entries: map[string]string{}}
	at := strings.Index(module, entry)
	if at < 0 {
		p.head = module
		return p
	}
	p.head, module = module[:at+1], module[at:]
	for {
		at := strings.Index(module, entry)
		if at < 0 {
			break
		}
		p.tail += module[:at]
		body := module[at+1:]
		n := strings.Index(body, end) + len(end)
		if n < len(end) {
			n = len(body)
		}
		name, _, _ := strings.Cut(body[len(entry)-1:], "(")
		p.entries[name] = body[:n]
		module = body[n-1:] // with the line's end before the next
	}
	p.tail += module
	return p
}

// kernel returns a module of one kernel; "": there is none.
func (p *ptx) kernel(name string) string {
	body, ok := p.entries[name]
	if !ok {
		return ""
	}
	return p.head + body + p.tail
}
