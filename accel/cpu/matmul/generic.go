package matmul

import (
	"encoding/binary"
	"math"
	"sync"
)

// sums are the results of 16 rows for the vectors of a group.
type sums [ActGroup][Rows]float32

// reference is what every tier is compared with.
func (j *job) reference() {
	for t := j.n0; t < j.n1; {
		c, acts := j.group(t)
		for row := 0; row < j.rows; row += Rows {
			var s sums
			w := j.w[row/Rows*j.block:][:j.block]
			if j.f.group == 0 {
				mulFloats(j.f, &s, w, acts, c, j.cols)
			} else {
				mulInts(j.f, &s, w, acts, c, j.cols)
			}
			for i := range c {
				dst := j.dst[(t+i)*j.ldd:]
				copy(dst[row:min(row+Rows, j.rows)], s[i][:])
			}
		}
		t += c
	}
}

var plain = sync.Pool{New: func() any { return new(panel) }}

// mulInts multiplies 16 rows of a quantised type.
func mulInts(f *format, s *sums, w, acts []byte, c, cols int) {
	p := plain.Get().(*panel)
	defer plain.Put(p)
	supers := acts[actBlocks(cols)*blockSize*c:]
	for k := 0; k < cols; k += actSuper {
		width := min(cols-k, actSuper)
		for j := 0; j < width; j += f.vals {
			f.unpack(p, j, w)
			w = w[f.unit():]
		}
		n := actBlocks(width) * blockSize * c
		for i := range c {
			p.dot(f, &s[i], acts[:n], c, i, width)
			if f.mins == intMins {
				p.dotMins(f, &s[i], supers, c, i)
			}
		}
		acts, supers = acts[n:], supers[superSize*c:]
	}
}

// dot adds the product of a panel with a vector's blocks. The order of the
// float operations is the one all kernels follow.
func (p *panel) dot(f *format, s *[Rows]float32, acts []byte, c, i, width int) {
	var wide [Rows]float32 // of 256 columns, for the types with one scale
	for b := 0; b < width; b += actBlock {
		d := math.Float32frombits(binary.LittleEndian.Uint32(acts[c*offScale+4*i:]))
		for r := range Rows {
			if f.group == 256 {
				wide[r] = fma(d, float32(p.dotInts(acts, c, i, b, actBlock, r)), wide[r])
				continue
			}
			s[r] = fma(d, p.dotBlock(f, acts, c, i, b, min(width-b, actBlock), r), s[r])
		}
		acts = acts[c*blockSize:]
	}
	if f.group == 256 {
		for r := range Rows {
			s[r] = fma(p.scale[0][r], wide[r], s[r])
		}
	}
}

// dotBlock is the product of row r with a vector's block at column b, short of
// the activation scale.
func (p *panel) dotBlock(f *format, acts []byte, c, i, b, width, r int) (sum float32) {
	for k := b; k < b+width; k += f.group {
		g := k / f.group
		sum = fma(float32(p.dotInts(acts, c, i, k, f.group, r)), p.scale[g][r], sum)
		if f.mins == floatMins {
			x := int32(binary.LittleEndian.Uint32(acts[c*offSum32+4*((k-b)/32*c+i):]))
			sum = fma(float32(x), p.fmin[g][r]*(-1.0/128), sum)
		}
	}
	return sum
}

func (p *panel) dotInts(acts []byte, c, i, k, width, r int) (sum int32) {
	for j := k; j < k+width; j++ {
		sum += int32(p.q[j][r]) * int32(int8(acts[4*(j%actBlock/4*c+i)+j%4]))
	}
	return sum
}

// dotMins subtracts the mins of 256 columns.
func (p *panel) dotMins(f *format, s *[Rows]float32, super []byte, c, i int) {
	le := binary.LittleEndian
	pairs, groups := super[c*offPair32:], 8
	if f.minGroup == 16 {
		pairs, groups = super, 16
	}
	e := math.Float32frombits(le.Uint32(super[c*offUnit+4*i:]))
	for r := range Rows {
		var sum int32
		for g := range groups {
			sum += p.min[g][r] * int32(int16(le.Uint16(pairs[4*(g/2*c+i)+g%2*2:])))
		}
		s[r] = fma(-(float32(sum) * p.dmin[r]), e, s[r])
	}
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

// fma is a·b+c rounded to float32 once. The product is exact in float64; where
// its sum with c was rounded to the middle of two float32s, the bit that
// rounding lost decides.
func fma(a, b, c float32) float32 {
	p, z := float64(a)*float64(b), float64(c)
	s := p + z
	if bits := math.Float64bits(s); bits&(1<<29-1) == 1<<28 {
		t := s - p
		if lost := (p - (s - t)) + (z - t); lost != 0 {
			if (lost > 0) == (s > 0) {
				bits++
			} else {
				bits--
			}
			s = math.Float64frombits(bits)
		}
	}
	return float32(s)
}
