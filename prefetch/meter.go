package prefetch

import (
	"sync"
	"sync/atomic"
	"time"
)

// meter counts. Its atomics are for workers and readers; the rest is guarded
// by Store.mu.
type meter struct {
	hitsPinned, hitsRing, late, syncLoads atomic.Uint64
	expertHits, expertMisses              atomic.Uint64
	bytesRead, wasted, loaded             atomic.Uint64
	hinted, hintedUsed                    atomic.Uint64 // bytes
	stall, pack                           atomic.Uint64 // ns

	io     sync.Mutex
	flying int       // reads on their way
	since  time.Time // flying is above zero since
	busy   time.Duration

	passes, passNanos uint64
	began             time.Time
	at                mark // when the pass began

	decodes                 uint64
	decodeWall, decodeStall float64 // seconds, summed
	decodeStreamed          float64 // bytes that they had to read, summed
	compute                 float64 // least seconds of a decode pass, stalls left out
	rate                    float64 // bytes a second while reads are on their way
	streamed                int64
	streamedAt              int
}

// mark is what the counters were.
type mark struct{ uses, stall, bytes, busy uint64 }

func (m *meter) mark() mark {
	return mark{
		uses:  m.hitsPinned.Load() + m.hitsRing.Load() + m.late.Load() + m.syncLoads.Load(),
		stall: m.stall.Load(), bytes: m.bytesRead.Load(), busy: m.busyNanos(),
	}
}

func (m *meter) hit(h home) {
	if h == homePin {
		m.hitsPinned.Add(1)
	} else {
		m.hitsRing.Add(1)
	}
}

func (m *meter) expert(hit bool) {
	if hit {
		m.expertHits.Add(1)
	} else {
		m.expertMisses.Add(1)
	}
}

func (m *meter) readBegins() {
	m.io.Lock()
	if m.flying++; m.flying == 1 {
		m.since = time.Now()
	}
	m.io.Unlock()
}

func (m *meter) readEnds(n int64, ok bool) {
	m.io.Lock()
	if m.flying--; m.flying == 0 {
		m.busy += time.Since(m.since)
	}
	m.io.Unlock()
	if ok {
		m.bytesRead.Add(uint64(n))
	}
}

// busyNanos is the time with at least one read on its way.
func (m *meter) busyNanos() uint64 {
	m.io.Lock()
	defer m.io.Unlock()
	d := m.busy
	if m.flying > 0 {
		d += time.Since(m.since)
	}
	return uint64(d)
}

func (m *meter) begin() { m.began, m.at = time.Now(), m.mark() }

// rateBytes is how much a pass has to read to say something about the disk.
const rateBytes = 16 << 20

// end takes the figures of the pass. The first one loads the model, and one
// that failed says nothing.
func (m *meter) end(s *Store) {
	wall, now := time.Since(m.began), m.mark()
	m.passes++
	if m.passes > 1 {
		m.passNanos += uint64(wall)
	}
	if bytes, busy := now.bytes-m.at.bytes, now.busy-m.at.busy; bytes >= rateBytes && busy > 0 {
		rate := float64(bytes) / (float64(busy) / 1e9)
		if m.rate == 0 {
			m.rate = rate
		}
		m.rate += (rate - m.rate) / 8
	}
	complete := now.uses-m.at.uses >= uint64(s.plan.dense)
	if s.kind != PassDecode || !complete || m.passes == 1 {
		return
	}
	stall := float64(now.stall-m.at.stall) / 1e9 / float64(s.opt.Threads)
	compute := max(0, wall.Seconds()-stall)
	if m.compute == 0 || compute < m.compute {
		m.compute = compute
	}
	m.decodes++
	m.decodeWall += wall.Seconds()
	m.decodeStall += stall
	m.decodeStreamed += float64(s.streamed())
}
