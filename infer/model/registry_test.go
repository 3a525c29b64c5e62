package model

import (
	"slices"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
)

func TestNearest(t *testing.T) {
	for name, want := range map[string]string{
		"lama": "llama", "llama4": "llama", "qwen4moe": "qwen2moe", "gemma3n": "gemma3", "mistral": "mistral3",
		"granitehybrid": "granite", "": "qwen",
	} {
		if got := nearest(name, Architectures()); got != want && !(name == "" && edits(got, "") == edits(want, "")) {
			t.Errorf("nearest to %q: %q, want %q", name, got, want)
		}
	}
}

func TestEdits(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"abc", "abc", 0}, {"ab", "ba", 2},
	} {
		if got := edits(tt.a, tt.b); got != tt.want {
			t.Errorf("%q to %q: %d edits, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestSlice(t *testing.T) {
	whole := gguf.Tensor{Name: "w", Dims: [4]int64{32, 6, 2, 1}, NDims: 3, Off: 100, Len: 12 * 34}
	got := slice(whole, 7, 2, 1)
	if got.Off != 100+7*34 || got.Len != 2*34 || got.Rows() != 2 || got.Dims[0] != 32 {
		t.Errorf("rows 7 and 8: %+v", got)
	}
}

func TestTranspose(t *testing.T) {
	// (2, 3) of float32 becomes (3, 2).
	raw := Transpose([]float32{1, 2, 3, 4, 5, 6}, 3)
	got := make([]float32, 6)
	if err := gguf.Decode(gguf.F32, got, raw); err != nil || !slices.Equal(got, []float32{1, 4, 2, 5, 3, 6}) {
		t.Errorf("%v %v", got, err)
	}
}
