package vec

import (
	"fmt"
	"os"
	"slices"
)

// level is the index of the running tier in tiers; the kernels read it.
var level uint8

// aliases are the tiers of package matmul that add integer products, which
// this package has no use for.
var aliases = map[string]string{"avxvnni": "avx2", "i8mm": "neon"}

func init() {
	level = uint8(slices.Index(tiers[:], supported()))
	// A tier that this processor lacks is not forced.
	_, _ = SetTier(os.Getenv("RUNNEL_ISA"))
}

// Tier names the instruction set in use.
func Tier() string { return tiers[level] }

// SetTier makes every kernel use one instruction set, as RUNNEL_ISA does at
// start. No kernel may be running.
func SetTier(name string) (restore func(), err error) {
	if a, ok := aliases[name]; ok {
		name = a
	}
	best := slices.Index(tiers[:], supported())
	want := slices.Index(tiers[:], name)
	if want < 0 || want > best {
		return nil, fmt.Errorf("vec: no instruction set %q here: have %v", name, tiers[:best+1])
	}
	old := level
	level = uint8(want)
	return func() { level = old }, nil
}
