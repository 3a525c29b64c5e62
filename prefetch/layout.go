package prefetch

import (
	"fmt"
	"sort"
)

// layout divides room bytes. A ring of slots that exists already is kept.
func (p *Plan) layout(room int64, slots int) (Layout, error) {
	l := Layout{Slots: slots}
	for i := range p.Tiles {
		if t := &p.Tiles[i]; t.Expert {
			l.ExpertBytes = max(l.ExpertBytes, t.Packed)
		} else {
			l.SlotBytes = max(l.SlotBytes, t.Packed)
		}
	}
	room -= p.StagingBytes()
	if p.Bytes+l.RingBytes() <= room {
		l.Pins, l.PinBytes = len(p.order), p.Bytes
		return l, nil
	}
	experts := len(p.order) - p.dense
	cache := int64(min(experts, expertSlots)) * l.ExpertBytes
	dense := p.at[p.dense]
	if experts > 0 && dense+l.RingBytes()+cache <= room {
		l.Pins, l.PinBytes = p.dense, dense
		l.ExpertSlots = min(experts, int((room-dense-l.RingBytes())/l.ExpertBytes))
		return l, nil
	}
	if experts > 0 {
		l.ExpertSlots = min(experts, expertSlots, max(minExpertSlots, int(room/4/l.ExpertBytes)))
	}
	room -= l.CacheBytes()
	if slots == 0 {
		// Near the point where everything fits, the ring should not be what
		// keeps it from fitting.
		ring := min(p.options.RingBytes, (dense-room)/2)
		l.Slots = max(minSlots, p.options.Readers+2, int(ring/max(1, l.SlotBytes)))
	}
	room -= l.RingBytes()
	if room < 0 {
		return l, fmt.Errorf("prefetch: %w: the least that streaming takes is %d MiB more than there is",
			ErrDoesNotFit, -room>>20+1)
	}
	l.Pins = sort.Search(p.dense, func(r int) bool { return p.at[r+1] > room })
	l.PinBytes = p.at[l.Pins]
	return l, nil
}

// Needs is the memory that a layout takes, all in all.
func (p *Plan) Needs() int64 {
	return p.PinBytes + p.RingBytes() + p.CacheBytes() + p.StagingBytes()
}

// explain says why the plan is what it is.
func (p *Plan) explain(room int64) {
	why := func(format string, args ...any) { p.Why = append(p.Why, fmt.Sprintf(format, args...)) }
	if p.Pins == len(p.order) {
		why("all %d MiB of weights fit the %d MiB left for them", p.Bytes>>20, room>>20)
		return
	}
	why("%d MiB of weights do not fit the %d MiB left for them", p.Bytes>>20, room>>20)
	why("%d MiB are pinned, spread evenly over the pass", p.PinBytes>>20)
	if p.Slots > 0 {
		why("the rest streams through a ring of %d tiles, %d MiB", p.Slots, p.RingBytes()>>20)
	}
	if p.ExpertSlots > 0 {
		why("experts are kept by how often they are chosen, in %d MiB", p.CacheBytes()>>20)
	}
}
