package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFresh compares the files of the package with what gen writes today.
func TestFresh(t *testing.T) {
	for name, want := range files() {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Error(err)
		} else if string(got) != want {
			t.Errorf("%s is stale: go generate ./accel/cpu/matmul", name)
		}
	}
}

// TestVEX compares encodings with those of an assembler.
func TestVEX(t *testing.T) {
	for _, c := range []struct {
		opcode, y, w, acc int
		want              [5]byte
	}{
		{0x50, 2, 1, 0, [5]byte{0xc4, 0xe2, 0x75, 0x50, 0xc2}},    // vpdpbusd ymm0, ymm1, ymm2
		{0x50, 14, 12, 11, [5]byte{0xc4, 0x42, 0x1d, 0x50, 0xde}}, // vpdpbusd ymm11, ymm12, ymm14
		{0x52, 15, 0, 14, [5]byte{0xc4, 0x42, 0x7d, 0x52, 0xf7}},  // vpdpwssd ymm14, ymm0, ymm15
		{0x50, 3, 13, 9, [5]byte{0xc4, 0x62, 0x15, 0x50, 0xcb}},   // vpdpbusd ymm9, ymm13, ymm3
	} {
		if got := vexBytes(c.opcode, c.y, c.w, c.acc); got != c.want {
			t.Errorf("%#x %d %d %d: % x, want % x", c.opcode, c.y, c.w, c.acc, got, c.want)
		}
	}
}
