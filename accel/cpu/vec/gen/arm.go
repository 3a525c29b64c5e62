package main

import (
	"fmt"
	"strings"
)

// neon writes functions for arm64. Go's assembler lacks most vector
// arithmetic, so op encodes it and leaves the mnemonic as a comment.
type neon struct{ asm }

func newNEON() *neon {
	a := &neon{*newAsm()}
	a.tier = tier{full: "V", half: "H", width: 16} // templates name registers as they are
	return a
}

// instructions are the encodings with all registers 0, and how to write them.
var instructions = map[string]struct {
	base uint32
	text string
}{
	"fadd":     {0x4e20d400, "v%d.4s, v%d.4s, v%d.4s"},
	"fsub":     {0x4ea0d400, "v%d.4s, v%d.4s, v%d.4s"},
	"fmul":     {0x6e20dc00, "v%d.4s, v%d.4s, v%d.4s"},
	"fdiv":     {0x6e20fc00, "v%d.4s, v%d.4s, v%d.4s"},
	"fmla":     {0x4e20cc00, "v%d.4s, v%d.4s, v%d.4s"},
	"fmls":     {0x4ea0cc00, "v%d.4s, v%d.4s, v%d.4s"},
	"fmax":     {0x4e20f400, "v%d.4s, v%d.4s, v%d.4s"},
	"fmin":     {0x4ea0f400, "v%d.4s, v%d.4s, v%d.4s"},
	"fmaxp":    {0x6e20f400, "v%d.4s, v%d.4s, v%d.4s"},
	"faddp":    {0x6e20d400, "v%d.4s, v%d.4s, v%d.4s"},
	"fcmeq":    {0x4e20e400, "v%d.4s, v%d.4s, v%d.4s"},
	"fcmgt":    {0x6ea0e400, "v%d.4s, v%d.4s, v%d.4s"},
	"add":      {0x4ea08400, "v%d.4s, v%d.4s, v%d.4s"},
	"sub":      {0x6ea08400, "v%d.4s, v%d.4s, v%d.4s"},
	"and":      {0x4e201c00, "v%d.16b, v%d.16b, v%d.16b"},
	"orr":      {0x4ea01c00, "v%d.16b, v%d.16b, v%d.16b"},
	"eor":      {0x6e201c00, "v%d.16b, v%d.16b, v%d.16b"},
	"bit":      {0x6ea01c00, "v%d.16b, v%d.16b, v%d.16b"},
	"bsl":      {0x6e601c00, "v%d.16b, v%d.16b, v%d.16b"},
	"sdot":     {0x4e809400, "v%d.4s, v%d.16b, v%d.16b"},
	"faddd":    {0x4e60d400, "v%d.2d, v%d.2d, v%d.2d"},
	"fmlad":    {0x4e60cc00, "v%d.2d, v%d.2d, v%d.2d"},
	"fabs":     {0x4ea0f800, "v%d.4s, v%d.4s"},
	"fneg":     {0x6ea0f800, "v%d.4s, v%d.4s"},
	"frintn":   {0x4e218800, "v%d.4s, v%d.4s"},
	"fcvtns":   {0x4e21a800, "v%d.4s, v%d.4s"},
	"scvtf":    {0x4e21d800, "v%d.4s, v%d.4s"},
	"fcvtl":    {0x0e217800, "v%d.4s, v%d.4h"},
	"fcvtl2":   {0x4e217800, "v%d.4s, v%d.8h"},
	"fcvtn":    {0x0e216800, "v%d.4h, v%d.4s"},
	"fcvtld":   {0x0e617800, "v%d.2d, v%d.2s"},
	"fcvtl2d":  {0x4e617800, "v%d.2d, v%d.4s"},
	"sxtl8":    {0x0f08a400, "v%d.8h, v%d.8b"},
	"sxtl2_8":  {0x4f08a400, "v%d.8h, v%d.16b"},
	"sxtl16":   {0x0f10a400, "v%d.4s, v%d.4h"},
	"sxtl2_16": {0x4f10a400, "v%d.4s, v%d.8h"},
	"sshr1":    {0x4f3f0400, "v%d.4s, v%d.4s, #1"},
	"shl23":    {0x4f375400, "v%d.4s, v%d.4s, #23"},
	"ushr16":   {0x6f300400, "v%d.4s, v%d.4s, #16"},
	"shll16":   {0x2e613800, "v%d.4s, v%d.4h, #16"},
	"shrn16":   {0x0f108400, "v%d.4h, v%d.4s, #16"},
	"umaxv":    {0x6e30a800, "b%d, v%d.16b"},
	"faddp2s":  {0x7e30d800, "s%d, v%d.2s"},
	"faddp2d":  {0x7e70d800, "d%d, v%d.2d"},
}

// mnemonic is a name of the table without what tells its forms apart.
var mnemonic = strings.NewReplacer("fcvtl2d", "fcvtl2", "fcvtld", "fcvtl", "faddp2s", "faddp", "faddp2d", "faddp",
	"faddd", "fadd", "fmlad", "fmla", "sxtl2_8", "sxtl2", "sxtl2_16", "sxtl2", "sxtl8", "sxtl", "sxtl16", "sxtl",
	"sshr1", "sshr", "shl23", "shl", "ushr16", "ushr", "shll16", "shll", "shrn16", "shrn").Replace

// op writes one instruction: the destination, then its one or two sources.
func (a *neon) op(name string, regs ...int) {
	in, ok := instructions[name]
	if !ok || strings.Count(in.text, "%d") != len(regs) {
		panic(name)
	}
	word, args := in.base, make([]any, len(regs))
	for i, r := range regs {
		word |= uint32(r) << []int{0, 5, 16}[i]
		args[i] = r
	}
	a.ins("WORD $0x%08x // %s %s", word, mnemonic(name), fmt.Sprintf(in.text, args...))
}

// element writes fmla or fmul by element i of a vector.
func (a *neon) element(name string, d, n, m, i int) {
	word := map[string]uint32{"fmla": 0x4f801000, "fmul": 0x4f809000}[name]
	word |= uint32(d | n<<5 | m<<16 | i&1<<21 | i>>1<<11)
	a.ins("WORD $0x%08x // %s v%d.4s, v%d.4s, v%d.s[%d]", word, name, d, n, m, i)
}

// fn is as for amd64, with one tier: ·level is 0 or 1. R8 holds n.
func (a *neon) fn(name string, params, results string, body func()) {
	first := a.text(name, params, results)
	a.ins("MOVBU ·level(SB), R9\nCBNZ R9, neon")
	for r := range strings.SplitSeq(results, ", ") {
		a.ins("%s ZR, %s", map[int]string{4: "MOVW", 8: "MOVD"}[size(r)], a.args[r])
	}
	a.ins("RET\nneon:\nMOVD %s, R8\nAND $-4, R8, R8\nMOVD R8, %s", a.args[first+"_len"], a.args["n"])
	body()
	a.ins("RET")
}

// load puts the base of slice arguments into registers.
func (a *neon) load(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		a.ins("MOVD %s, %s", a.args[pairs[i]+"_base"], pairs[i+1])
	}
}

// broadcast fills V(reg) with a scalar argument.
func (a *neon) broadcast(arg string, reg int) {
	a.ins("FMOVS %s, F%d\nVDUP V%d.S[0], V%d.S4", a.args[arg], reg, reg, reg)
}

// fill puts a constant into V(reg).
func (a *neon) fill(name string, reg int) {
	a.ins("MOVD $0x%08x, R9 // %s\nVDUP R9, V%d.S4", constants[name], name, reg)
}

func (a *neon) zero(regs ...int) {
	for _, r := range regs {
		a.op("eor", r, r, r)
	}
}

// vectors is a list of n registers in Go's syntax.
func vectors(first, n int, arrangement string) string {
	var s []string
	for i := range n {
		s = append(s, fmt.Sprintf("V%d.%s", first+i, arrangement))
	}
	return "[" + strings.Join(s, ", ") + "]"
}

// ld loads n vectors; advance moves the pointer past them.
func (a *neon) ld(base string, first, n int, advance bool) {
	if advance {
		a.ins("VLD1.P %d(%s), %s", 16*n, base, vectors(first, n, "S4"))
	} else {
		a.ins("VLD1 (%s), %s", base, vectors(first, n, "S4"))
	}
}

// st stores n vectors and moves the pointer past them.
func (a *neon) st(base string, first, n int) {
	a.ins("VST1.P %s, %d(%s)", vectors(first, n, "S4"), 16*n, base)
}

// loop runs body over R8 elements: most vectors at a time, then one by one.
func (a *neon) loop(most int, body func(n int)) {
	a.labels++
	label := func(s string) string { return fmt.Sprintf("%s%d", s, a.labels) }
	many, one, done := label("many"), label("one"), label("done")
	if most > 1 {
		a.ins("SUBS $%d, R8, R8\nBLT %s\n%s:", 4*most, one, many)
		body(most)
		a.ins("SUBS $%d, R8, R8\nBGE %s\n%s:\nADD $%d, R8, R8", 4*most, many, one, 4*most)
	}
	a.ins("CBZ R8, %s\n%s:", done, label("single"))
	body(1)
	a.ins("SUBS $4, R8, R8\nBNE %s\n%s:", label("single"), done)
}
