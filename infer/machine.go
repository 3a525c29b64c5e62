package infer

import (
	"github.com/runnel-chat/runnel/accel/cpu"
	"github.com/runnel-chat/runnel/prefetch"
)

// Machine is what models run on here.
type Machine struct {
	Backend   string // "cpu"
	ISA       string // instruction-set tier of its kernels
	Available int64  // bytes that the process may still take
	Limit     int64  // bytes that it could have at most
	LimitedBy string // what sets the limit: the machine or a container
}

// ThisMachine looks at the machine as Open would.
func ThisMachine() (Machine, error) {
	b, err := cpu.New(1, func(n int) ([]byte, error) { return make([]byte, n), nil })
	if err != nil {
		return Machine{}, err
	}
	defer b.Close()
	m := Machine{Backend: b.Name(), ISA: b.ISA()}
	m.Available, m.Limit, m.LimitedBy = prefetch.SystemMemory()
	return m, nil
}
