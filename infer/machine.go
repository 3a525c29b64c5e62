package infer

import (
	"github.com/runnel-chat/runnel/accel/cpu"
	"github.com/runnel-chat/runnel/prefetch"
)

// Machine is what models run on here.
type Machine struct {
	Backend string // "cpu"
	ISA     string // instruction-set tier of its kernels
	prefetch.Memory
}

// ThisMachine looks at the machine as Open would.
func ThisMachine() (Machine, error) {
	b, err := cpu.New(1, func(n int) ([]byte, error) { return make([]byte, n), nil })
	if err != nil {
		return Machine{}, err
	}
	defer b.Close()
	return Machine{Backend: b.Name(), ISA: b.ISA(), Memory: prefetch.SystemMemory()}, nil
}
