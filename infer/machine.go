package infer

import (
	"github.com/runnel-chat/runnel/accel/cpu"
	"github.com/runnel-chat/runnel/accel/cuda"
	"github.com/runnel-chat/runnel/prefetch"
)

// Machine is what models run on here.
type Machine struct {
	Backend string // "cpu"
	ISA     string // instruction-set tier of its kernels
	prefetch.Memory
	GPU GPU
}

// lookForGPU looks for a device as Open would.
func lookForGPU() GPU {
	driver, err := cuda.Open()
	if err != nil {
		return GPU{Unused: err.Error()}
	}
	defer driver.Close()
	free, total := driver.Memory()
	now := driver.Read()
	return GPU{
		Name: driver.Name(), TotalBytes: total, UsedBytes: total - free,
		Busy: now.Busy, Celsius: now.Celsius, Watts: now.Watts,
	}
}

// ThisMachine looks at the machine as Open would.
func ThisMachine() (Machine, error) {
	b, err := cpu.New(1, func(n int) ([]byte, error) { return make([]byte, n), nil })
	if err != nil {
		return Machine{}, err
	}
	defer b.Close()
	return Machine{Backend: b.Name(), ISA: b.ISA(), Memory: prefetch.SystemMemory(), GPU: lookForGPU()}, nil
}
