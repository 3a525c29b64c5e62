package gguf

import (
	"fmt"
	"math/bits"
	"slices"
)

// table reads the tensor table. Offsets are still relative to the data.
func (p *parser) table() {
	for i := uint64(0); i < p.tensors && p.err == nil; i++ {
		off := p.off
		t := Tensor{Name: p.name("tensor")}
		p.key = fmt.Sprintf("tensor %q", t.Name)
		if _, twice := p.f.byName[t.Name]; twice {
			p.fail(off, "appears twice")
		}
		p.shape(&t)
		p.key = ""
		if p.err == nil {
			p.f.byName[t.Name] = len(p.f.Tensors)
			p.f.Tensors = append(p.f.Tensors, t)
		}
	}
}

func (p *parser) shape(t *Tensor) {
	off := p.off
	n := p.u32()
	if p.err == nil && (n < 1 || n > 4) {
		p.fail(off, "%d dimensions", n)
		return
	}
	t.NDims = int(n)
	t.Dims = [4]int64{1, 1, 1, 1}
	for i := range t.NDims {
		off = p.off
		d := p.u64()
		if p.err == nil && (d < 1 || d > 1<<62) {
			p.fail(off, "dimension %d is %d", i, d)
			return
		}
		t.Dims[i] = int64(d)
	}
	off = p.off
	t.Type = Type(p.u32())
	p.extent(t, off)
}

// extent computes the bytes of a tensor and reads where they begin.
func (p *parser) extent(t *Tensor, off int64) {
	if p.err != nil {
		return
	}
	values, _ := t.Type.Block()
	switch name, old := withdrawn[t.Type]; {
	case old:
		p.fail(off, "type %d (%s) was withdrawn from the format; convert the model again", uint32(t.Type), name)
		return
	case values == 0:
		p.fail(off, "type %d is unknown", uint32(t.Type))
		return
	case t.Dims[0]%int64(values) != 0:
		p.fail(off, "rows of %d values are no multiple of %s's block of %d", t.Dims[0], t.Type, values)
		return
	}
	n := uint64(1)
	for _, d := range t.Dims {
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > 1<<62 {
			p.fail(off, "shape %v overflows", t.Dims[:t.NDims])
			return
		}
		n = lo
	}
	var ok bool
	if t.Len, ok = t.Type.Bytes(int64(n)); !ok {
		p.fail(off, "shape %v of %s overflows", t.Dims[:t.NDims], t.Type)
		return
	}
	off = p.off
	at := p.u64()
	switch {
	case p.err != nil:
	case at%uint64(p.f.Alignment) != 0:
		p.fail(off, "offset %d is not aligned to %d", at, p.f.Alignment)
	case at > uint64(p.size) || uint64(t.Len) > uint64(p.size)-at:
		p.fail(off, "%d bytes at offset %d lie beyond the end of the file", t.Len, at)
	default:
		t.Off = int64(at)
	}
}

// place turns relative offsets into absolute ones and proves that the tensors
// lie inside the file and apart from each other.
func (p *parser) place() {
	if p.err != nil || len(p.f.Tensors) == 0 {
		return
	}
	a := p.f.Alignment
	base := (p.off + a - 1) &^ (a - 1)
	order := make([]int, len(p.f.Tensors))
	for i := range order {
		order[i] = i
	}
	ts := p.f.Tensors
	slices.SortFunc(order, func(i, j int) int {
		switch {
		case ts[i].Off < ts[j].Off:
			return -1
		case ts[i].Off > ts[j].Off:
			return 1
		}
		return i - j
	})
	end := base
	for n, i := range order {
		t := &ts[i]
		t.Off += base // both are at most the file's size: no overflow
		p.key = fmt.Sprintf("tensor %q", t.Name)
		if t.Off < end {
			p.fail(t.Off, "overlaps tensor %q", ts[order[n-1]].Name)
			return
		}
		if end = t.Off + t.Len; end > p.size {
			p.fail(t.Off, "%d bytes reach %d beyond the end of the file (is it fully downloaded?)", t.Len, end-p.size)
			return
		}
	}
	p.key = ""
}
