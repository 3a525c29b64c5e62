package token

import (
	"slices"
	"sort"
	"strings"
)

// maxSpecial bounds the name of a token that is looked for in text, and with
// it the work at each byte. Longer ones are never found.
const maxSpecial = 1 << 10

// specials finds tokens that are taken out of the text before it is split: a
// sorted list, narrowed byte by byte to the longest match.
type specials struct {
	names []string
	ids   []int32
	first [256]struct{ lo, hi int32 } // the names by first byte
}

func newSpecials(v *vocab, wanted func(kind) bool) *specials {
	s := &specials{}
	for id, k := range v.kinds {
		if n := len(v.texts[id]); wanted(k) && 0 < n && n <= maxSpecial {
			s.ids = append(s.ids, int32(id))
		}
	}
	slices.SortStableFunc(s.ids, func(a, b int32) int { return strings.Compare(v.texts[a], v.texts[b]) })
	s.ids = slices.CompactFunc(s.ids, func(a, b int32) bool { return v.texts[a] == v.texts[b] })
	for i, id := range s.ids {
		name := v.texts[id]
		s.names = append(s.names, name)
		r := &s.first[name[0]]
		if r.hi == 0 {
			r.lo = int32(i)
		}
		r.hi = int32(i + 1)
	}
	return s
}

// next returns the first place at or after from where a name stands, its
// length and its token; the longest of several. At the end of text n is 0.
func (s *specials) next(text string, from int) (at, n int, id int32) {
	for at = from; at < len(text); at++ {
		if r := s.first[text[at]]; r.hi > 0 {
			if n, id = s.longest(text[at:], int(r.lo), int(r.hi)); n > 0 {
				return at, n, id
			}
		}
	}
	return at, 0, noID
}

// longest looks among names[lo:hi], which share their first byte with text.
func (s *specials) longest(text string, lo, hi int) (n int, id int32) {
	for k := 1; ; k++ {
		if len(s.names[lo]) == k { // sorts before all that go on
			n, id = k, s.ids[lo]
			lo++
		}
		if k == len(text) || lo == hi {
			return n, id
		}
		c := text[k]
		lo += sort.Search(hi-lo, func(i int) bool { return s.names[lo+i][k] >= c })
		hi = lo + sort.Search(hi-lo, func(i int) bool { return s.names[lo+i][k] > c })
		if lo == hi {
			return n, id
		}
	}
}
