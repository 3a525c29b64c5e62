package infer

// A Splitter writes to a stream what comes as text, as from a server, and hands
// out apart from the answer what stands between marks of thinking before it.
type Splitter struct{ w *writer }

// NewSplitter writes to s.
func NewSplitter(s *Stream) Splitter { return Splitter{newWriter(s, nil, prompt{})} }

// Append adds text, in pieces of any size, and thinking that is known as such.
func (p Splitter) Append(text, thinking string) {
	w := p.w
	w.held = append(w.held, text...)
	w.thinking = append(w.thinking, thinking...)
	w.advance(false)
	w.s.Append(w.text, w.thinking)
	w.text, w.thinking = w.text[:0], w.thinking[:0]
}

// Flush hands out what was kept back because it could have become a mark.
// Nothing follows.
func (p Splitter) Flush() { p.w.flush() }
