package gguf_test

import (
	"encoding/binary"
	"math"
	"os"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/gguf/refs"
)

// TestDecodeMatchesReferences compares every decoder with blocks that two
// other implementations agree on: quantised rows, and random bits that reach
// every code point.
func TestDecodeMatchesReferences(t *testing.T) {
	dir := refs.Dir(t, "quant")
	checked := 0
	for id := range gguf.Type(64) {
		if !gguf.Decodable(id) {
			continue
		}
		for _, kind := range []string{"", ".rand"} {
			src, err := os.ReadFile(dir + "/" + id.String() + kind + ".bin")
			if os.IsNotExist(err) {
				continue
			}
			want, err2 := os.ReadFile(dir + "/" + id.String() + kind + ".f32")
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			got := make([]float32, len(want)/4)
			if err := gguf.Decode(id, got, src); err != nil {
				t.Fatal(err)
			}
			checked++
			for i, g := range got {
				w := float64(math.Float32frombits(binary.LittleEndian.Uint32(want[4*i:])))
				if d := math.Abs(float64(g) - w); !(d <= 1e-6*math.Abs(w)+1e-12) {
					t.Errorf("%s%s: value %d is %g, want %g", id, kind, i, g, w)
					break
				}
			}
		}
	}
	if checked < 16 {
		t.Errorf("only %d reference files were found", checked)
	}
}
