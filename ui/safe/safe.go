// Package safe is the only door through which untrusted text reaches a
// terminal: what a model says, what a file claims of itself, file names and
// error messages.
//
//	bytes ──▶ Filter.Write ──▶ Text ──▶ a screen, a pipe, a title, a clipboard
//
// What comes out is valid UTF-8 without a byte that a terminal obeys. Whole
// escape sequences vanish, also when they are split across tokens or never
// end; lone control characters become visible pictures; characters that
// reorder or hide text are spelled out.
package safe

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is cleaned text. Its only source is this package, so a function that
// takes Text cannot be given anything else by mistake.
type Text struct{ s string }

// String returns the text.
func (t Text) String() string { return t.s }

// Clean filters a whole string.
func Clean(s string) Text {
	var f Filter
	return Text{string(f.Flush(f.Append(make([]byte, 0, len(s)), s)))}
}

// maxMarks is how many zero-width characters may follow one another: more
// than any script stacks, fewer than it takes to smear a screen.
const maxMarks = 8

// state is where in an escape sequence the filter is (ECMA-48).
type state uint8

const (
	text      state = iota
	escape          // after ESC
	control         // in a CSI sequence, up to its final byte
	command         // in an OSC, DCS, SOS, PM or APC string, up to ST or BEL
	commandST       // after an ESC inside such a string
)

// maxSequence bounds what an unterminated sequence swallows; beyond it the
// text shows again, so that one stray byte cannot hide the rest of an answer.
const maxSequence = 4096

// Filter cleans a stream. However the stream is cut, the result is the same.
// The zero value is ready.
type Filter struct {
	state state
	depth int    // bytes swallowed by the sequence in hand
	part  []byte // of a UTF-8 sequence that a cut left incomplete
	marks int    // zero-width characters in a row
}

// Append cleans s and appends the result to dst.
func (f *Filter) Append(dst []byte, s string) []byte {
	if len(f.part) > 0 {
		dst, s = f.join(dst, s)
	}
	for len(s) > 0 {
		if s[0] < utf8.RuneSelf {
			dst = f.rune(dst, rune(s[0]))
			s = s[1:]
			continue
		}
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 && !utf8.FullRuneInString(s) {
			f.part = append(f.part, s...)
			return dst
		}
		dst = f.rune(dst, r)
		s = s[n:]
	}
	return dst
}

// join completes the character that the last cut split. What follows a broken
// one may itself be the beginning of another.
func (f *Filter) join(dst []byte, s string) ([]byte, string) {
	for len(f.part) > 0 {
		if utf8.FullRune(f.part) {
			r, n := utf8.DecodeRune(f.part)
			dst = f.rune(dst, r)
			f.part = f.part[:copy(f.part, f.part[n:])]
			continue
		}
		if s == "" {
			break
		}
		f.part = append(f.part, s[0])
		s = s[1:]
	}
	return dst, s
}

// Flush ends the stream: an incomplete character becomes U+FFFD, an
// unfinished sequence is dropped.
func (f *Filter) Flush(dst []byte) []byte {
	for range f.part {
		dst = f.rune(dst, utf8.RuneError)
	}
	*f = Filter{}
	return dst
}

func (f *Filter) rune(dst []byte, r rune) []byte {
	if f.state == text {
		return f.plain(dst, r)
	}
	if f.depth++; f.depth > maxSequence {
		f.state = text
		return f.plain(dst, r)
	}
	switch f.state {
	case escape:
		return f.afterEscape(dst, r)
	case control:
		switch {
		case r == 0x1b:
			f.begin(escape)
		case r >= 0x40 && r <= 0x7e: // the final byte
			f.state = text
		case r < 0x20 || r > 0x7e: // not a sequence after all
			f.state = text
			return f.plain(dst, r)
		}
	case command:
		switch r {
		case 0x07, 0x9c:
			f.state = text
		case 0x1b:
			f.state = commandST
		}
	case commandST:
		if f.state = command; r == '\\' {
			f.state = text
		}
	}
	return dst
}

func (f *Filter) begin(s state) { f.state, f.depth = s, 0 }

func (f *Filter) afterEscape(dst []byte, r rune) []byte {
	switch {
	case r == '[':
		f.state = control
	case r == ']' || r == 'P' || r == 'X' || r == '^' || r == '_':
		f.state = command
	case r == 0x1b:
		f.begin(escape)
	case r >= 0x20 && r <= 0x2f: // intermediate: the final byte follows
	case r >= 0x30 && r <= 0x7e:
		f.state = text
	default:
		f.state = text
		return f.plain(dst, r)
	}
	return dst
}

// plain handles a character outside of sequences.
func (f *Filter) plain(dst []byte, r rune) []byte {
	switch {
	case r == '\n' || r == '\t' || r >= 0x20 && r < 0x7f:
		f.marks = 0
		return append(dst, byte(r))
	case r == 0x1b:
		f.begin(escape)
		return dst
	case r == 0x9b:
		f.begin(control)
		return dst
	case r == 0x90 || r == 0x98 || r == 0x9d || r == 0x9e || r == 0x9f:
		f.begin(command)
		return dst
	case r == '\r': // a lone one would let text overwrite itself
		return dst
	case r < 0x20:
		return utf8.AppendRune(dst, 0x2400+r)
	case r == 0x7f:
		return utf8.AppendRune(dst, 0x2421)
	case r < 0xa0:
		return spell(dst, r)
	}
	return f.beyondASCII(dst, r)
}

func (f *Filter) beyondASCII(dst []byte, r rune) []byte {
	switch {
	case r == '\u200d' || r == '\u200c' || r >= '\ufe00' && r <= '\ufe0f' || unicode.In(r, unicode.Mn, unicode.Me):
		if f.marks++; f.marks > maxMarks {
			return dst
		}
		return utf8.AppendRune(dst, r)
	case unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Co, r):
		return spell(dst, r)
	}
	f.marks = 0
	return utf8.AppendRune(dst, r)
}

// spell writes a character by its number.
func spell(dst []byte, r rune) []byte {
	dst = append(dst, "‹U+"...)
	n := strings.ToUpper(strconv.FormatInt(int64(r), 16))
	for range 4 - min(4, len(n)) {
		dst = append(dst, '0')
	}
	dst = append(dst, n...)
	return append(dst, "›"...)
}

// Stream gathers text that arrives in pieces and cleans each piece once. The
// zero value is ready.
type Stream struct {
	filter Filter
	b      []byte
}

// Append adds the next piece.
func (s *Stream) Append(piece string) { s.b = s.filter.Append(s.b, piece) }

// Flush says that no more will come.
func (s *Stream) Flush() { s.b = s.filter.Flush(s.b) }

// Len is the length of the text so far.
func (s *Stream) Len() int { return len(s.b) }

// Text returns what is there so far.
func (s *Stream) Text() Text { return Text{string(s.b)} }
