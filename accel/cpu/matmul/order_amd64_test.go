//go:build !noasm

package matmul

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestOrders: how memory is asked for changes nothing of a result, whatever
// this processor prefers.
func TestOrders(t *testing.T) {
	defer func(was bool) { inOrder = was }(inOrder)
	for _, typ := range nativeTypes() {
		for _, tier := range Tiers() {
			t.Run(fmt.Sprint(typ, "/", tier), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(3, uint64(typ)))
				const rows, cols = 3*Rows + 5, 1024
				w, x := randomWeights(typ, rng, rows, cols), randomVectors(rng, 1, cols)
				inOrder = false
				places := on(t, tier, typ, w, x, rows, 1, cols)
				inOrder = true
				if !slices.Equal(places, on(t, tier, typ, w, x, rows, 1, cols)) {
					t.Error("in order is another result than in places")
				}
			})
		}
	}
}
