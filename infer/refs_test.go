package infer

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/gguf/refs"
	"github.com/runnel-chat/runnel/infer/sample"
)

// reference is what refs/README.md calls ref.json.
type reference struct {
	Prompt      []int32
	PromptText  string `json:"prompt_text"`
	NVocab      int    `json:"n_vocab"`
	NCtx        int    `json:"n_ctx"`
	Greedy      []int32
	GreedyExact []int32 `json:"greedy_exact"`
	Text        string
	LogitStd    float64 `json:"logit_std"`
}

func readReference(t *testing.T, dir string) (r reference) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "ref.json"))
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func readFloats(t *testing.T, path string) []float32 {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	v := make([]float32, len(raw)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return v
}

// openTest opens a model and closes it with the test.
func openTest(t testing.TB, path string, o Options) *Engine {
	t.Helper()
	e, err := Open(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// logitsOf evaluates ids as one prompt.
func logitsOf(t testing.TB, e *Engine, ids []int32) []float32 {
	t.Helper()
	var got []float32
	err := e.Logits(context.Background(), ids, func(_ int, row []float32) error {
		got = append(got, row...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// greedy continues ids by n tokens, each the best of its row.
func greedy(t testing.TB, e *Engine, ids []int32, n int) []int32 {
	t.Helper()
	ctx := context.Background()
	s := sample.New(e.info.Vocab, sample.Options{})
	logits, err := e.session.sync(ctx, ids)
	var out []int32
	for ; err == nil && len(out) < n; logits, err = e.session.step(ctx, out[len(out)-1]) {
		id, e := s.Next(logits)
		if e != nil {
			t.Fatal(e)
		}
		out = append(out, id)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestArchitectures compares logits and greedy ids with the references, the
// prompt as one batch and token by token.
func TestArchitectures(t *testing.T) { inEachTier(t, testArchitectures) }

func testArchitectures(t *testing.T) {
	root := refs.Dir(t, "arch")
	dirs, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		if !d.IsDir() {
			continue
		}
		t.Run(d.Name(), func(t *testing.T) {
			dir := filepath.Join(root, d.Name())
			r := readReference(t, dir)
			want := readFloats(t, filepath.Join(dir, "logits.f32"))
			e := openTest(t, filepath.Join(dir, "model.gguf"), Options{KV: "f32", Context: r.NCtx, Threads: 2})

			got := logitsOf(t, e, r.Prompt)
			if d.Name() == "gptoss_mxfp4" {
				checkQuantised(t, got, want, r)
				return
			}
			if d := maxDifference(got, want); !(d <= 2e-3*r.LogitStd) {
				t.Errorf("logits differ by %.2g of their deviation", d/r.LogitStd)
			}
			if ids := greedy(t, e, r.Prompt, len(r.Greedy)); !slices.Equal(ids, r.Greedy) {
				t.Errorf("greedy ids\n%v, want\n%v", ids, r.Greedy)
			}

			e.session.truncate(0)
			got = got[:0]
			for _, id := range r.Prompt {
				row, err := e.session.step(context.Background(), id)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, row.Values...)
			}
			if d := maxDifference(got, want); !(d <= 2e-3*r.LogitStd) {
				t.Errorf("token by token the logits differ by %.2g of their deviation", d/r.LogitStd)
			}
		})
	}
}

// checkQuantised compares logits of kernels that quantise activations: a row is
// off by a few hundredths, and by more where the choice of an expert flips.
func checkQuantised(t *testing.T, got, want []float32, r reference) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d logits, want %d", len(got), len(want))
	}
	if rms := relativeRMS(got, want, r); !(rms <= 0.05) {
		t.Errorf("relative RMS %.4f", rms)
	}
	far := 0
	for row := 0; row < len(got); row += r.NVocab {
		if rms := relativeRMS(got[row:row+r.NVocab], want[row:], r); !(rms <= 0.08) {
			far++
		}
	}
	if far > 1 {
		t.Errorf("%d positions are far off", far)
	}
}

func relativeRMS(got, want []float32, r reference) float64 {
	sum := 0.0
	for i := range got {
		d := float64(got[i]) - float64(want[i])
		sum += d * d
	}
	return math.Sqrt(sum/float64(len(got))) / r.LogitStd
}

func maxDifference(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	d := 0.0
	for i := range a {
		if x := math.Abs(float64(a[i]) - float64(b[i])); !(x <= d) {
			d = x
		}
	}
	return d
}

// TestQuantisedModels compares the kernels, which quantise activations to 8
// bits, with exact arithmetic on the same weights by relative RMS.
func TestQuantisedModels(t *testing.T) { inEachTier(t, testQuantisedModels) }

func testQuantisedModels(t *testing.T) {
	for _, name := range []string{"Q4_0", "Q8_0", "Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M", "Q6_K", "IQ4_XS"} {
		t.Run(name, func(t *testing.T) {
			dir := refs.Dir(t, "quantmodel", name)
			r := readReference(t, dir)
			want := readFloats(t, filepath.Join(dir, "logits_exact.f32"))
			e := openTest(t, filepath.Join(dir, "model.gguf"), Options{KV: "f32", Threads: 2})
			got := logitsOf(t, e, r.Prompt)
			if len(got) != len(want) {
				t.Fatalf("%d logits, want %d", len(got), len(want))
			}
			rms := relativeRMS(got, want, r)
			if !(rms <= 0.05) {
				t.Errorf("relative RMS %.4f", rms)
			}
			t.Logf("relative RMS %.4f", rms)
		})
	}
}

// TestStories completes a real model's text.
func TestStories(t *testing.T) {
	r := readReference(t, refs.Dir(t, "stories260K"))
	e := openTest(t, refs.Model(t, "stories260K.gguf"), Options{KV: "f32", Threads: 2})
	if ids := greedy(t, e, r.Prompt, len(r.Greedy)); !slices.Equal(ids, r.Greedy) {
		t.Errorf("greedy ids\n%v, want\n%v", ids, r.Greedy)
	}
	var text strings.Builder
	s := e.Complete(context.Background(), r.PromptText, Request{MaxTokens: len(r.Greedy)})
	for range s.Ready() {
		d := s.Take()
		text.WriteString(d.Text)
		if d.Done {
			if d.Err != nil {
				t.Fatal(d.Err)
			}
			break
		}
	}
	if got := text.String(); got != r.Text {
		t.Errorf("text\n%q, want\n%q", got, r.Text)
	}
}
