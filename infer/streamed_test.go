package infer

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/runnel-chat/runnel/gguf/refs"
)

// TestStreamedLayersMatch runs every architecture with half of its weights in
// memory: the logits are those of a model that fits, bit for bit.
func TestStreamedLayersMatch(t *testing.T) {
	root := refs.Dir(t, "arch")
	dirs, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		name := d.Name()
		if !d.IsDir() {
			continue
		}
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(root, name)
			r := readReference(t, dir)
			path := filepath.Join(dir, "model.gguf")
			o := Options{KV: "f32", Context: r.NCtx, Threads: 2}
			whole := openTest(t, path, o)
			want, full := logitsOf(t, whole, r.Prompt), whole.Stats().WeightBytes
			next := greedy(t, whole, r.Prompt, len(r.Greedy))
			o.weights = full / 2
			e := openTest(t, path, o)
			if got := logitsOf(t, e, r.Prompt); !slices.Equal(got, want) {
				t.Errorf("logits differ by %g", maxDifference(got, want))
			}
			if ids := greedy(t, e, r.Prompt, len(r.Greedy)); !slices.Equal(ids, next) {
				t.Errorf("greedy ids\n%v, want\n%v", ids, next)
			}
			if s := e.Stats().Cache; s.StreamedBytes == 0 && s.CacheBytes == 0 || s.UsedBytes > s.BudgetBytes {
				t.Errorf("%d bytes streamed, %d of %d in use", s.StreamedBytes, s.UsedBytes, s.BudgetBytes)
			}
		})
	}
}

// TestForeseenExpertsMatch runs mixtures with all but a few of their experts in
// memory: some are read before the router has spoken, and the tokens are those
// of a model that fits.
func TestForeseenExpertsMatch(t *testing.T) {
	for _, name := range []string{"qwen3moe", "gptoss"} {
		dir := filepath.Join(refs.Dir(t, "arch"), name)
		r := readReference(t, dir)
		o := Options{KV: "f32", Context: r.NCtx, Threads: 2}
		whole := openTest(t, filepath.Join(dir, "model.gguf"), o)
		want := greedy(t, whole, r.Prompt, len(r.Greedy))
		full, hinted := whole.Stats().WeightBytes, uint64(0)
		for _, percent := range []int64{80, 85, 90, 95} {
			o.weights = full * percent / 100
			e := openTest(t, filepath.Join(dir, "model.gguf"), o)
			if ids := greedy(t, e, r.Prompt, len(r.Greedy)); !slices.Equal(ids, want) {
				t.Errorf("%s: greedy ids\n%v, want\n%v", name, ids, want)
			}
			hinted += e.Stats().Cache.HintedBytes
		}
		if hinted == 0 {
			t.Errorf("%s: no expert was foreseen", name)
		}
	}
}
