package main

import (
	"fmt"
	"strings"
)

// arm emits instructions on vectors of 16 bytes: words of 4 rows. Kernels take
// 8 of the 16 rows at a time, two vectors, and loop over the halves. Go's
// assembler lacks most vector arithmetic, so op encodes it and leaves the
// mnemonic as a comment.
type arm struct {
	*file
	i8mm bool // matrix products of 2 rows by 2 columns
}

// armOps are the encodings with all registers 0. In the operands, v is a
// vector in the arrangement that the name ends with.
var armOps = map[string]struct {
	base     uint32
	operands string
}{
	"and.16b":    {0x4e201c00, "v v v"},
	"orr.16b":    {0x4ea01c00, "v v v"},
	"eor.16b":    {0x6e201c00, "v v v"},
	"bit.16b":    {0x6ea01c00, "v v v"},
	"add.16b":    {0x4e208400, "v v v"},
	"sub.16b":    {0x6e208400, "v v v"},
	"mul.16b":    {0x4e209c00, "v v v"},
	"ushl.16b":   {0x6e204400, "v v v"},
	"uzp1.16b":   {0x4e001800, "v v v"},
	"uzp2.16b":   {0x4e005800, "v v v"},
	"tbl.16b":    {0x4e000000, "v {v} v"},
	"add.4s":     {0x4ea08400, "v v v"},
	"sub.4s":     {0x6ea08400, "v v v"},
	"addp.4s":    {0x4ea0bc00, "v v v"},
	"ushl.4s":    {0x6ea04400, "v v v"},
	"umin.4s":    {0x6ea06c00, "v v v"},
	"umax.4s":    {0x6ea06400, "v v v"},
	"smax.4s":    {0x4ea06400, "v v v"},
	"fadd.4s":    {0x4e20d400, "v v v"},
	"faddp.4s":   {0x6e20d400, "v v v"},
	"fmul.4s":    {0x6e20dc00, "v v v"},
	"fmla.4s":    {0x4e20cc00, "v v v"},
	"fmaxnm.4s":  {0x4e20c400, "v v v"},
	"zip1.8h":    {0x4e403800, "v v v"},
	"zip2.8h":    {0x4e407800, "v v v"},
	"uzp1.8h":    {0x4e401800, "v v v"},
	"uzp2.8h":    {0x4e405800, "v v v"},
	"zip1.4s":    {0x4e803800, "v v v"},
	"zip2.4s":    {0x4e807800, "v v v"},
	"uzp1.4s":    {0x4e801800, "v v v"},
	"uzp2.4s":    {0x4e805800, "v v v"},
	"zip1.2d":    {0x4ec03800, "v v v"},
	"zip2.2d":    {0x4ec07800, "v v v"},
	"smmla.4s":   {0x4e80a400, "v v.16b v.16b"},
	"fabs.4s":    {0x4ea0f800, "v v"},
	"fneg.4s":    {0x6ea0f800, "v v"},
	"neg.4s":     {0x6ea0b800, "v v"},
	"scvtf.4s":   {0x4e21d800, "v v"},
	"fcvtns.4s":  {0x4e21a800, "v v"},
	"fcvtl.4s":   {0x0e217800, "v v.4h"},
	"fcvtl2.4s":  {0x4e217800, "v v.8h"},
	"shll.4s":    {0x2e613800, "v v.4h #16"},
	"shll2.4s":   {0x6e613800, "v v.8h #16"},
	"ushll.8h":   {0x2f08a400, "v v.8b #0"},
	"ushll.4s":   {0x2f10a400, "v v.4h #0"},
	"ushll2.4s":  {0x6f10a400, "v v.8h #0"},
	"saddlp.8h":  {0x4e202800, "v v.16b"},
	"saddlp.4s":  {0x4e602800, "v v.8h"},
	"sqxtn.4h":   {0x0e614800, "v v.4s"},
	"sqxtn2.8h":  {0x4e614800, "v v.4s"},
	"sqxtn.8b":   {0x0e214800, "v v.8h"},
	"sqxtn2.16b": {0x4e214800, "v v.8h"},
}

// op emits an instruction on registers, the target first, as Arm writes it.
func (a *arm) op(name string, regs ...int) {
	in, ok := armOps[name]
	if !ok {
		panic(name)
	}
	mnemonic, arrangement, _ := strings.Cut(name, ".")
	word, text, n := in.base, []string{}, 0
	for o := range strings.FieldsSeq(in.operands) {
		if i := strings.IndexByte(o, 'v'); i >= 0 {
			r := fmt.Sprintf("v%d", regs[n])
			if !strings.Contains(o, ".") {
				r += "." + arrangement
			}
			o = o[:i] + r + o[i+1:]
			word |= uint32(regs[n]) << []int{0, 5, 16}[n]
			n++
		}
		text = append(text, o)
	}
	if n != len(regs) {
		panic(name)
	}
	a.word(word, mnemonic, strings.Join(text, ", "))
}

func (a *arm) word(w uint32, mnemonic, operands string) {
	a.f("\tWORD $0x%08x // %s %s", w, mnemonic, operands)
}

// element emits an operation by 32-bit element i of m.
func (a *arm) element(name string, d, n, m, i int) {
	base, ok := map[string]uint32{
		"sdot": 0x4f80e000, "udot": 0x6f80e000, "fmla": 0x4f801000, "fmls": 0x4f805000,
	}[name]
	if !ok {
		panic(name)
	}
	source, lane := "4s", "s"
	if strings.HasSuffix(name, "dot") {
		source, lane = "16b", "4b"
	}
	base |= uint32(d | n<<5 | m<<16 | i&1<<21 | i>>1<<11)
	a.word(base, name, fmt.Sprintf("v%d.4s, v%d.%s, v%d.%s[%d]", d, n, source, m, lane, i))
}

// shift emits a shift of lanes of 8 or 32 bits: ushr, sshr, shl or sli.
func (a *arm) shift(name string, bits, d, n, by int) {
	base := map[string]uint32{"ushr": 0x6f000400, "sshr": 0x4f000400, "shl": 0x4f005400, "sli": 0x6f005400}[name]
	count := bits + by
	if strings.HasSuffix(name, "shr") {
		count = 2*bits - by
	}
	arrangement := map[int]string{8: "16b", 32: "4s"}[bits]
	a.word(base|uint32(count<<16|n<<5|d), name, fmt.Sprintf("v%d.%s, v%d.%s, #%d", d, arrangement, n, arrangement, by))
}

// right shifts lanes to the right, or to the left if by is negative.
func (a *arm) right(bits, d, n, by int) {
	switch {
	case by > 0:
		a.shift("ushr", bits, d, n, by)
	case by < 0:
		a.shift("shl", bits, d, n, -by)
	case d != n:
		a.move(d, n)
	}
}

// bytes fills registers with a byte.
func (a *arm) splat(b int8, regs ...int) {
	for _, r := range regs {
		u := uint32(uint8(b))
		a.word(0x4f00e400|u>>5<<16|u&31<<5|uint32(r), "movi", fmt.Sprintf("v%d.16b, #%d", r, u))
	}
}

func (a *arm) zero(regs ...int) {
	for _, r := range regs {
		a.word(0x6f00e400|uint32(r), "movi", fmt.Sprintf("v%d.2d, #0", r))
	}
}

func (a *arm) move(d, n int) { a.op("orr.16b", d, n, n) }

// lanes fills the 32-bit lanes of registers with a constant.
func (a *arm) lanes(v uint32, regs ...int) {
	a.i("MOVW", fmt.Sprintf("$0x%08x", v), "R16")
	for _, r := range regs {
		a.i("VDUP", "R16", fmt.Sprintf("V%d.S4", r))
	}
}

// table loads 16 bytes of a symbol.
func (a *arm) table(symbol string, dst int) {
	a.i("MOVD", "$"+symbol+"<>(SB)", "R16")
	a.load("(R16)", dst)
}

func (a *arm) load(m string, dst int)  { a.i("FMOVQ", m, freg(dst)) }
func (a *arm) store(src int, m string) { a.i("FMOVQ", freg(src), m) }

// load2 and store2 move two vectors.
func (a *arm) load2(m string, d0, d1 int)  { a.i("FLDPQ", m, pair(d0, d1)) }
func (a *arm) store2(s0, s1 int, m string) { a.i("FSTPQ", pair(s0, s1), m) }

// loadN loads n words, 1, 2 or 4, and clears the rest of the register.
func (a *arm) loadN(n int, m string, dst int) {
	a.i(map[int]string{1: "FMOVS", 2: "FMOVD", 4: "FMOVQ"}[n], m, freg(dst))
}

// loadWords loads n ≤ 6 words to dst and dst+1.
func (a *arm) loadWords(n, off int, base string, dst int) {
	a.loadN(min(n, 4), mem(off, base), dst)
	if n > 4 {
		a.loadN(n-4, mem(off+16, base), dst+1)
	}
}

func (a *arm) add(v int, reg string) {
	if v != 0 {
		a.i("ADD", imm(v), reg)
	}
}

// loop emits a body that runs while the counter, decremented by step, stays
// positive; the counter is positive at the start.
func (a *arm) loop(counter string, step int, body func()) {
	label := a.label("loop")
	a.f("%s:", label)
	body()
	a.i("SUBS", imm(step), counter)
	a.i("BGT", label)
}

func freg(n int) string    { return fmt.Sprintf("F%d", n) }
func reg(n int) string     { return fmt.Sprintf("R%d", n) }
func pair(a, b int) string { return fmt.Sprintf("(F%d, F%d)", a, b) }
