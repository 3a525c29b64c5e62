//go:build cuda && linux && amd64

package cuda

import (
	"errors"
	"time"

	"gorgonia.org/cu"
)

// timer adds up how long series have run, by events of the device around each
// of them. Those that are still running are in a ring.
type timer struct {
	ring  [256]struct{ began, ended cu.Event }
	first int // running longest
	n     int // running
	total time.Duration
}

func (t *timer) open() (err error) {
	for i := range t.ring {
		for _, e := range []*cu.Event{&t.ring[i].began, &t.ring[i].ended} {
			if *e, err = cu.MakeEvent(cu.DefaultEvent); err != nil {
				return err
			}
		}
	}
	return nil
}

// around times what run queues in the stream. When too many are running it is
// not timed.
func (t *timer) around(stream cu.Stream, run func() error) error {
	if t.n == len(t.ring) {
		return run()
	}
	slot := &t.ring[(t.first+t.n)%len(t.ring)]
	if err := slot.began.Record(stream); err != nil {
		return err
	}
	if err := run(); err != nil {
		return err
	}
	t.n++
	return slot.ended.Record(stream)
}

// finished takes in all that ran; the stream has been waited for.
func (t *timer) finished() error {
	for ; t.n > 0; t.n-- {
		slot := &t.ring[t.first]
		t.first = (t.first + 1) % len(t.ring)
		ms, err := slot.began.Elapsed(slot.ended)
		if err != nil {
			return err
		}
		t.total += time.Duration(ms * float64(time.Millisecond))
	}
	return nil
}

func (t *timer) close() error {
	var errs []error
	for i := range t.ring {
		errs = append(errs, cu.DestroyEvent(&t.ring[i].began), cu.DestroyEvent(&t.ring[i].ended))
	}
	return errors.Join(errs...)
}
