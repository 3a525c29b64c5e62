package token

import (
	"iter"
	"slices"
	"sort"
	"strings"
)

// maxName bounds the texts that a names list holds, and with it the work at
// each byte. Longer ones are never found.
const maxName = 1 << 10

// names finds which of a set of tokens stand in a text: a sorted list that is
// narrowed byte by byte.
type names struct {
	texts []string
	ids   []int32
	first [256]struct{ lo, hi int } // the texts by first byte
}

func newNames(v *vocab, wanted ...kind) *names {
	s := &names{}
	for id, k := range v.kinds {
		if n := len(v.texts[id]); slices.Contains(wanted, k) && 0 < n && n <= maxName {
			s.ids = append(s.ids, int32(id))
		}
	}
	slices.SortStableFunc(s.ids, func(a, b int32) int { return strings.Compare(v.texts[a], v.texts[b]) })
	s.ids = slices.CompactFunc(s.ids, func(a, b int32) bool { return v.texts[a] == v.texts[b] })
	for i, id := range s.ids {
		text := v.texts[id]
		s.texts = append(s.texts, text)
		r := &s.first[text[0]]
		if r.hi == 0 {
			r.lo = i
		}
		r.hi = i + 1
	}
	return s
}

// prefixes yields the length and id of each token that text, which is not
// empty, starts with: the shortest first.
func (s *names) prefixes(text string) iter.Seq2[int, int32] {
	return func(yield func(int, int32) bool) {
		r := s.first[text[0]]
		for n, lo, hi := 1, r.lo, r.hi; lo < hi; n++ {
			if len(s.texts[lo]) == n { // sorts before all that go on
				if !yield(n, s.ids[lo]) {
					return
				}
				lo++
			}
			if n == len(text) {
				return
			}
			c := text[n]
			lo += sort.Search(hi-lo, func(i int) bool { return s.texts[lo+i][n] >= c })
			hi = lo + sort.Search(hi-lo, func(i int) bool { return s.texts[lo+i][n] > c })
		}
	}
}
