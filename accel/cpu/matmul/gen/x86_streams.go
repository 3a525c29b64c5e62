package main

import "fmt"

// prefetchAhead is how far before their use the kernels of float weights ask
// for them.
const prefetchAhead = 4096

// streams is how a matrix-vector kernel asks for memory before it needs it.
//
// In places: while a call multiplies its blocks of rows, which the caches hold,
// it asks for those of the next call, a few lines at a time in many places at
// once. Intel's prefetcher follows each place up to the end of a 4 KiB page,
// some 20 lines ahead, and one such stream, whatever the distance and the hint,
// leaves a quarter of a core's bandwidth unused.
//
//	this call    ────────────────────────────────▶        multiplied
//	the next     ▶──────  ▶──────  ▶──────  ▶──────       fetched
//
// In order: the places are neighbours, and together they step through what is
// read soon. AMD's prefetcher keeps up with one stream and loses by many.
type streams struct {
	bytes int // that a turn reads
	n     int // places
	lines int // of a place in a turn

	base, mid   string // registers: the first place and the one in the middle
	stride      string // bytes between places
	three, five string // 3 and 5 strides; AX, computed each time, if empty
}

// streamsOf spreads the bytes of a turn over 10 to 12 places, so that the
// least is fetched twice.
func streamsOf(bytes int, base, mid, stride string) streams {
	s := streams{bytes: bytes, base: base, mid: mid, stride: stride}
	need := (bytes + 63) / 64
	for n := min(need, 12); n >= min(need, 10); n-- {
		if lines := (need + n - 1) / n; s.n == 0 || n*lines < s.n*s.lines {
			s.n, s.lines = n, lines
		}
	}
	return s
}

// half is the number of places before the one in the middle.
func (s streams) half() int { return (s.n + 1) / 2 }

// streamStart points at what the caller says is read soon. Every turn of per
// columns takes each place a step ahead, so that after the last turn of the
// call each arrives where another began.
func (x *x86) streamStart(s streams, per int) {
	inOrder := x.label("in_order")
	x.i("MOVQ", imm(64*s.lines), s.stride)
	x.i("MOVQ", imm(s.bytes), "AX")
	x.i("CMPQ", mem(argInOrder, "DX"), "$0")
	x.i("JNE", inOrder)
	x.i("MOVQ", s.stride, "AX")
	x.i("MOVQ", mem(argN, "DX"), s.stride)
	x.i("IMULQ", mem(argCount, "DX"), s.stride)
	x.i("IMULQ", imm(64*64*s.lines/per), s.stride)
	x.f("%s:", inOrder)
	x.i("MOVQ", "AX", mem(argStep, "DX"))
	if s.three != "" {
		x.i("LEAQ", fmt.Sprintf("(%s)(%s*2)", s.stride, s.stride), s.three)
		x.i("LEAQ", fmt.Sprintf("(%s)(%s*4)", s.stride, s.stride), s.five)
	}
	x.i("MOVQ", mem(argAhead, "DX"), s.base)
	x.i("IMUL3Q", imm(s.half()), s.stride, s.mid)
	x.i("ADDQ", s.base, s.mid)
}

func (x *x86) streamStep(s streams) {
	x.i("ADDQ", mem(argStep, "DX"), s.base)
	x.i("ADDQ", mem(argStep, "DX"), s.mid)
}

// prefetch asks for the share of step k, of so many a turn.
func (x *x86) prefetch(s streams, k, of int) {
	all := s.n * s.lines
	for i := k * all / of; i < (k+1)*all/of; i++ {
		x.i("PREFETCHT0", x.place(s, i%s.n, 64*(i/s.n)))
	}
}

// place is the operand of a byte of the n-th place.
func (x *x86) place(s streams, n, off int) string {
	base := s.base
	if n >= s.half() {
		base, n = s.mid, n-s.half()
	}
	index := fmt.Sprintf("(%s*%d)", s.stride, n)
	switch {
	case n == 0:
		index = ""
	case n%2 == 0 || n == 1:
	case s.three == "":
		x.i("LEAQ", fmt.Sprintf("(%s)(%s*%d)", s.stride, s.stride, n-1), "AX")
		index = "(AX*1)"
	case n == 3:
		index = fmt.Sprintf("(%s*1)", s.three)
	case n == 5:
		index = fmt.Sprintf("(%s*1)", s.five)
	}
	return mem(off, base) + index
}
