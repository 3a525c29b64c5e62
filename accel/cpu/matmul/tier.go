package matmul

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
)

// tier is one instruction set's way to multiply and to pack.
type tier struct {
	name string
	isa  isa
	ok   func() bool // the machine has it
}

// isa says which kernels a tier calls: a number, for calls through function
// values would move their arguments to the heap.
type isa int

const isaGeneric isa = 0

var generic = tier{name: "generic", ok: func() bool { return true }}

var current atomic.Pointer[tier]

// running is the tier in use: the one RUNNEL_ISA names, else the best that
// the machine has.
func running() (*tier, error) {
	if t := current.Load(); t != nil {
		return t, nil
	}
	if name := os.Getenv("RUNNEL_ISA"); name != "" {
		t, err := find(name)
		if err != nil {
			return nil, fmt.Errorf("RUNNEL_ISA: %w", err)
		}
		current.Store(t)
		return t, nil
	}
	for _, t := range tiers {
		if t.ok() {
			current.Store(t)
			return t, nil
		}
	}
	return &generic, nil
}

// runningISA is the tier's kernels, the reference if there is no such tier.
func runningISA() isa {
	if t, err := running(); err == nil {
		return t.isa
	}
	return isaGeneric
}

// Tiers names the tiers that this build has and this machine supports, best
// first.
func Tiers() (names []string) {
	for _, t := range append(tiers[:len(tiers):len(tiers)], &generic) {
		if t.ok() {
			names = append(names, t.name)
		}
	}
	return names
}

// Tier names the running tier: generic, avx2, avxvnni, avx512, neon or i8mm.
func Tier() string {
	t, err := running()
	if err != nil {
		return generic.name
	}
	return t.name
}

// SetTier makes kernels that For returns from now on use the named tier. The
// packed form of weights is the same for all.
func SetTier(name string) (restore func(), err error) {
	t, err := find(name)
	if err != nil {
		return nil, err
	}
	old := current.Swap(t)
	return func() { current.Store(old) }, nil
}

func find(name string) (*tier, error) {
	for _, t := range append(tiers[:len(tiers):len(tiers)], &generic) {
		if t.name == name && t.ok() {
			return t, nil
		}
	}
	return nil, fmt.Errorf("matmul: no instruction set %q here; there are %s", name, strings.Join(Tiers(), ", "))
}
