package infer

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/runnel-chat/runnel/infer/token"
)

// thinkingBlocks are how models mark what they think before they answer.
// Those of the harmony format are control tokens of their own.
var thinkingBlocks = []struct{ open, end string }{
	{"<think>", "</think>"},
	{"<thinking>", "</thinking>"},
	{"<thought>", "</thought>"},
	{"<seed:think>", "</seed:think>"},
	{"[THINK]", "[/THINK]"},
	{"<|START_THINKING|>", "<|END_THINKING|>"},
	{"<|channel>thought", "<channel|>"},
}

// A writer turns tokens into the text of a stream. It hands out thinking
// apart from the answer, never shows a part of a stop string or of a mark
// before it knows that it is none, and keeps back characters until they are
// whole.
type writer struct {
	s     *Stream
	stop  []string
	plain bool // of a completion: nothing is thinking
	tools bool // the marks of a call are text, and so is who is called
	mode  writerMode
	end   string // of the thinking block; "": only control tokens end it
	begun bool   // the answer has text
	skip  bool   // drop white space, after a mark
	held  []byte // not handed out yet
	role  []byte // of a harmony header

	text, thinking []byte // of the token at hand
}

type writerMode uint8

const (
	answering writerMode = iota
	inThought
	inHeader // of a harmony message: names who speaks and where
)

func newWriter(s *Stream, stop []string, p prompt) *writer {
	w := &writer{s: s, plain: p.plain, tools: p.tools}
	for _, x := range stop {
		if x != "" {
			w.stop = append(w.stop, x)
		}
	}
	if p.thinking != "" {
		w.mode, w.end, w.skip = inThought, p.thinking, true
	}
	return w
}

// token adds a token of the answer and reports whether a stop string ended it.
func (w *writer) token(t *token.Tokenizer, id int32) bool {
	start := len(w.held)
	if !t.IsControl(id) {
		w.held = t.AppendPiece(w.held, id)
	} else if name := t.Token(id); !w.plain && !w.harmony(name) && (w.tools || isMark(name)) {
		w.held = append(w.held, name...)
	}
	stopped := len(w.held) > start && w.advance(false)
	w.s.Append(w.text, w.thinking)
	w.text, w.thinking = w.text[:0], w.thinking[:0]
	return stopped
}

// flush hands out what was kept back. Nothing follows.
func (w *writer) flush() {
	w.advance(true)
	w.s.add(w.text, w.thinking)
	w.text, w.thinking = w.text[:0], w.thinking[:0]
}

// isMark reports whether a control token is, or begins, a mark of thinking.
func isMark(name string) bool {
	for _, b := range thinkingBlocks {
		if strings.HasPrefix(b.open, name) || name == b.end {
			return true
		}
	}
	return false
}

// harmony follows the control tokens of that format:
// <|start|>role<|channel|>name<|message|>text<|end|>. Only the channel named
// final is the answer, and what is said to a tool: its name, which the header
// has as "to=", then stands before the text.
func (w *writer) harmony(name string) bool {
	switch name {
	case "<|channel|>":
		if w.mode != inHeader {
			w.header()
		}
		w.role = append(w.role, channelMark...)
	case "<|start|>", "<|end|>":
		w.header()
	case "<|message|>":
		_, channel, _ := strings.Cut(string(w.role), channelMark)
		channel, _, _ = strings.Cut(strings.TrimSpace(channel), " ")
		_, to, called := strings.Cut(string(w.role), "to=")
		w.mode, w.skip = answering, true
		if w.tools && called {
			if i := strings.IndexAny(to, " <"+channelMark); i >= 0 {
				to = to[:i]
			}
			w.text = append(append(w.text, to...), ' ')
		} else if channel == "analysis" || channel == "commentary" {
			w.mode = inThought
		}
	default:
		return false
	}
	return true
}

// channelMark stands for <|channel|> in a header.
const channelMark = "\x00"

// header begins one.
func (w *writer) header() {
	w.advance(true)
	w.mode, w.end, w.role = inHeader, "", w.role[:0]
}

// advance hands out as much of the held text as is certain; all of it at the
// end of a stretch.
func (w *writer) advance(last bool) (stopped bool) {
	for len(w.held) > 0 {
		if w.mode == inHeader {
			w.role = append(w.role, w.held[:min(len(w.held), max(0, 256-len(w.role)))]...)
			w.held = w.held[:0]
			return false
		}
		if w.skip {
			w.drop(len(w.held) - len(bytes.TrimLeftFunc(w.held, unicode.IsSpace)))
			if len(w.held) == 0 {
				return false
			}
			w.skip = false
		}
		if w.mode == inThought {
			if !w.think(last) {
				return false
			}
			continue
		}
		opened, wait := w.opens(last)
		if wait {
			return false
		}
		if !opened {
			return w.answer(last)
		}
	}
	return false
}

// drop forgets the first n bytes held.
func (w *writer) drop(n int) { w.held = w.held[:copy(w.held, w.held[n:])] }

// think hands out thinking and reports whether its end was found.
func (w *writer) think(last bool) (ended bool) {
	if w.end != "" {
		if i := bytes.Index(w.held, []byte(w.end)); i >= 0 {
			w.thinking = append(w.thinking, w.held[:i]...)
			w.drop(i + len(w.end))
			w.mode, w.skip = answering, true
			return true
		}
	}
	n := len(w.held)
	if !last {
		n = min(whole(w.held), n-overlap(w.held, w.end))
	}
	w.thinking = append(w.thinking, w.held[:n]...)
	w.drop(n)
	return false
}

// opens looks for a mark that begins a thinking block. It counts only before
// any text of the answer; wait says that the held text may become one.
func (w *writer) opens(last bool) (opened, wait bool) {
	if w.begun || w.plain {
		return false, false
	}
	text := bytes.TrimLeftFunc(w.held, unicode.IsSpace)
	for _, b := range thinkingBlocks {
		if bytes.HasPrefix(text, []byte(b.open)) {
			w.drop(len(w.held) - len(text) + len(b.open))
			w.mode, w.end, w.skip = inThought, b.end, true
			return true, false
		}
		wait = wait || !last && strings.HasPrefix(b.open, string(text))
	}
	return false, wait
}

// answer hands out text of the answer.
func (w *writer) answer(last bool) (stopped bool) {
	n := len(w.held)
	for _, x := range w.stop {
		if i := bytes.Index(w.held, []byte(x)); i >= 0 && i < n {
			n, stopped = i, true
		}
	}
	keep := n
	if !stopped && !last {
		keep = whole(w.held)
		for _, x := range w.stop {
			keep = min(keep, n-overlap(w.held, x))
		}
	}
	w.begun = w.begun || keep > 0
	w.text = append(w.text, w.held[:keep]...)
	if stopped {
		keep = len(w.held)
	}
	w.drop(keep)
	return stopped
}

// overlap is the length of the longest end of text that begins mark.
func overlap(text []byte, mark string) int {
	for n := min(len(text), len(mark)-1); n > 0; n-- {
		if string(text[len(text)-n:]) == mark[:n] {
			return n
		}
	}
	return 0
}

// whole is the length of text without the beginning of a character at its end.
func whole(text []byte) int {
	for i := len(text) - 1; i >= 0 && i >= len(text)-utf8.UTFMax; i-- {
		if utf8.RuneStart(text[i]) {
			if !utf8.FullRune(text[i:]) {
				return i
			}
			break
		}
	}
	return len(text)
}
