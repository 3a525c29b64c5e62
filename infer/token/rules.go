package token

import "strings"

// some is mask+.
func some(mask class) rule {
	return func(s string, i int) int { return classes().run(s, i, mask) }
}

// upTo is mask{1,n}.
func upTo(n int, mask class) rule {
	return func(s string, i int) int {
		t := classes()
		for range n {
			c, size := t.classAt(s, i)
			if c&mask == 0 {
				break
			}
			i += size
		}
		return i
	}
}

// spaced is ` ?word`.
func spaced(word rule) rule {
	return func(s string, i int) int {
		if i < len(s) && s[i] == ' ' {
			if end := word(s, i+1); end > i+1 {
				return end
			}
		}
		return word(s, i)
	}
}

// led is `lead?word`: one character of another kind goes with what follows,
// as the space before a word does.
func led(lead class, word rule) rule {
	return func(s string, i int) int {
		if c, n := classes().classAt(s, i); c&lead != 0 {
			if end := word(s, i+n); end > i+n {
				return end
			}
		}
		return word(s, i)
	}
}

// marks is ` ?mask+tail*`, where tail is newline and the bytes of also.
func marks(mask class, also string) rule {
	run := spaced(some(mask))
	return func(s string, i int) int {
		end := run(s, i)
		if end == i {
			return i
		}
		for end < len(s) && isTail(s[end], also) {
			end++
		}
		return end
	}
}

// marksThenOne is ` ?mask+tail?`.
func marksThenOne(mask class, also string) rule {
	run := spaced(some(mask))
	return func(s string, i int) int {
		end := run(s, i)
		if end > i && end < len(s) && isTail(s[end], also) {
			end++
		}
		return end
	}
}

func isTail(b byte, also string) bool {
	return b == '\n' || b == '\r' || strings.IndexByte(also, b) >= 0
}

// lines is `\s*[\r\n]+`: white space up to the last newline of its run.
func lines(s string, i int) int {
	t, last := classes(), i
	for {
		c, n := t.classAt(s, i)
		if c&space == 0 {
			return last
		}
		i += n
		if c == newline {
			last = i
		}
	}
}

// spaces is `\s+(?!\S)|\s+`: a run of white space leaves its last character
// to the word that follows, unless it has only that one.
func spaces(s string, i int) int {
	t, last, end := classes(), i, i
	for {
		c, n := t.classAt(s, end)
		if c&space == 0 {
			break
		}
		last, end = end, end+n
	}
	if end < len(s) && last > i {
		return last
	}
	return end
}

// contraction is `'s|'t|'re|'ve|'m|'ll|'d`.
func contraction(s string, i int) int {
	return i + contractionLen(s[i:], 0)
}

// anyContraction is `(?i:'s|'t|'re|'ve|'m|'ll|'d)`. The long s is one of the
// spellings that (?i) gives to s.
func anyContraction(s string, i int) int {
	if strings.HasPrefix(s[i:], "'ſ") {
		return i + len("'ſ")
	}
	return i + contractionLen(s[i:], 0x20)
}

// contractionLen compares with the bit fold set in every letter.
func contractionLen(s string, fold byte) int {
	if len(s) < 2 || s[0] != '\'' {
		return 0
	}
	first := s[1] | fold
	switch first {
	case 's', 't', 'm', 'd':
		return 2
	}
	if len(s) < 3 {
		return 0
	}
	switch second := s[2] | fold; {
	case first == 'r' && second == 'e', first == 'v' && second == 'e', first == 'l' && second == 'l':
		return 3
	}
	return 0
}

// cased is `lead?U*L+|lead?U+L*`, the words of tokenizers that part CamelCase:
// U is upper with the caseless letters and marks, L is lower with them.
func cased(lead, caseless class) rule {
	u, l := upper|caseless, lower|caseless
	return func(s string, i int) int {
		t := classes()
		c, n := t.classAt(s, i)
		if c&lead == 0 {
			n = 0
		}
		for _, start := range []int{i + n, i} {
			if end := humps(t, s, start, u, l); end > start {
				return end
			}
		}
		if end := t.run(s, i+n, u); end > i+n {
			return end
		}
		return t.run(s, i, u)
	}
}

// humps is `U*L+`. U* takes all it can; if no L follows, it gives back
// characters down to the last that is in both.
func humps(t *classPages, s string, i int, u, l class) int {
	last := i
	for {
		c, n := t.classAt(s, i)
		if c&u == 0 {
			break
		}
		i += n
		if c&l != 0 {
			last = i
		}
	}
	if end := t.run(s, i, l); end > i {
		return end
	}
	return last
}

// then is `a b?` where b is optional.
func then(a, b rule) rule {
	return func(s string, i int) int {
		if end := a(s, i); end > i {
			return b(s, end)
		}
		return i
	}
}
