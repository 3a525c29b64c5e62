package infer

import (
	"testing"

	"github.com/runnel-chat/runnel/accel/cpu/matmul"
	"github.com/runnel-chat/runnel/accel/cpu/vec"
)

// inEachTier runs a test on every instruction set that this machine has; a
// short run only on the one in use, which RUNNEL_ISA chooses.
func inEachTier(t *testing.T, test func(*testing.T)) {
	if testing.Short() {
		test(t)
		return
	}
	for _, tier := range matmul.Tiers() {
		t.Run(tier, func(t *testing.T) {
			for _, set := range []func(string) (func(), error){matmul.SetTier, vec.SetTier} {
				restore, err := set(tier)
				if err != nil {
					t.Fatal(err)
				}
				defer restore()
			}
			test(t)
		})
	}
}
