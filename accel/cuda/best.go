package cuda

import (
	"encoding/binary"
	"math"

	"github.com/runnel-chat/runnel/accel"
)

// best is where the largest values of a row are found; see kernels/best.cuh.
type best struct {
	keys    [2]room // of the device
	raw     []byte
	columns []int32
	values  []float32
}

const (
	bestKeys = 1024 // that a block sorts
	mostBest = 256  // that it may keep; more do not become few
)

// Best finds the k largest values on the device, so that little is to be copied.
func (b *Backend) Best(x accel.Tensor, k int) (columns []int32, values []float32) {
	if k <= 0 || k > mostBest || k > x.Cols || x.Rows != 1 || b.atHome(x) {
		return nil, nil
	}
	name, from, n, side := "best1", b.read(x), x.Cols, 0
	for {
		blocks := (n + bestKeys - 1) / bestKeys
		to := b.atLeast(&b.best.keys[side], 8*blocks*k)
		b.launch(name, [3]int{blocks, 1, 1}, threads, 0, to, from, uint64(n), uint64(k))
		name, from, n, side = "best2", to, blocks*k, 1-side
		if blocks == 1 {
			return b.best.take(b, to, k)
		}
	}
}

// take copies k keys and takes them apart.
func (t *best) take(b *Backend, keys uint64, k int) (columns []int32, values []float32) {
	if len(t.raw) < 8*k {
		t.raw, t.columns, t.values = make([]byte, 8*k), make([]int32, k), make([]float32, k)
	}
	raw := t.raw[:8*k]
	b.fromDevice(raw, keys)
	if b.lost != nil {
		return nil, nil
	}
	columns, values = t.columns[:0], t.values[:0]
	for ; len(raw) > 0; raw = raw[8:] {
		key := binary.LittleEndian.Uint64(raw)
		if key == 0 {
			break // not a number
		}
		bits := uint32(key >> 32)
		if bits>>31 == 1 {
			bits &^= 1 << 31
		} else {
			bits = ^bits
		}
		columns, values = append(columns, int32(^uint32(key))), append(values, math.Float32frombits(bits))
	}
	return columns, values
}
