package cpu

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type countJob struct {
	runs [8]atomic.Int64
	next atomic.Int64
	sum  atomic.Int64
	n    int64
}

func (c *countJob) run(worker int) {
	c.runs[worker].Add(1)
	for i := c.next.Add(1); i <= c.n; i = c.next.Add(1) {
		c.sum.Add(i)
	}
}

func TestPoolRunsEveryWorkerOnce(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 8} {
		p := newPool(workers)
		for round := range 200 {
			if round%50 == 49 {
				time.Sleep(time.Millisecond) // let them park
			}
			c := countJob{n: 1000}
			p.run(&c)
			if got := c.sum.Load(); got != 500500 {
				t.Fatalf("%d workers: sum %d", workers, got)
			}
			for w := range workers {
				if got := c.runs[w].Load(); got != 1 {
					t.Fatalf("worker %d of %d ran %d times", w, workers, got)
				}
			}
		}
		p.stop()
		p.stop()
	}
}

type crashJob struct{}

func (crashJob) run(worker int) {
	if worker == 1 {
		panic("boom")
	}
}

func TestPoolHandsPanicsToTheCaller(t *testing.T) {
	p := newPool(2)
	defer p.stop()
	defer func() {
		if v, _ := recover().(string); !strings.HasPrefix(v, "boom") {
			t.Errorf("recovered %q", v)
		}
	}()
	p.run(crashJob{})
	t.Error("no panic")
}

func BenchmarkPoolRun(b *testing.B) {
	p := newPool(2)
	defer p.stop()
	c := countJob{}
	for b.Loop() {
		p.run(&c)
	}
}
