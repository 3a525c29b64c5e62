package cpu

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// job is work that every worker joins; worker numbers run from 0.
type job interface {
	run(worker int)
}

// How a worker waits for the next job. Handing over through memory costs tens
// of nanoseconds, through the scheduler microseconds, so a worker spins as
// long as the gaps inside a pass last, then parks and costs nothing.
const (
	spinsBeforeYield = 1 << 10
	spinTime         = 100 * time.Microsecond
)

// pool runs one job at a time on n workers. Worker 0 is the goroutine that
// calls run; the others belong to the pool until stop.
type pool struct {
	n       int
	current job
	round   atomic.Uint32 // a new job is there
	left    atomic.Int32  // workers that have not finished it
	stopped atomic.Bool

	mu      sync.Mutex
	wake    sync.Cond // a new job is there
	parked  int
	ended   sync.Cond // no worker is left in the job
	waiting bool      // for that
	crash   any       // what a worker panicked with

	done sync.WaitGroup
}

func newPool(n int) *pool {
	p := &pool{n: n}
	p.wake.L, p.ended.L = &p.mu, &p.mu
	for w := 1; w < n; w++ {
		p.done.Go(func() { p.work(w) })
	}
	return p
}

// run returns when every worker has finished j.
func (p *pool) run(j job) {
	if p.n == 1 {
		j.run(0)
		return
	}
	p.current = j
	p.left.Store(int32(p.n - 1))
	p.announce()
	j.run(0)
	p.awaitEnd()
	p.current = nil
	if p.crash != nil {
		panic(p.crash) // on the caller's goroutine, where it can be dealt with
	}
}

// awaitEnd waits for the other workers. One of them may wait for a disk, and
// whoever brings what it waits for needs the processor: so this one parks as
// well in the end.
func (p *pool) awaitEnd() {
	if spin(func() bool { return p.left.Load() == 0 }) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = true
	for p.left.Load() > 0 {
		p.ended.Wait()
	}
	p.waiting = false
}

// leave says that a worker has finished its share.
func (p *pool) leave() {
	if p.left.Add(-1) > 0 {
		return
	}
	p.mu.Lock()
	if p.waiting {
		p.ended.Signal()
	}
	p.mu.Unlock()
}

// spin waits for ready for a while, and reports whether it came true.
func spin(ready func() bool) bool {
	var since time.Time
	for spins := 1; ; spins++ {
		if ready() {
			return true
		}
		if spins%spinsBeforeYield != 0 {
			pause()
			continue
		}
		if since.IsZero() {
			since = time.Now()
		} else if time.Since(since) > spinTime {
			return false
		}
		runtime.Gosched()
	}
}

func (p *pool) announce() {
	p.round.Add(1)
	// A worker parks under mu after a last look at round, so either it sees
	// the new round or we see it parked.
	p.mu.Lock()
	if p.parked > 0 {
		p.wake.Broadcast()
	}
	p.mu.Unlock()
}

func (p *pool) work(worker int) {
	for seen := uint32(0); ; {
		seen = p.await(seen)
		if p.stopped.Load() {
			return
		}
		p.join(worker)
	}
}

// join runs the job's share of one worker. A panic there would end the
// process from a goroutine that nobody guards, and leave a terminal in
// disorder; it is handed to the goroutine that called run.
func (p *pool) join(worker int) {
	defer p.leave()
	defer func() {
		if v := recover(); v != nil {
			p.mu.Lock()
			p.crash = fmt.Sprintf("%v\n%s", v, debug.Stack())
			p.mu.Unlock()
		}
	}()
	p.current.run(worker)
}

// await returns the number of the round after seen.
func (p *pool) await(seen uint32) uint32 {
	if spin(func() bool { return p.round.Load() != seen }) {
		return p.round.Load()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parked++
	for p.round.Load() == seen {
		p.wake.Wait()
	}
	p.parked--
	return p.round.Load()
}

// stop ends the workers and waits for them.
func (p *pool) stop() {
	if p.stopped.Swap(true) {
		return
	}
	p.announce()
	p.done.Wait()
}
