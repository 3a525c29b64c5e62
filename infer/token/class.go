package token

import (
	"sync"
	"unicode"
	"unicode/utf8"
)

// A class is the set of categories a character belongs to. Every character
// has exactly one category bit, so a negated regular-expression set such as
// [^\s\p{L}\p{N}] is the mask every &^ (space | letter | number). The han bit
// comes on top: it marks the script, which also holds symbols and numbers.
type class uint16

const (
	upper     class = 1 << iota // Lu, Lt
	lower                       // Ll
	caseless                    // Lm, Lo outside the Han script
	hanLetter                   // Lm, Lo of the Han script
	mark                        // M
	number                      // N
	punct                       // P
	sign                        // S
	blank                       // White_Space except the next two
	newline                     // \r, \n
	other                       // controls, formats, unassigned, broken UTF-8
	han                         // the Han script, beside a category

	every  = han - 1
	letter = upper | lower | caseless | hanLetter
	space  = blank | newline
)

// classPages maps a character to its class in two steps: its page of 256
// characters, then its place there. Pages without any category share one.
type classPages struct {
	index [(unicode.MaxRune + 1) >> 8]uint16
	pages [][256]class
}

// classes is built from the tables of package unicode at first use, which
// takes about a millisecond.
var classes = sync.OnceValue(func() *classPages {
	t := &classPages{pages: make([][256]class, 1, 700)}
	for i := range t.pages[0] {
		t.pages[0][i] = other
	}
	for _, c := range []struct {
		table *unicode.RangeTable
		bit   class
	}{
		{unicode.Lu, upper},
		{unicode.Lt, upper},
		{unicode.Ll, lower},
		{unicode.Lm, caseless},
		{unicode.Lo, caseless},
		{unicode.M, mark},
		{unicode.N, number},
		{unicode.P, punct},
		{unicode.S, sign},
		{unicode.White_Space, blank},
	} {
		t.each(c.table, func(p *class) { *p = c.bit })
	}
	t.each(unicode.Han, func(p *class) {
		if *p == caseless {
			*p = hanLetter
		}
		*p |= han
	})
	*t.at('\r'), *t.at('\n') = newline, newline
	return t
})

func (t *classPages) each(table *unicode.RangeTable, do func(*class)) {
	for _, r := range table.R16 {
		for c := rune(r.Lo); c <= rune(r.Hi); c += rune(r.Stride) {
			do(t.at(c))
		}
	}
	for _, r := range table.R32 {
		for c := rune(r.Lo); c <= rune(r.Hi); c += rune(r.Stride) {
			do(t.at(c))
		}
	}
}

// at gives the place of c, on a page of its own.
func (t *classPages) at(c rune) *class {
	p := &t.index[c>>8]
	if *p == 0 {
		*p = uint16(len(t.pages))
		t.pages = append(t.pages, t.pages[0])
	}
	return &t.pages[*p][c&0xff]
}

// classAt returns the class and the length in bytes of the character at s[i],
// and 0, 0 at the end of s.
func (t *classPages) classAt(s string, i int) (class, int) {
	if i >= len(s) {
		return 0, 0
	}
	if b := s[i]; b < utf8.RuneSelf {
		return t.pages[t.index[0]][b], 1
	}
	c, n := utf8.DecodeRuneInString(s[i:])
	if n == 1 {
		return other, 1 // a byte that is no UTF-8 stands alone
	}
	return t.pages[t.index[c>>8]][c&0xff], n
}

// run returns where the longest run of characters in mask ends that starts at
// s[i], and i if there is none.
func (t *classPages) run(s string, i int, mask class) int {
	for {
		c, n := t.classAt(s, i)
		if c&mask == 0 {
			return i
		}
		i += n
	}
}
