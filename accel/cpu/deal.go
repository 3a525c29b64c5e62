package cpu

import "sync/atomic"

// dealer hands the units of a job to whichever worker asks next.
type dealer struct {
	next  atomic.Int64
	units int64
}

// start makes units ready to be handed out.
func (d *dealer) start(units int64) {
	d.units = units
	d.next.Store(0)
}

// take returns a unit, or -1 when none is left.
func (d *dealer) take() int64 {
	if u := d.next.Add(1) - 1; u < d.units {
		return u
	}
	return -1
}

// deal calls do for unit after unit until none is left. A worker that looks
// ahead takes one more before it does the last and says which: its memory can
// be read meanwhile. Otherwise next is -1.
func (d *dealer) deal(ahead bool, do func(u, next int64)) {
	for u := d.take(); u >= 0; {
		next := int64(-1)
		if ahead {
			next = d.take()
		}
		do(u, next)
		if !ahead {
			next = d.take()
		}
		u = next
	}
}
