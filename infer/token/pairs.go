package token

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
)

// A merge is an entry of the merge list as ids; any of them may be -1.
type merge struct{ left, right, result int32 }

// readMerges resolves the entries, each "left right". One of tokens that are
// not in the vocabulary, or that makes one that text may not become, can never
// happen and is passed over. The looking up is most of the time it takes to
// load a tokenizer, so all cores share it.
func readMerges(list []string, v *vocab) (pairTable, error) {
	merges := make([]merge, len(list))
	workers := min(runtime.GOMAXPROCS(0), 1+len(list)/4096)
	errs := make([]error, workers)
	var wait sync.WaitGroup
	for w := range workers {
		from, to := len(list)*w/workers, len(list)*(w+1)/workers
		wait.Go(func() { errs[w] = resolve(merges[from:to], list[from:to], from, v) })
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return pairTable{}, err
		}
	}
	t := newPairTable(len(merges))
	for rank, m := range merges {
		if m.left >= 0 && m.right >= 0 && m.result >= 0 {
			t.add(m.left, m.right, uint32(rank), m.result)
		}
	}
	return t, nil
}

func resolve(dst []merge, list []string, rank int, v *vocab) error {
	var joined []byte
	next := int32(0)
	for i, s := range list {
		// A token may start with the space that parts the two, not hold one.
		cut := 1 + strings.IndexByte(s[min(1, len(s)):], ' ')
		if cut < 1 || cut == len(s)-1 {
			return fmt.Errorf("token: merge %d, %q, is not two tokens", rank+i, clip(s))
		}
		joined = append(append(joined[:0], s[:cut]...), s[cut+1:]...)
		// Results mostly come in the order of their ids, some repeatedly.
		result := next
		if !v.is(result, joined) {
			if result++; !v.is(result, joined) {
				result = v.findBytes(joined)
			}
		}
		if result >= 0 {
			next = result
		}
		dst[i] = merge{v.find(s[:cut]), v.find(s[cut+1:]), result}
	}
	return nil
}

// A pairTable maps two neighbouring ids to the merge that joins them: open
// addressing over packed pairs, 12 bytes a slot, at most 3/4 full. Ranks are
// positions in the merge list; the lowest is merged first.
type pairTable struct {
	seed    uint64   // keeps a hostile vocabulary from aiming at collisions
	keys    []uint64 // left<<32 | right, plus 1; 0 is free
	ranks   []uint32
	results []int32 // by rank
}

func newPairTable(n int) pairTable {
	size := n + n/3 + 8
	return pairTable{rand.Uint64(), make([]uint64, size), make([]uint32, size), make([]int32, n)}
}

// add keeps the first of two merges of one pair.
func (t *pairTable) add(left, right int32, rank uint32, result int32) {
	key := pairKey(left, right)
	at := t.slot(key)
	if t.keys[at] == 0 {
		t.keys[at], t.ranks[at], t.results[rank] = key, rank, result
	}
}

// find returns the merge of two ids, which may be -1; the result is -1 if
// they do not merge.
func (t *pairTable) find(left, right int32) (rank uint32, result int32) {
	if left < 0 || right < 0 {
		return 0, -1
	}
	key := pairKey(left, right)
	at := t.slot(key)
	if t.keys[at] == 0 {
		return 0, -1
	}
	return t.ranks[at], t.results[t.ranks[at]]
}

func pairKey(left, right int32) uint64 { return uint64(left)<<32 | uint64(right) + 1 }

// slot returns where key is or would be.
func (t *pairTable) slot(key uint64) uint64 {
	size := uint64(len(t.keys))
	hi, lo := bits.Mul64(key^t.seed, 0x9e3779b97f4a7c15)
	at, _ := bits.Mul64(hi^lo, size)
	for t.keys[at] != key && t.keys[at] != 0 {
		if at++; at == size {
			at = 0
		}
	}
	return at
}
