package cpu

import (
	"math"

	"github.com/runnel-chat/runnel/accel"
)

// turns holds the cosines and sines of a run of positions. Every layer of a
// pass asks for the same ones, so they are computed once a pass and rope.
type turns struct {
	rope *accel.Rope
	pos  int
	n    int
	buf  []byte
	half int // pairs
}

func (t *turns) fill(b *Backend, r *accel.Rope, pos, n int) error {
	if t.rope == r && t.pos == pos && t.n >= n {
		return nil
	}
	t.rope = nil
	buf, err := b.grow(t.buf, n*2*len(r.Freqs)*4)
	if err != nil {
		return err
	}
	t.buf, t.half = buf, len(r.Freqs)
	t.rope, t.pos, t.n = r, pos, n
	for i := range n {
		cos, sin := t.at(i)
		for p, f := range r.Freqs {
			s, c := math.Sincos(float64(pos+i) * float64(f))
			cos[p], sin[p] = float32(c)*r.Magnitude, float32(s)*r.Magnitude
		}
	}
	return nil
}

// at returns the cosines and sines of row i.
func (t *turns) at(i int) (cos, sin []float32) {
	row := floats(t.buf)[i*2*t.half:]
	return row[:t.half], row[t.half : 2*t.half]
}
