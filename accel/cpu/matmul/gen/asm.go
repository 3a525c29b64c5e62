package main

import (
	"fmt"
	"strings"
)

// file collects the text of one generated assembly file.
type file struct {
	strings.Builder
	labels int
}

// f appends one line.
func (a *file) f(format string, args ...any) {
	fmt.Fprintf(a, format, args...)
	a.WriteByte('\n')
}

// i appends one instruction, operands in Go's order: sources, then target.
func (a *file) i(op string, operands ...any) {
	a.WriteByte('\t')
	a.WriteString(op)
	for n, o := range operands {
		if n > 0 {
			a.WriteByte(',')
		}
		fmt.Fprintf(a, " %v", o)
	}
	a.WriteByte('\n')
}

// loop emits a body that runs while the counter register, decremented by
// step, stays positive; the counter is positive at the start.
func (a *file) loop(counter string, step int, body func()) {
	label := a.label("loop")

	a.f("%s:", label)
	body()
	a.i("SUBQ", imm(step), counter)
	a.i("JGT", label)
}

// label returns a new label.
func (a *file) label(name string) string {
	a.labels++
	return fmt.Sprintf("%s%d", name, a.labels)
}

func imm(v int) string { return fmt.Sprintf("$%d", v) }

// mem is a memory operand.
func mem(off int, base string) string {
	if off == 0 {
		return "(" + base + ")"
	}
	return fmt.Sprintf("%d(%s)", off, base)
}
