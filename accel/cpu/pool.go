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

	mu     sync.Mutex
	wake   sync.Cond
	parked int
	crash  any // what a worker panicked with

	done sync.WaitGroup
}

func newPool(n int) *pool {
	p := &pool{n: n}
	p.wake.L = &p.mu
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
	for spins := 0; p.left.Load() > 0; spins++ {
		if spins < spinsBeforeYield {
			pause()
		} else {
			runtime.Gosched()
		}
	}
	p.current = nil
	if p.crash != nil {
		panic(p.crash) // on the caller's goroutine, where it can be dealt with
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
	defer p.left.Add(-1)
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
	var since time.Time
	for spins := 1; ; spins++ {
		if r := p.round.Load(); r != seen {
			return r
		}
		if spins%spinsBeforeYield != 0 {
			pause()
			continue
		}
		if since.IsZero() {
			since = time.Now()
		} else if time.Since(since) > spinTime {
			break
		}
		runtime.Gosched()
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
