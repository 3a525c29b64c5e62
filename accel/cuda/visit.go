package cuda

import "github.com/runnel-chat/runnel/accel"

// Weights that have no place on the device visit it when many vectors are to be
// multiplied: the bus brings them faster than the host multiplies. There are two
// seats, so that one weight comes while the one before is at work.
type visits struct {
	seats [2]room
	next  int
	never bool // there is no room for them
}

// visitLeast is how many vectors a product has at least for its weight to come.
const visitLeast = 64

// visit brings a weight and tells where it is and its seat, which leave takes;
// 0 when the host is to multiply.
func (b *Backend) visit(w *accel.Weight, n int) (p uint64, seat int) {
	if n < visitLeast || b.visits.never || b.lost != nil {
		return 0, -1
	}
	size, err := b.host.PackedBytes(w.Type, w.Rows, w.Cols)
	if err != nil {
		b.fail(err)
		return 0, -1
	}
	seat = b.visits.next
	if p = b.seat(seat, size); p == 0 {
		return 0, -1
	}
	b.visits.next = 1 - seat
	b.flushHost() // its weights come before this one
	b.run()       // so that the device is at work meanwhile
	if !b.eachTile(w, func(i, at int, raw []byte) error {
		defer w.Tiles.Release(i)
		return b.driver.Send(p+uint64(at), raw, seat)
	}) {
		return 0, -1
	}
	if err := b.driver.Arrive(); err != nil {
		b.lose(err)
		return 0, -1
	}
	return p, seat
}

// leave frees a seat for the weight after the next, once all that was launched
// is done.
func (b *Backend) leave(seat int) {
	if seat < 0 {
		return
	}
	if b.run(); b.lost == nil {
		if err := b.driver.Mark(seat); err != nil {
			b.lose(err)
		}
	}
}

// seat makes a seat large enough. A device without the room has visitors no
// more.
func (b *Backend) seat(i, size int) uint64 {
	r := &b.visits.seats[i]
	if r.size < size {
		if b.grow(r, size) != nil {
			b.visits.never = true
			return 0
		}
		b.leave(i) // what comes waits until the memory is zeroed
	}
	return r.p
}

// eachTile calls f with the tiles of a weight and where they begin in it. An
// error of the tiles ends the pass, one of f loses the device.
func (b *Backend) eachTile(w *accel.Weight, f func(i, at int, raw []byte) error) bool {
	full, _ := b.host.PackedBytes(w.Type, w.TileRows, w.Cols) // as for all rows
	for i := 0; i*w.TileRows < w.Rows; i++ {
		raw, err := w.Tiles.Acquire(i)
		if err != nil {
			b.fail(err)
			return false
		}
		size, _ := b.host.PackedBytes(w.Type, min(w.TileRows, w.Rows-i*w.TileRows), w.Cols)
		if err := f(i, i*full, raw[:size]); err != nil {
			b.lose(err)
			return false
		}
	}
	return true
}
