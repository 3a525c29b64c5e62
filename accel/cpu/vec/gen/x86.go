package main

import (
	"fmt"
	"regexp"
	"strings"
)

// tier is one instruction set of amd64.
type tier struct {
	name  string
	level int // the value of ·level that selects it
	width int // bytes of a vector
	full  string
	half  string
}

var tiers = []tier{
	{"avx512", 2, 64, "Z", "Y"},
	{"avx2", 1, 32, "Y", "X"},
}

func (t tier) wide() bool { return t.width == 64 }

var registers = regexp.MustCompile(`\b([VH])(\d+)\b`)

// ins writes instructions, one a line, with the registers of the tier.
func (a *asm) ins(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	text = registers.ReplaceAllStringFunc(text, func(r string) string {
		if r[0] == 'V' {
			return a.full + r[1:]
		}
		return a.half + r[1:]
	})
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if line = strings.TrimSpace(line); !strings.HasSuffix(line, ":") {
			line = "\t" + line
		}
		a.out.WriteString(line + "\n")
	}
}

// lanes is the number of float32 in a vector.
func (a *asm) lanes() int { return a.width / 4 }

func (a *asm) label(name string) string {
	a.labels++
	return fmt.Sprintf("%s_%s%d", a.name, name, a.labels)
}

// fn writes one function for every tier. The parameters of sig are slices
// ("dst []") and float32 scalars ("s"), the results float32 ("sum"), float64
// ("sum64") and, last, n: how many elements were done, which is a multiple of
// the lanes.
func (a *asm) fn(name string, params, results string, body func()) {
	first := a.text(name, params, results)
	for _, t := range tiers {
		a.ins("CMPB ·level(SB), $%d\nJEQ %s", t.level, t.name)
	}
	for _, r := range strings.Split(results, ", ") {
		op := "MOVQ"
		if size(r) == 4 {
			op = "MOVL"
		}
		a.ins("%s $0, %s", op, a.args[r])
	}
	a.ins("RET")
	for _, a.tier = range tiers {
		a.out.WriteString("\n")
		a.ins("%s:", a.name)
		a.ins("MOVQ %s, CX\nANDQ $-%d, CX\nMOVQ CX, %s", a.args[first+"_len"], a.lanes(), a.args["n"])
		body()
		a.ins("VZEROUPPER\nRET")
	}
}

// load puts the base of slice arguments into registers.
func (a *asm) load(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		a.ins("MOVQ %s, %s", a.args[pairs[i]+"_base"], pairs[i+1])
	}
}

// broadcast fills V(reg) with a scalar argument.
func (a *asm) broadcast(arg string, reg int) { a.ins("VBROADCASTSS %s, V%d", a.args[arg], reg) }

// loop runs body over CX elements, unroll vectors at a time and then one by
// one. BX is the index of the first element of the step; at(base, u) is the
// memory of vector u.
func (a *asm) loop(unroll int, body func(u int)) {
	many, one, single, done := a.label("many"), a.label("one"), a.label("single"), a.label("done")
	a.ins("XORL BX, BX")
	if unroll > 1 {
		a.ins("MOVQ CX, R8\nANDQ $-%d, R8\nJEQ %s", unroll*a.lanes(), one)
		a.ins("%s:", many)
		for u := range unroll {
			body(u)
		}
		a.ins("ADDQ $%d, BX\nCMPQ BX, R8\nJLT %s", unroll*a.lanes(), many)
		a.ins("%s:", one)
	}
	a.ins("CMPQ BX, CX\nJGE %s\n%s:", done, single)
	body(0)
	a.ins("ADDQ $%d, BX\nCMPQ BX, CX\nJLT %s\n%s:", a.lanes(), single, done)
}

// at is vector u of a slice of float32, short that of a slice of 16-bit values.
func (a *asm) at(base string, u int) string { return fmt.Sprintf("%d(%s)(BX*4)", u*a.width, base) }

func (a *asm) short(base string, u int) string {
	return fmt.Sprintf("%d(%s)(BX*2)", u*a.width/2, base)
}

// part is half h of the vector at the index, pairs vector h of twice as many
// values.
func (a *asm) part(base string, h int) string {
	return fmt.Sprintf("%d(%s)(BX*4)", h*a.width/2, base)
}

func (a *asm) pairs(base string, h int) string {
	return fmt.Sprintf("%d(%s)(BX*8)", h*a.width, base)
}

// con applies op to a constant in memory and registers: a broadcast from its
// first element where the instruction set has that, else 8 copies.
func (a *asm) con(op, name, regs string) {
	suffix := ""
	if a.wide() {
		suffix = ".BCST"
	}
	a.ins("%s%s %s, %s", op, suffix, a.constant(name), regs)
}

// fill puts a constant into V(reg).
func (a *asm) fill(name string, reg int) { a.ins("VBROADCASTSS %s, V%d", a.constant(name), reg) }
