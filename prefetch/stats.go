package prefetch

import "time"

// Stats is one look at a store. The counters only rise; whoever shows rates
// subtracts two looks.
type Stats struct {
	HitsPinned uint64 // uses of tiles that were resident
	HitsRing   uint64 // uses of streamed tiles that were ready when asked for
	Late       uint64 // asked for while still being read
	SyncLoads  uint64 // asked for before any read of them was planned

	ExpertHits   uint64 // experts' tiles that were there when the router chose them
	ExpertMisses uint64

	HintedBytes uint64 // read for experts that might be chosen
	HintedUsed  uint64 // of them, chosen by the next router

	BytesRead   uint64 // from the file
	BytesWasted uint64 // of them, read and dropped unused
	StallNanos  uint64 // that workers waited for tiles, summed over the workers
	ReadNanos   uint64 // with at least one read on its way
	PackNanos   uint64 // spent on packing, summed over the readers
	Passes      uint64
	PassNanos   uint64 // spent in passes after the first
	LoadedBytes uint64 // packed bytes pinned for the first time

	BudgetBytes   int64
	UsedBytes     int64 // of the budget, by everything
	WeightBytes   int64 // packed
	AwayBytes     int64 // of them, those that belong to a device
	PinnedBytes   int64
	RingBytes     int64
	CacheBytes    int64 // of experts
	StreamedBytes int64 // a pass reads

	Source             string
	DiskBytesPerSecond float64 // calibrated, or seen when that is more; 0: not known
	SeenBytesPerSecond float64 // what the reads of the last passes came to; 0: too few
	ComputeSeconds     float64 // least of a decode pass so far, waiting left out
	BoundSeconds       float64 // the least seconds of a decode pass; 0: not known
	PassSeconds        float64 // mean of a decode pass
	BoundRatio         float64 // bound / measured, over all decode passes
	GainPerGiB         float64 // how many times faster a decode pass with 1 GiB more would be
	Limiter            string  // "compute", "disk" or "" while nothing was measured
	Why                []string
}

// Hits is how many tiles were there when they were asked for.
func (s Stats) Hits() uint64 { return s.HitsPinned + s.HitsRing }

// Stats returns a look at the store; it never waits for a read.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, l := &s.meter, &s.layout
	st := Stats{
		HitsPinned: m.hitsPinned.Load(), HitsRing: m.hitsRing.Load(),
		Late: m.late.Load(), SyncLoads: m.syncLoads.Load(),
		ExpertHits: m.expertHits.Load(), ExpertMisses: m.expertMisses.Load(),
		HintedBytes: m.hinted.Load(), HintedUsed: m.hintedUsed.Load(),
		BytesRead: m.bytesRead.Load(), BytesWasted: m.wasted.Load(),
		StallNanos: m.stall.Load(), ReadNanos: m.busyNanos(), PackNanos: m.pack.Load(),
		Passes: m.passes, PassNanos: m.passNanos, LoadedBytes: m.loaded.Load(),
		BudgetBytes: s.ledger.Total(), UsedBytes: s.ledger.Used(), WeightBytes: s.plan.Bytes, AwayBytes: s.plan.AwayBytes(),
		PinnedBytes: l.PinBytes, RingBytes: l.RingBytes(), CacheBytes: l.CacheBytes(), StreamedBytes: s.streamed(),
		Source: s.src.Name(), DiskBytesPerSecond: s.diskRate(), SeenBytesPerSecond: m.rate, ComputeSeconds: m.compute,
		Why: s.plan.Why,
	}
	if m.decodes > 0 {
		st.BoundSeconds = s.bound(0)
		st.PassSeconds = m.decodeWall / float64(m.decodes)
		st.BoundRatio = s.boundRatio()
		if more := s.bound(1 << 30); more > 0 {
			st.GainPerGiB = st.BoundSeconds / more
		}
		if st.Limiter = "compute"; m.decodeStall*10 > m.decodeWall {
			st.Limiter = "disk"
		}
	}
	return st
}

// Stalled is how long a worker, on the mean, has waited for tiles so far.
func (s *Store) Stalled() time.Duration {
	return time.Duration(s.meter.stall.Load()) / time.Duration(s.opt.Threads)
}

// streamed is what a dense pass reads from the file.
func (s *Store) streamed() int64 {
	if s.layout.Pins != s.meter.streamedAt || s.meter.streamed == 0 {
		n := int64(0)
		for r := s.layout.Pins; r < s.plan.dense; r++ {
			n += s.plan.Tiles[s.plan.order[r]].Len
		}
		s.meter.streamed, s.meter.streamedAt = n, s.layout.Pins
	}
	return s.meter.streamed
}

// diskRate is bytes a second.
func (s *Store) diskRate() float64 { return max(s.opt.Disk.BytesPerSecond, s.meter.rate) }

// bound is the least seconds of a decode pass if more bytes were pinned.
func (s *Store) bound(more int64) float64 {
	b := s.meter.compute
	if rate := s.diskRate(); rate > 0 {
		b = max(b, float64(max(0, s.streamed()-more))/rate)
	}
	return b
}

// boundRatio is the least time of the decode passes so far, by what is known
// now, over what they took. The disk is at least as fast as they have seen it.
func (s *Store) boundRatio() float64 {
	m := &s.meter
	bound := m.compute * float64(m.decodes)
	if rate := max(s.diskRate(), m.decodeStreamed/m.decodeWall); rate > 0 {
		bound = max(bound, m.decodeStreamed/rate)
	}
	return bound / m.decodeWall
}

// LayerMap says where the bytes of a layer are.
type LayerMap struct {
	Layer   int // -1: outside the layers
	Total   int64
	Pinned  int64
	Ring    int64 // ready in the ring, or in the cache of experts
	Settled int64 // not here, but on a device
	Reading int64
}

// Map appends where each layer's bytes are, in the order of a pass.
func (s *Store) Map(m []LayerMap) []LayerMap {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.tiles {
		p, t := &s.plan.Tiles[i], &s.tiles[i]
		if len(m) == 0 || m[len(m)-1].Layer != p.Layer {
			m = append(m, LayerMap{Layer: p.Layer})
		}
		l := &m[len(m)-1]
		l.Total += p.Packed
		switch state := t.state.Load(); {
		case state == tileQueued:
			l.Reading += p.Packed
		case t.settled:
			l.Settled += p.Packed
		case state == tileEmpty:
		case t.home == homePin:
			l.Pinned += p.Packed
		default:
			l.Ring += p.Packed
		}
	}
	return m
}
