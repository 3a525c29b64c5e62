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
	fits := l
	if fits.Slots == 0 && p.AwayBytes() > 0 { // what is away passes through
		fits.Slots = p.slotsOf(l.SlotBytes, min(p.options.RingBytes, p.AwayBytes()))
	}
	kept, dense := p.at[p.kept], p.at[p.dense]
	passing := min(p.awayExperts, expertSlots)
	if kept+fits.RingBytes()+int64(passing)*l.ExpertBytes <= room {
		fits.Pins, fits.PinBytes, fits.ExpertSlots = p.kept, kept, passing
		return fits, nil
	}
	experts := p.kept - p.dense
	cache := int64(min(p.experts, expertSlots)) * l.ExpertBytes
	if experts > 0 && dense+fits.RingBytes()+cache <= room {
		fits.Pins, fits.PinBytes = p.dense, dense
		fits.ExpertSlots = min(p.experts, int((room-dense-fits.RingBytes())/l.ExpertBytes))
		return fits, nil
	}
	if p.experts > 0 {
		l.ExpertSlots = min(p.experts, expertSlots, max(minExpertSlots, int(room/4/l.ExpertBytes)))
	}
	room -= l.CacheBytes()
	if slots == 0 {
		// Near the point where everything fits, the ring should not be what
		// keeps it from fitting.
		l.Slots = p.slotsOf(l.SlotBytes, min(p.options.RingBytes, max(0, dense-room)/2+p.AwayBytes()))
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

// slotsOf is how many slots make a ring of so many bytes, or the least one.
func (p *Plan) slotsOf(slot, ring int64) int {
	return max(minSlots, p.options.Readers+2, int(ring/max(1, slot)))
}

// Needs is the memory that a layout takes, all in all.
func (p *Plan) Needs() int64 {
	return p.PinBytes + p.RingBytes() + p.CacheBytes() + p.StagingBytes()
}

// explain says why the plan is what it is.
func (p *Plan) explain(room int64) {
	why := func(format string, args ...any) { p.Why = append(p.Why, fmt.Sprintf(format, args...)) }
	kept := p.at[p.kept]
	if away := p.AwayBytes(); away > 0 {
		why("%d MiB of weights belong to a device and pass through", away>>20)
	}
	if p.Pins == p.kept {
		why("all %d MiB of weights fit the %d MiB left for them", kept>>20, room>>20)
		return
	}
	why("%d MiB of weights do not fit the %d MiB left for them", kept>>20, room>>20)
	why("%d MiB are pinned, spread evenly over the pass", p.PinBytes>>20)
	if p.Slots > 0 {
		why("the rest streams through a ring of %d tiles, %d MiB", p.Slots, p.RingBytes()>>20)
	}
	if p.ExpertSlots > 0 {
		why("experts are kept by how often they are chosen, in %d MiB", p.CacheBytes()>>20)
	}
}
