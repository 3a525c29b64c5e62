//go:build cudashim

package infer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/accel/cuda"
	"github.com/runnel-chat/runnel/accel/cuda/emulate"
	"github.com/runnel-chat/runnel/gguf/refs"
)

func init() {
	cleanup = func(code int) {
		emulate.Cleanup()
		os.Exit(code)
	}
}

// emulated lets an engine compute on an emulated device, or on the machine's
// where this is built for one and there is one.
func emulated(t testing.TB, o Options) Options {
	t.Helper()
	o.device = cuda.Open
	d, err := o.device()
	if err != nil {
		o.device = func() (cuda.Driver, error) { return emulate.Start(96 << 20) }
		d, err = o.device()
	}
	if errors.Is(err, emulate.ErrNoCompiler) {
		t.Skip("no g++ to compile the kernels with")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return o
}

// TestArchitecturesOnDevice compares the models of the references, computed by
// the kernels of the device: a prompt as one batch and greedy ids after it,
// and once more with half of the layers on the CPU.
func TestArchitecturesOnDevice(t *testing.T) {
	root := refs.Dir(t, "arch")
	dirs, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range dirs {
		if !d.IsDir() || testing.Short() && i%5 != 0 {
			continue
		}
		t.Run(d.Name(), func(t *testing.T) {
			dir := filepath.Join(root, d.Name())
			r := readReference(t, dir)
			want := readFloats(t, filepath.Join(dir, "logits.f32"))
			for _, gpu := range []string{"auto", "1"} {
				o := emulated(t, Options{KV: "f32", Context: r.NCtx, Threads: 2, GPU: gpu})
				e := openTest(t, filepath.Join(dir, "model.gguf"), o)
				got := logitsOf(t, e, r.Prompt)
				if d.Name() == "gptoss_mxfp4" {
					checkPositions(t, got, want, r)
				} else if d := maxDifference(got, want); !(d <= 2e-3*r.LogitStd) {
					t.Errorf("gpu %s: logits differ by %.2g of their deviation", gpu, d/r.LogitStd)
				}
				if ids := greedy(t, e, r.Prompt, 8); d.Name() != "gptoss_mxfp4" && !slices.Equal(ids, r.Greedy[:8]) {
					t.Errorf("gpu %s: greedy ids\n%v, want\n%v", gpu, ids, r.Greedy[:8])
				}
				switch s := e.Stats().GPU; {
				case s.Lost != "" || s.NoRoom > 0 || s.WeightBytes == 0 || s.PrefillTime == 0 || s.DecodeTime == 0:
					t.Errorf("gpu %s: %+v", gpu, s)
				case gpu == "1" && s.Layers != 1, gpu == "auto" && s.Layers != e.info.Layers:
					t.Errorf("gpu %s: %d layers", gpu, s.Layers)
				case s.Fallbacks > 0:
					t.Errorf("gpu %s: %d operations fell back", gpu, s.Fallbacks)
				}
			}
		})
	}
}

// checkPositions is checkQuantised for rounding of another kind: of all
// positions one may be far off, where the choice of an expert flips.
func checkPositions(t *testing.T, got, want []float32, r reference) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d logits, want %d", len(got), len(want))
	}
	var rms []float64
	for at := 0; at < len(got); at += r.NVocab {
		rms = append(rms, relativeRMS(got[at:at+r.NVocab], want[at:], r))
	}
	slices.Sort(rms)
	if last := rms[len(rms)-2]; !(last <= 0.08) {
		t.Errorf("relative RMS by position: %.3f", rms)
	}
}

// TestQuantisedModelsOnDevice does so for the mixes of quantised weights.
func TestQuantisedModelsOnDevice(t *testing.T) {
	for _, name := range []string{"Q4_0", "Q8_0", "Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M", "Q6_K", "IQ4_XS"} {
		t.Run(name, func(t *testing.T) {
			dir := refs.Dir(t, "quantmodel", name)
			r := readReference(t, dir)
			want := readFloats(t, filepath.Join(dir, "logits_exact.f32"))
			for _, kv := range []string{"f32", "f16", "q8_0"} {
				e := openTest(t, filepath.Join(dir, "model.gguf"), emulated(t, Options{KV: kv, Threads: 2}))
				got := logitsOf(t, e, r.Prompt)
				rms := relativeRMS(got, want, r)
				if !(rms <= 0.05) {
					t.Errorf("KV %s: relative RMS %.4f", kv, rms)
				}
				t.Logf("KV %s: relative RMS %.4f", kv, rms)
			}
		})
	}
}

// TestWeightsAwayOnDevice gives a model a quarter of the memory that its
// weights take. What a device has is read from the disk once and leaves the
// memory to what it has not; when the device is lost, everything is read as the
// CPU needs it.
func TestWeightsAwayOnDevice(t *testing.T) {
	dir := refs.Dir(t, "quantmodel", "Q4_K_M")
	r := readReference(t, dir)
	path := filepath.Join(dir, "model.gguf")
	open := func(o Options) *Engine { return openTest(t, path, o) }
	whole := open(emulated(t, Options{KV: "f32", Threads: 2}))
	want := greedy(t, whole, r.Prompt, 8)
	full := whole.Stats().WeightBytes
	if s := whole.Stats(); s.Cache.PinnedBytes > 0 || s.GPU.WeightBytes == 0 {
		t.Errorf("%d bytes are in memory, %d on the device", s.Cache.PinnedBytes, s.GPU.WeightBytes)
	}
	for _, gpu := range []string{"auto", "1"} {
		o := emulated(t, Options{KV: "f32", Threads: 2, GPU: gpu})
		o.weights = full / 4
		e := open(o)
		if ids := greedy(t, e, r.Prompt, 8); !slices.Equal(ids, want) {
			t.Errorf("gpu %s: greedy ids\n%v, want\n%v", gpu, ids, want)
		}
		before := e.Stats().Cache
		greedy(t, e, r.Prompt, 8)
		s := e.Stats().Cache
		if read := int64(s.BytesRead - before.BytesRead); gpu == "auto" && read > 0 || gpu == "1" && read == 0 {
			t.Errorf("gpu %s: %d bytes were read for more tokens", gpu, read)
		}
		if s.SyncLoads > 0 || s.UsedBytes > s.BudgetBytes {
			t.Errorf("gpu %s: %d tiles not read ahead, %d of %d bytes used", gpu, s.SyncLoads, s.UsedBytes, s.BudgetBytes)
		}
	}
	o := emulated(t, Options{KV: "f32", Threads: 2, GPU: "auto"})
	o.weights = full / 4
	e, calls := openFailing(t, path, o, 400)
	if ids := greedy(t, e, r.Prompt, 8); !slices.Equal(ids, want) {
		t.Errorf("a lost device: greedy ids\n%v, want\n%v", ids, want)
	}
	if s := e.Stats(); s.GPU.Lost == "" || s.Cache.StreamedBytes == 0 || s.Cache.UsedBytes > s.Cache.BudgetBytes {
		t.Errorf("after %d calls: %q, %d bytes stream, %d of %d are used",
			*calls, s.GPU.Lost, s.Cache.StreamedBytes, s.Cache.UsedBytes, s.Cache.BudgetBytes)
	}
	_ = e.Close() // says that the device failed
}

// failing is a device whose call number n fails, and all after it.
type failing struct {
	cuda.Driver
	calls *int
	n     int
}

var errBroken = errors.New("an illegal address")

func (f failing) call() error {
	if *f.calls++; *f.calls > f.n {
		return errBroken
	}
	return nil
}

func (f failing) Alloc(n int) (uint64, error) {
	if err := f.call(); err != nil {
		return 0, err
	}
	return f.Driver.Alloc(n)
}

func (f failing) Free(p uint64) error { return errors.Join(f.call(), f.Driver.Free(p)) }

func (f failing) Upload(dst uint64, src []byte) error {
	if err := f.call(); err != nil {
		return err
	}
	return f.Driver.Upload(dst, src)
}

func (f failing) Download(dst []byte, src uint64) error {
	if err := f.call(); err != nil {
		return err
	}
	return f.Driver.Download(dst, src)
}

// Run fails before, after or between any of the kernels.
func (f failing) Run(series []cuda.Launch) error {
	for i := range series {
		if err := f.call(); err != nil {
			return err
		}
		if err := f.Driver.Run(series[i : i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (f failing) Send(dst uint64, src []byte, seat int) error {
	if err := f.call(); err != nil {
		return err
	}
	return f.Driver.Send(dst, src, seat)
}

func (f failing) Arrive() error { return errors.Join(f.call(), f.Driver.Arrive()) }

func (f failing) Mark(seat int) error { return errors.Join(f.call(), f.Driver.Mark(seat)) }

// openFailing opens a model on a device whose call number n fails, and all after
// it, and counts the calls.
func openFailing(t testing.TB, path string, o Options, n int) (_ *Engine, calls *int) {
	t.Helper()
	calls = new(int)
	start := o.device
	o.device = func() (cuda.Driver, error) {
		d, err := start()
		return failing{d, calls, n}, err
	}
	e, err := Open(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	return e, calls
}

// withNotice reads a stream to its end.
func withNotice(s *Stream) (text, notice string, err error) {
	for range s.Ready() {
		d := s.Take()
		text, notice = text+d.Text, notice+d.Notice
		if d.Done {
			return text, notice, d.Err
		}
	}
	return text, notice, nil
}

// TestLittleRoom opens a model beside devices with ever less memory, down to
// one without room for the activations: layers stay on the CPU, the text is
// the same.
func TestLittleRoom(t *testing.T) {
	emulated(t, Options{}) // skips without a compiler
	path := refs.Model(t, "stories260K.gguf")
	r := Request{MaxTokens: 5}
	var want string
	last := 1 << 30
	for _, size := range []int{64 << 20, 6 << 20, 5 << 20, 4500 << 10, 4 << 20, 1 << 20, 4 << 10} {
		o := Options{Threads: 1, Context: 64, GPU: "auto"}
		o.device = func() (cuda.Driver, error) { return emulate.Start(size) }
		e := openTest(t, path, o)
		got, _, err := withNotice(e.Complete(context.Background(), "Once upon", r))
		if want == "" {
			want = got
		}
		if err != nil || got != want {
			t.Errorf("with %d KiB: %q, %v; want %q", size>>10, got, err, want)
		}
		s := e.Stats()
		if s.GPU.Layers > last {
			t.Errorf("with %d KiB: more layers, %d", size>>10, s.GPU.Layers)
		}
		last = s.GPU.Layers
		t.Logf("with %d KiB: %d layers, %d without room, %q", size>>10, s.GPU.Layers, s.GPU.NoRoom, s.GPU.Lost)
	}
	if last != 0 {
		t.Errorf("a device without memory has %d layers", last)
	}
}

// TestFailingDevice lets the device fail at each of its calls in turn: the
// text is always that of a device that works, and what is written next too.
func TestFailingDevice(t *testing.T) {
	path := refs.Model(t, "stories260K.gguf")
	for _, speculate := range []string{"off", "on"} {
		open := func(n int) (*Engine, *int) {
			return openFailing(t, path, emulated(t, Options{Threads: 1, Context: 64, GPU: "auto", Speculate: speculate}), n)
		}
		r := Request{MaxTokens: 3}
		e, calls := open(1 << 30)
		want, _ := finish(e.Complete(context.Background(), "Once upon", r))
		all := *calls
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		step := 1
		if testing.Short() || speculate == "on" {
			step = 17
		}
		lost := 0
		for n := 0; n < all; n += step {
			e, _ := open(n)
			got, notice, err := withNotice(e.Complete(context.Background(), "Once upon", r))
			if err != nil || got != want {
				t.Fatalf("failing at call %d of %d: %q, %v; want %q", n, all, got, err, want)
			}
			if lost := e.Stats().GPU.Lost != ""; lost != strings.Contains(notice, errBroken.Error()) {
				t.Errorf("failing at call %d of %d: the user reads %q", n, all, notice)
			}
			again, _ := finish(e.Complete(context.Background(), "Once upon", r))
			if again != want {
				t.Fatalf("after failing at call %d: %q, want %q", n, again, want)
			}
			if s := e.Stats(); s.GPU.Lost != "" {
				lost++
				if s.Backend != "cpu" {
					t.Errorf("a lost device still counts: %s", s.Backend)
				}
			}
			_ = e.Close() // says that the device failed
		}
		if lost == 0 {
			t.Error("the device was never lost")
		}
		t.Logf("speculate %s: %d calls, %d of them lost the device", speculate, all, lost)
	}
}

// TestFailingDeviceInAPrompt does so for the kernels of long prompts, for weights
// that visit the device because they have no place there, and for experts that
// the device chooses.
func TestFailingDeviceInAPrompt(t *testing.T) {
	for _, c := range []struct {
		dir    []string
		gpu    string
		repeat int // the prompt
	}{
		{[]string{"quantmodel", "Q4_K_M"}, "auto", 2},
		{[]string{"quantmodel", "Q4_K_M"}, "1", 2},
		{[]string{"arch", "gptoss"}, "auto", 1},
	} {
		dir := refs.Dir(t, c.dir...)
		r := readReference(t, dir)
		ids := slices.Repeat(r.Prompt, c.repeat)
		ids = ids[:min(80, len(ids))]
		path, gpu := filepath.Join(dir, "model.gguf"), c.gpu
		var want []int32
		run := func(n int) (e *Engine, calls int) {
			e, count := openFailing(t, path, emulated(t, Options{KV: "f16", Context: r.NCtx, Threads: 2, GPU: gpu}), n)
			got := greedy(t, e, ids, 2)
			if want == nil {
				want = got
			}
			if !slices.Equal(got, want) {
				t.Fatalf("gpu %s, failing at call %d: %v, want %v", gpu, n, got, want)
			}
			return e, *count
		}
		e, all := run(1 << 30)
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		times := 25
		if testing.Short() {
			times = 5
		}
		for n := 0; n < all; n += max(1, all/times) {
			e, _ := run(n)
			if e.Stats().GPU.Lost == "" {
				t.Errorf("gpu %s: call %d of %d failed and nobody noticed", gpu, n, all)
			}
			_ = e.Close() // says that the device failed
		}
		t.Logf("%v, gpu %s: %d calls", c.dir, gpu, all)
	}
}

// TestWarm brings the weights before anything is asked for; an answer that comes
// meanwhile waits, Close does not, and a device that fails is told of.
func TestWarm(t *testing.T) {
	path := refs.Model(t, "stories260K.gguf")
	o := emulated(t, Options{Threads: 1, Context: 64, GPU: "auto"})
	e := openTest(t, path, o)
	want, _ := finish(e.Complete(context.Background(), "Once upon", Request{MaxTokens: 3}))
	all := e.Stats().GPU.WeightBytes

	e = openTest(t, path, o)
	e.Warm()
	e.work.Wait()
	if s := e.Stats(); s.GPU.WeightBytes != all || s.Cache.SyncLoads > 0 {
		t.Errorf("%d of %d bytes are on the device, %d tiles were not read ahead", s.GPU.WeightBytes, all, s.Cache.SyncLoads)
	}
	read := e.Stats().Cache.BytesRead
	if got, _ := finish(e.Complete(context.Background(), "Once upon", Request{MaxTokens: 3})); got != want {
		t.Errorf("warm: %q, want %q", got, want)
	}
	if n := e.Stats().Cache.BytesRead - read; n > 0 {
		t.Errorf("the answer has read %d bytes", n)
	}

	e = openTest(t, path, o)
	e.Warm()
	if got, _ := finish(e.Complete(context.Background(), "Once upon", Request{MaxTokens: 3})); got != want {
		t.Errorf("while it warms up: %q, want %q", got, want)
	}
	e = openTest(t, path, o)
	e.Warm() // and closed at once

	broken, calls := openFailing(t, path, o, 40)
	broken.Warm()
	broken.work.Wait()
	got, notice, err := withNotice(broken.Complete(context.Background(), "Once upon", Request{MaxTokens: 3}))
	if got != want || err != nil || !strings.Contains(notice, errBroken.Error()) {
		t.Errorf("after %d calls: %q, %v, and the user reads %q; want %q", *calls, got, err, notice, want)
	}
	_ = broken.Close() // says that the device failed
}
