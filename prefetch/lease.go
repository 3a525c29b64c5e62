package prefetch

import (
	"context"
	"fmt"
	"io"
	"time"
	"unsafe"
)

// Acquire returns the bytes of a tile and waits until they are there. They
// may be read until Release, by as many workers as acquired them.
func (s *Store) Acquire(i int) ([]byte, error) {
	if b := s.TryAcquire(i); b != nil {
		return b, nil
	}
	return s.await(i)
}

// TryAcquire is Acquire for a tile that is there; for any other it returns nil
// at once.
func (s *Store) TryAcquire(i int) []byte {
	t := &s.tiles[i]
	switch t.state.Load() {
	case tileHeld:
		return t.buf
	case tileReady:
		if t.state.CompareAndSwap(tileReady, tileHeld) {
			t.seen.Store(s.pass)
			s.meter.hit(t.home)
			return t.buf
		}
	}
	return nil
}

// await is Acquire for a tile that is not there yet.
func (s *Store) await(i int) ([]byte, error) {
	start := time.Now()
	defer func() { s.meter.stall.Add(uint64(time.Since(start))) }()
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &s.tiles[i]
	if ctx := s.ctx; ctx != nil {
		stop := context.AfterFunc(ctx, func() {
			s.mu.Lock()
			s.changed.Broadcast()
			s.mu.Unlock()
		})
		defer stop()
	}
	for {
		state := t.state.Load()
		switch {
		case state == tileHeld:
			return t.buf, nil
		case state == tileReady:
			if t.state.CompareAndSwap(tileReady, tileHeld) {
				t.seen.Store(s.pass)
				if !t.asked {
					s.meter.hit(t.home)
				}
				t.asked = false
				return t.buf, nil
			}
			continue
		case s.err != nil:
			return nil, s.err
		case s.closed:
			return nil, errClosed
		case s.ctx != nil && s.ctx.Err() != nil:
			return nil, s.ctx.Err()
		}
		if !t.asked {
			t.asked = true
			if state == tileEmpty && !t.wanted {
				s.meter.syncLoads.Add(1)
			} else {
				s.meter.late.Add(1)
			}
		}
		if state == tileEmpty {
			s.demand(i)
		}
		s.changed.Wait()
	}
}

// Want says that n tiles from first are about to be asked for. A resident
// tile costs one atomic load.
func (s *Store) Want(first, n int) {
	for i := first; i < first+n; i++ {
		if s.tiles[i].state.Load() >= tileReady && !s.caching.Load() {
			continue
		}
		s.mu.Lock()
		s.want(i)
		s.mu.Unlock()
	}
}

// Release says that the last rows of a tile were used. A streamed tile's slot
// takes the next one.
func (s *Store) Release(i int) {
	t := &s.tiles[i]
	home := t.home // stays while the tile is held
	t.state.CompareAndSwap(tileHeld, tileReady)
	if home == homePin && !s.leaving.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch t.home {
	case homeRing:
		s.dropNow(i)
	case homePin:
		if t.drop {
			s.dropNow(i)
		}
	case homeCache:
		s.used(i)
	}
	s.advance()
}

// Row reads one row of a weight that is used by rows. It is for one goroutine
// at a time.
func (s *Store) Row(weight int, row int64, dst []byte) error {
	w := &s.plan.Weights[weight]
	if row < 0 || row >= w.Rows {
		return fmt.Errorf("prefetch: weight %s has no row %d", w.Name, row)
	}
	raw := s.rowBuffer(w.RowBytes)
	src, err := s.readAligned(raw, w, Extent{w.Shard, w.Off + row*w.RowBytes, w.RowBytes})
	if err != nil {
		return err
	}
	copy(dst[:w.RowBytes], src)
	return nil
}

// rowBuffer is an aligned buffer on the Go heap that rows share: a few
// kilobytes.
func (s *Store) rowBuffer(n int64) []byte {
	align := s.src.Align()
	need := s.plan.aligned(n)
	if int64(len(s.rows)) < need {
		b := make([]byte, need+align)
		skip := -int64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & (align - 1)
		s.rows = b[skip : skip+need]
	}
	return s.rows
}

// readAligned reads e of w, and what lies around it in aligned blocks, into
// raw. It tries a second time: a passing fault should not end an answer.
func (s *Store) readAligned(raw []byte, w *Weight, e Extent) ([]byte, error) {
	mask := s.src.Align() - 1
	lo := e.Off &^ mask
	hi := (e.Off + e.Len + mask) &^ mask
	raw = raw[:hi-lo]
	var err error
	for range 2 {
		var n int
		if n, err = s.src.ReadAt(raw, e.Shard, lo); err == nil && int64(n) < e.Off+e.Len-lo {
			err = io.ErrUnexpectedEOF
		}
		if err == nil {
			return raw[e.Off-lo : e.Off-lo+e.Len], nil
		}
	}
	if changed := s.src.Changed(); changed != nil {
		return nil, fmt.Errorf("prefetch: weight %s: %w", w.Name, changed)
	}
	return nil, fmt.Errorf("prefetch: weight %s: %s at 0x%x: %w", w.Name, s.src.Path(e.Shard), e.Off, err)
}
