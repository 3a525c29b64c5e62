package chat

import (
	"iter"
	"sort"
	"strings"
)

// A text is a string that knows which of its bytes came from outside of the
// template. Whatever a template does with a message, those bytes stay marked,
// so that the rendered prompt can be tokenized without their ever spelling a
// control token.
type text struct {
	s    string
	user []span // of s: sorted, not touching, none empty
}

// A span is a stretch of bytes, without its end.
type span struct{ lo, hi int }

// literal is text of the template or the interpreter.
func literal(s string) text { return text{s: s} }

// foreign is text from outside.
func foreign(s string) text {
	if s == "" {
		return text{}
	}
	return text{s, []span{{0, len(s)}}}
}

// slice is t.s[lo:hi].
func (t text) slice(lo, hi int) text {
	out := text{s: t.s[lo:hi]}
	if lo >= hi || len(t.user) == 0 {
		return out
	}
	if lo == 0 && hi == len(t.s) {
		return t
	}
	first := sort.Search(len(t.user), func(i int) bool { return t.user[i].hi > lo })
	end := first + sort.Search(len(t.user)-first, func(i int) bool { return t.user[first+i].lo >= hi })
	if first < end {
		out.user = make([]span, 0, end-first)
	}
	for _, u := range t.user[first:end] {
		out.user = append(out.user, span{max(u.lo, lo) - lo, min(u.hi, hi) - lo})
	}
	return out
}

// parts yields the text in stretches of one origin.
func (t text) parts() iter.Seq2[string, bool] {
	return func(yield func(s string, user bool) bool) {
		at := 0
		for _, u := range t.user {
			if at < u.lo && !yield(t.s[at:u.lo], false) || !yield(t.s[u.lo:u.hi], true) {
				return
			}
			at = u.hi
		}
		if at < len(t.s) {
			yield(t.s[at:], false)
		}
	}
}

// A builder makes a text. It is never larger than maxText: what would go over
// is not written, and the meter says so.
type builder struct {
	m    *meter
	b    strings.Builder
	user []span
}

func (b *builder) write(s string, user bool) {
	at := b.b.Len()
	if s == "" || !b.m.grow(at, len(s)) {
		return
	}
	b.b.WriteString(s)
	if !user {
		return
	}
	if n := len(b.user); n > 0 && b.user[n-1].hi == at {
		b.user[n-1].hi += len(s)
		return
	}
	if b.m.alloc(16) == nil {
		b.user = append(b.user, span{at, at + len(s)})
	}
}

// lit writes text of the template or the interpreter.
func (b *builder) lit(s string) { b.write(s, false) }

func (b *builder) add(t text) {
	for s, user := range t.parts() {
		b.write(s, user)
	}
}

// text returns what was written; the builder is done.
func (b *builder) text() text { return text{b.b.String(), b.user} }
