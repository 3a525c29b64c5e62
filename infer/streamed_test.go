package infer

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/runnel-chat/runnel/gguf/refs"
)

// TestStreamedLayersMatch runs architectures whose weights are cut, routed or
// turned round with half of them in memory: the logits are those of a model
// that fits, bit for bit.
func TestStreamedLayersMatch(t *testing.T) {
	for _, name := range []string{"phi3", "qwen3moe", "gptoss", "gemma4_moe", "deepseek2", "deepseek2_kvb", "qwen3next"} {
		t.Run(name, func(t *testing.T) {
			dir := refs.Dir(t, "arch", name)
			r := readReference(t, dir)
			path := filepath.Join(dir, "model.gguf")
			o := Options{KV: "f32", Context: r.NCtx, Threads: 2}
			want := logitsOf(t, openTest(t, path, o), r.Prompt)
			o.tiles = 2 << 10
			full := openTest(t, path, o).Stats().WeightBytes
			o.weights = full / 2
			e := openTest(t, path, o)
			if got := logitsOf(t, e, r.Prompt); !slices.Equal(got, want) {
				t.Errorf("logits differ by %g", maxDifference(got, want))
			}
			if ids := greedy(t, e, r.Prompt, len(r.Greedy)); !slices.Equal(ids, r.Greedy) {
				t.Errorf("greedy ids\n%v, want\n%v", ids, r.Greedy)
			}
			if s := e.Stats().Cache; s.StreamedBytes == 0 {
				t.Error("nothing was streamed")
			}
		})
	}
}
