package infer

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/runnel-chat/runnel/gguf/refs"
)

// TestRewind states prompts that share less and less with what is cached, and
// compares each with a fresh reading. Layers with windows and with states can
// only go back to some positions; the session must find the way.
func TestRewind(t *testing.T) {
	for _, name := range []string{"gemma3", "gemma4", "qwen35"} {
		t.Run(name, func(t *testing.T) {
			testRewind(t, filepath.Join(refs.Dir(t, "arch", name), "model.gguf"))
		})
	}
	for _, name := range []string{"lfm2", "exaone4"} {
		t.Run(name, func(t *testing.T) {
			p := papers()[name]
			p.rng = rand.New(rand.NewPCG(6, 7))
			p.logits([]int32{1}, len(firstOf(tinyLlama.vocab())))
			testRewind(t, p.write(t, t.TempDir()))
		})
	}
}

func testRewind(t *testing.T, path string) {
	o := Options{KV: "f32", Context: 1600, Threads: 2}
	used, fresh := openTest(t, path, o), openTest(t, path, o)
	long := make([]int32, 1400)
	for i := range long {
		long[i] = int32((i*i*7 + i*13) % used.info.Vocab)
	}
	same := func(what string, ids []int32) {
		t.Helper()
		got, err := used.session.sync(context.Background(), ids)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		fresh.session.truncate(0)
		want, err := fresh.session.sync(context.Background(), ids)
		if err != nil {
			t.Fatal(err)
		}
		if d := maxDifference(got.Values, want.Values); !(d <= 2e-3) {
			t.Errorf("%s: logits differ by %.2g", what, d)
		}
	}
	same("all", long[:1300])
	for _, id := range long[:9] {
		if _, err := used.session.step(context.Background(), id); err != nil {
			t.Fatal(err)
		}
	}
	same("the answer taken back", long[:1310])
	same("again", long[:1310])
	same("the end rewritten", append(long[:1290:1290], 5, 6, 7))
	same("the middle rewritten", append(long[:700:700], long[:400]...))
	same("the beginning rewritten", append([]int32{3, 2, 1}, long[:1100]...))
}

// TestCancelledPassLeavesNoTrace cancels a pass and goes on from where the
// cache was.
func TestCancelledPassLeavesNoTrace(t *testing.T) {
	for _, name := range []string{"gemma3", "qwen35"} {
		t.Run(name, func(t *testing.T) {
			dir := refs.Dir(t, "arch", name)
			r := readReference(t, dir)
			e := openTest(t, filepath.Join(dir, "model.gguf"), Options{KV: "f32", Context: 128, Threads: 1})
			s := e.session
			for _, id := range r.Prompt[:20] {
				if _, err := s.step(context.Background(), id); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if _, err := s.step(ctx, 7); err == nil {
				t.Fatal("a cancelled step succeeded")
			}
			if len(s.ids) != 20 || s.cache.Len() != 20 {
				t.Fatalf("%d tokens, %d positions, want 20", len(s.ids), s.cache.Len())
			}
			got, err := s.step(context.Background(), r.Prompt[20])
			if err != nil {
				t.Fatal(err)
			}
			want := readFloats(t, filepath.Join(dir, "logits.f32"))[20*r.NVocab:][:r.NVocab]
			if d := maxDifference(got.Values, want); !(d <= 2e-3*r.LogitStd) {
				t.Errorf("logits differ by %.2g of their deviation", d/r.LogitStd)
			}
		})
	}
}
