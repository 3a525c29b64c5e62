package prefetch

import (
	"fmt"
	"runtime"
)

// Memory is what a process may take here.
type Memory struct {
	Available int64  // bytes that it may still take
	Limit     int64  // bytes that it could have at most
	LimitedBy string // what sets the limit: the machine or a container

	Budget int64  // of the available bytes, those that a model should have unless told
	Why    string // where the rest goes
}

// SystemMemory looks at the machine and at the containers around the process.
func SystemMemory() Memory {
	if m, ok := systemMemory(); ok {
		return m
	}
	m := Memory{Available: 4 << 30, Limit: 4 << 30, LimitedBy: "assumed on " + runtime.GOOS}
	m.share(m.Available, m.Available)
	return m
}

// A machine's memory is shared with whatever the user does next: a tenth of
// what is free, at most 2 GiB, is left to it. A container's is ours, but for
// what the kernel itself takes of it: page tables, sockets, the pages of the
// program.
const (
	machineShare   = 10
	machineMost    = 2 << 30
	containerShare = 64
	containerLeast = 16 << 20
)

// share sets the budget where the machine has free bytes left and the
// containers leave room bytes.
func (m *Memory) share(free, room int64) {
	m.Available = min(free, room)
	machine := free - min(free/machineShare, machineMost)
	container := room - max(m.Limit/containerShare, containerLeast)
	m.Budget = max(0, min(machine, container))
	left := (m.Available - m.Budget) >> 20
	if container < machine {
		m.Why = fmt.Sprintf("all that the container has left but %d MiB for the kernel", left)
	} else {
		m.Why = fmt.Sprintf("all that is free but %d MiB for other programs", left)
	}
}
