package ui

import "sync"

// queue does one job after the other in a goroutine of its own: a disk or a
// terminal that is slow holds up no key.
type queue struct {
	mu    sync.Mutex
	wake  *sync.Cond
	jobs  []func()
	ended bool
	done  chan struct{}
}

func newQueue() *queue {
	q := &queue{done: make(chan struct{})}
	q.wake = sync.NewCond(&q.mu)
	go q.work()
	return q
}

// add queues a job and never waits.
func (q *queue) add(job func()) {
	q.mu.Lock()
	q.jobs = append(q.jobs, job)
	q.mu.Unlock()
	q.wake.Signal()
}

func (q *queue) work() {
	defer close(q.done)
	for {
		q.mu.Lock()
		for len(q.jobs) == 0 && !q.ended {
			q.wake.Wait()
		}
		jobs := q.jobs
		q.jobs = nil
		q.mu.Unlock()
		if len(jobs) == 0 {
			return
		}
		for _, job := range jobs {
			job()
		}
	}
}

// close ends the goroutine after the jobs that it has.
func (q *queue) close() {
	q.mu.Lock()
	q.ended = true
	q.mu.Unlock()
	q.wake.Signal()
	<-q.done
}
