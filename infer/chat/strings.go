package chat

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Strings are counted in characters, as in Python, and kept in bytes.

// runeSize is the bytes of the character c at s[i], which range has found.
func runeSize(s string, i int, c rune) int {
	if c != utf8.RuneError {
		return utf8.RuneLen(c)
	}
	_, n := utf8.DecodeRuneInString(s[i:])
	return n
}

// charAt is character n of t, counted from the end where n is negative.
func charAt(r *run, t text, n int64) (value, error) {
	if err := r.scan(len(t.s)); err != nil {
		return nil, err
	}
	if n < 0 {
		n += int64(utf8.RuneCountInString(t.s))
	}
	for i, c := range t.s {
		if n == 0 {
			return t.slice(i, i+runeSize(t.s, i, c)), nil
		}
		n--
	}
	return undefined{"a character outside of a string"}, nil
}

// sliceText is t[i:j:k] in characters.
func sliceText(r *run, t text, b [3]*int) (value, error) {
	if err := r.scan(len(t.s)); err != nil {
		return nil, err
	}
	from, n, step, err := sliceBounds(utf8.RuneCountInString(t.s), b)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return text{}, nil
	}
	if step == 1 {
		lo := byteAt(t.s, from)
		return t.slice(lo, lo+byteAt(t.s[lo:], n)), nil
	}
	if err := r.alloc(4 * len(t.s)); err != nil {
		return nil, err
	}
	starts := make([]int, 0, len(t.s)+1)
	for i := range t.s {
		starts = append(starts, i)
	}
	starts = append(starts, len(t.s))
	return r.capture(func(out *builder) error {
		for i := range n {
			if err := r.step(1); err != nil {
				return err
			}
			at := from + i*step
			out.add(t.slice(starts[at], starts[at+1]))
		}
		return nil
	})
}

// byteAt is where character n of s begins.
func byteAt(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// isSpace is white space to Python.
func isSpace(c rune) bool { return unicode.IsSpace(c) || 0x1c <= c && c <= 0x1f }

// strip drops the characters that drop knows at the ends.
func strip(t text, drop func(rune) bool, left, right bool) text {
	lo, hi := 0, len(t.s)
	if left {
		lo = hi - len(strings.TrimLeftFunc(t.s, drop))
	}
	if right {
		hi = lo + len(strings.TrimRightFunc(t.s[lo:], drop))
	}
	return t.slice(lo, hi)
}

// split cuts t at sep, at most limit times where limit is not negative.
func split(r *run, t text, sep string, limit int) (*list, error) {
	if err := r.scan(len(t.s)); err != nil {
		return nil, err
	}
	out := &list{}
	at := 0
	for limit != 0 {
		i := strings.Index(t.s[at:], sep)
		if i < 0 {
			break
		}
		if err := r.items(2); err != nil {
			return nil, err
		}
		out.items = append(out.items, t.slice(at, at+i))
		at += i + len(sep)
		limit--
	}
	out.items = append(out.items, t.slice(at, len(t.s)))
	return out, nil
}

// fields cuts t at white space.
func fields(r *run, t text, limit int) (*list, error) {
	if err := r.scan(len(t.s)); err != nil {
		return nil, err
	}
	out := &list{}
	for at := 0; ; {
		at = len(t.s) - len(strings.TrimLeftFunc(t.s[at:], isSpace))
		if at == len(t.s) {
			return out, nil
		}
		if err := r.items(2); err != nil {
			return nil, err
		}
		n := strings.IndexFunc(t.s[at:], isSpace)
		if n < 0 || limit == 0 {
			n = len(t.s) - at
		}
		out.items = append(out.items, t.slice(at, at+n))
		at += n
		limit--
	}
}

// lines cuts t where Python sees lines end.
func lines(r *run, t text) ([]text, error) {
	if err := r.scan(len(t.s)); err != nil {
		return nil, err
	}
	var out []text
	for at := 0; at < len(t.s); {
		if err := r.items(2); err != nil {
			return nil, err
		}
		n := strings.IndexFunc(t.s[at:], endsLine)
		if n < 0 {
			return append(out, t.slice(at, len(t.s))), nil
		}
		out = append(out, t.slice(at, at+n))
		at += n
		c, size := utf8.DecodeRuneInString(t.s[at:])
		at += size
		if c == '\r' && strings.HasPrefix(t.s[at:], "\n") {
			at++
		}
	}
	return out, nil
}

func endsLine(c rune) bool {
	return '\n' <= c && c <= '\r' || 0x1c <= c && c <= 0x1e || c == 0x85 || c == 0x2028 || c == 0x2029
}

// replace puts repl in place of old, at most limit times where limit is not
// negative. What is put in keeps the origin of repl.
func replace(r *run, t, old, repl text, limit int) (value, error) {
	if err := r.scan(len(t.s)); err != nil {
		return nil, err
	}
	return r.capture(func(out *builder) error {
		at := 0
		for limit != 0 && at <= len(t.s) {
			i, skip := strings.Index(t.s[at:], old.s), 0
			if i < 0 {
				break
			}
			if old.s == "" && at+i < len(t.s) { // between all characters
				_, skip = utf8.DecodeRuneInString(t.s[at:])
			}
			if err := r.step(3); err != nil {
				return err
			}
			out.add(t.slice(at, at+i))
			out.add(repl)
			out.add(t.slice(at+i, at+i+skip))
			at += i + len(old.s) + skip
			if limit--; old.s == "" && skip == 0 {
				return nil
			}
		}
		out.add(t.slice(at, len(t.s)))
		return nil
	})
}

// letters maps the characters of t; each result keeps the origin of its
// character. Of f's arguments, before is the character to the left.
func letters(r *run, t text, f func(before, c rune) string) (value, error) {
	return r.capture(func(out *builder) error {
		before := rune(-1)
		out.escape(t, func(c rune) string {
			s := f(before, c)
			before = c
			return s
		})
		return nil
	})
}

func upper(r *run, t text) (value, error) {
	return letters(r, t, func(_, c rune) string { return strings.ToUpper(string(c)) })
}

func lower(r *run, t text) (value, error) {
	return letters(r, t, func(_, c rune) string { return strings.ToLower(string(c)) })
}

// title begins words, as begins tells, with a capital.
func title(r *run, t text, begins func(before rune) bool) (value, error) {
	return letters(r, t, func(before, c rune) string {
		if before == -1 || begins(before) {
			return string(unicode.ToTitle(c))
		}
		return strings.ToLower(string(c))
	})
}

// capitalize is title for the first word alone.
func capitalize(r *run, t text) (value, error) {
	return title(r, t, func(rune) bool { return false })
}
