package token

import "unicode/utf8"

// digitGroups cuts every run of numbers into groups of three from the right,
// and the first group has what is left: 1234567 is 1 234 567.
func digitGroups(s string, emit func(string)) {
	t, gap := classes(), 0
	for i := 0; i < len(s); {
		c, n := t.classAt(s, i)
		if c&number == 0 {
			i += n
			continue
		}
		if gap < i {
			emit(s[gap:i])
		}
		i = threes(t, s, i, emit)
		gap = i
	}
	if gap < len(s) {
		emit(s[gap:])
	}
}

// threes emits the run of numbers at s[i] in groups and returns its end.
func threes(t *classPages, s string, i int, emit func(string)) int {
	count, end := 0, i
	for {
		c, n := t.classAt(s, end)
		if c&number == 0 {
			break
		}
		count, end = count+1, end+n
	}
	for ; count > 0; count = (count - 1) / 3 * 3 {
		start := i
		for range (count-1)%3 + 1 {
			_, n := t.classAt(s, i)
			i += n
		}
		emit(s[start:i])
	}
	return end
}

// digitCuts is the split at `(?=(\d{3})+(?!\d))` with ASCII digits: a cut
// wherever a multiple of three digits is left of a run. Text between runs
// stays with what is before it.
func digitCuts(s string, emit func(string)) {
	start := 0
	for i := 0; i < len(s); {
		end := i
		for end < len(s) && '0' <= s[end] && s[end] <= '9' {
			end++
		}
		for cut := i + (end-i)%3; cut < end; cut += 3 {
			if start < cut {
				emit(s[start:cut])
				start = cut
			}
		}
		i = max(end, i+1)
	}
	if start < len(s) {
		emit(s[start:])
	}
}

// threeDigits is `[0-9][0-9][0-9]`.
func threeDigits(s string, i int) int {
	if i+3 > len(s) {
		return i
	}
	for _, b := range []byte(s[i : i+3]) {
		if b < '0' || b > '9' {
			return i
		}
	}
	return i + 3
}

// trailingSpace is the split at `\s+$`.
func trailingSpace(s string, emit func(string)) {
	t, end := classes(), len(s)
	for end > 0 {
		n := lastLen(s[:end])
		if c, _ := t.classAt(s[:end], end-n); c&space == 0 {
			break
		}
		end -= n
	}
	if end > 0 {
		emit(s[:end])
	}
	if end < len(s) {
		emit(s[end:])
	}
}

// spaceChunks cuts a piece of white space into 512, 256, …, 4 characters, then
// 2 or 1: the cascade `\s{512}(?!\S)|…|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}`.
// Only pieces that are white space alone end in a blank.
func spaceChunks(s string, emit func(string)) {
	t := classes()
	if c, _ := t.classAt(s, len(s)-lastLen(s)); c != blank {
		emit(s)
		return
	}
	left := 0
	for range s {
		left++
	}
	for size := 512; left > 0; {
		for size > left {
			size /= 2
		}
		end := 0
		for range size {
			_, n := t.classAt(s, end)
			end += n
		}
		emit(s[:end])
		s, left = s[end:], left-size
	}
}

// lastLen is the length of the last character of s.
func lastLen(s string) int {
	_, n := utf8.DecodeLastRuneInString(s)
	return n
}
