package matmul

import (
	"encoding/binary"
	"math"
)

// sums are the results of 16 rows for the vectors of a group.
type sums [ActGroup][Rows]float32

// mulGeneric is the reference of every tier: rows [row0, row1) of w, which
// begins at row0, with one group of c vectors.
func mulGeneric(f *format, dst []float32, ldd int, w, acts []byte, c, cols, row0, row1 int) {
	block := cols / f.vals * f.unit()
	for row := row0; row < row1; row += Rows {
		var s sums
		if f.group == 0 {
			mulFloats(f, &s, w[:block], acts, c, cols)
		} else {
			mulInts(f, &s, w[:block], acts, c, cols)
		}
		for i := range c {
			copy(dst[i*ldd+row:i*ldd+min(row+Rows, row1)], s[i][:])
		}
		w = w[block:]
	}
}

// mulInts multiplies 16 rows of a quantised type.
func mulInts(f *format, s *sums, w, acts []byte, c, cols int) {
	var p panel
	for k := 0; k < cols; k += actBlock {
		width := min(cols-k, actBlock)
		for j := 0; j < width; j += f.vals {
			f.unpack(&p, j, w)
			w = w[f.unit():]
		}
		for i := range c {
			block := p.dot(f, acts, c, i, width)
			d := math.Float32frombits(binary.LittleEndian.Uint32(acts[c*offScale+4*i:]))
			for r := range Rows {
				s[i][r] = fma(d, block[r], s[i][r])
			}
		}
		acts = acts[c*actBytes:]
	}
}

// dot is the product of a panel with one activation block, short of its
// scale. The order of the float operations is the one all kernels follow.
func (p *panel) dot(f *format, acts []byte, c, i, width int) (out [Rows]float32) {
	var mins [Rows]int32
	for g := range width / f.group {
		var dot [Rows]int32
		var sum int32
		for k := g * f.group; k < (g+1)*f.group; k++ {
			x := int32(int8(acts[4*(k/4*c+i)+k%4]))
			sum += x
			for r := range Rows {
				dot[r] += int32(p.q[k][r]) * x
			}
		}
		for r := range Rows {
			out[r] = fma(float32(dot[r]), p.scale[g][r], out[r])
			switch f.min {
			case floatMins:
				out[r] = fma(float32(sum), p.fmin[g][r], out[r])
			case intMins:
				mins[r] += sum * p.min[g][r]
			}
		}
	}
	if f.min == intMins {
		for r := range Rows {
			out[r] = fma(-float32(mins[r]), p.dmin[r], out[r])
		}
	}
	return out
}

// mulFloats multiplies 16 rows of a float type: even and odd columns are
// summed apart.
func mulFloats(f *format, s *sums, w, acts []byte, c, cols int) {
	var odd sums
	for k := range cols {
		half := s
		if k%2 == 1 {
			half = &odd
		}
		for i := range c {
			x := math.Float32frombits(binary.LittleEndian.Uint32(acts[4*(k*c+i):]))
			for r := range Rows {
				half[i][r] = fma(f.float(w, r), x, half[i][r])
			}
		}
		w = w[f.unit():]
	}
	for i := range c {
		for r := range Rows {
			s[i][r] += odd[i][r]
		}
	}
}

// float reads the weight of row r in a column of 16.
func (f *format) float(w []byte, r int) float32 {
	switch f.kind {
	case kindF16:
		return f16(w, r)
	case kindBF16:
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(w[2*r:])) << 16)
	}
	return math.Float32frombits(lane(w, 0, 0, r))
}

// fma is a·b+c rounded to float32 once: the product is exact in float64.
func fma(a, b, c float32) float32 {
	return float32(float64(a)*float64(b) + float64(c))
}
