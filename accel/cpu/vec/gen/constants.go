package main

import (
	"fmt"
	"math"
	"slices"
)

// constants are those of vec/exp.go and vec/act.go: the kernels follow the
// same formulas.
var constants = map[string]uint32{
	"expMax":    bits(88.8),
	"expMin":    bits(-104),
	"log2e":     bits(1.44269504088896341),
	"toRound":   bits(3 << 22),
	"ln2Hi":     bits(0.693359375),
	"ln2Lo":     bits(-2.12194440e-4),
	"expC2":     bits(0.4999999343212931),
	"expC3":     bits(0.16666520399042478),
	"expC4":     bits(0.04166839078354132),
	"expC5":     bits(0.008368745108946023),
	"expC6":     bits(0.0013814540177276408),
	"one":       bits(1),
	"two":       bits(2),
	"-two":      bits(-2),
	"-gelu1":    bits(-2 * 0.797884560802865355879892119868763737),
	"-gelu3":    bits(-2 * 0.797884560802865355879892119868763737 * 0.044715),
	"-quick":    bits(-1.702),
	"tanhSmall": bits(0.25),
	"tanh3":     bits(-1. / 3),
	"tanh5":     bits(2. / 15),
	"tanh7":     bits(-17. / 315),
	"tanh9":     bits(62. / 2835),
	"-inf":      0xff800000,
	"sign":      0x80000000,
	"abs":       0x7fffffff,
	"bf16Half":  0x7fff,
	"bf16Quiet": 0x400000,
	"int1":      1,
	"bytes80":   0x80808080,
	"words1":    0x10001,
	"zero":      0,
}

func bits(f float64) uint32 { return math.Float32bits(float32(f)) }

// constant is the operand of a constant, which table will write.
func (a *asm) constant(name string) string {
	i := slices.Index(a.used, name)
	if i < 0 {
		i = len(a.used)
		a.used = append(a.used, name)
	}
	return fmt.Sprintf("constants<>+%d(SB)", i*32)
}

// table writes the constants that were used, 8 copies each.
func (a *asm) table() {
	fmt.Fprintf(&a.out, "\n// Eight copies of each constant.\n")
	for i, name := range a.used {
		bits, ok := constants[name]
		if !ok {
			panic("no constant " + name)
		}
		fmt.Fprintf(&a.out, "\n// %s\n", name)
		for j := range 4 {
			fmt.Fprintf(&a.out, "DATA constants<>+%d(SB)/8, $0x%08x%08x\n", i*32+j*8, bits, bits)
		}
	}
	fmt.Fprintf(&a.out, "\nGLOBL constants<>(SB), RODATA|NOPTR, $%d\n", len(a.used)*32)
}
