package infer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/infer/sample"
	"github.com/runnel-chat/runnel/prefetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.Cleanup(cleanup)) }

// cleanup ends the tests; on Linux it first removes the emulated device.
var cleanup = os.Exit

// finish reads a stream to its end.
func finish(s *Stream) (text string, last Delta) {
	var b strings.Builder
	for range s.Ready() {
		d := s.Take()
		b.WriteString(d.Text)
		if d.Done {
			last = d
			break
		}
	}
	return b.String(), last
}

func openTiny(t testing.TB, m tiny, o Options) *Engine {
	t.Helper()
	return openTest(t, m.write(t, t.TempDir()), o)
}

func TestSessionReusesThePrefix(t *testing.T) {
	e := openTiny(t, tinyLlama, Options{Threads: 2})
	ids := []int32{1, 260, 261, 262, 263, 264, 265}
	want := logitsOf(t, e, ids)
	want = want[len(want)-e.info.Vocab:]
	for _, before := range [][]int32{nil, ids[:1], ids[:4], {1, 260, 266, 262}, ids, append(slices.Clone(ids), 9, 9, 9)} {
		e.session.truncate(0)
		if len(before) > 0 {
			if _, err := e.session.sync(context.Background(), before); err != nil {
				t.Fatal(err)
			}
		}
		got, err := e.session.sync(context.Background(), ids)
		if err != nil {
			t.Fatal(err)
		}
		if d := maxDifference(got.Values, want); !(d < 1e-3) {
			t.Errorf("after %v the logits differ by %g", before, d)
		}
		if !slices.Equal(e.session.ids, ids) {
			t.Errorf("the session holds %v", e.session.ids)
		}
	}
}

// TestEnds makes a stream end in each of its ways.
func TestEnds(t *testing.T) {
	e := openTiny(t, tinyLlama, Options{Threads: 2, Context: 64})
	ctx := context.Background()
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	for _, tt := range []struct {
		name   string
		ctx    context.Context
		prompt string
		r      Request
		want   Reason
		err    error
	}{
		{"limit", ctx, "abc", Request{MaxTokens: 5}, TokenLimit, nil},
		{"context", ctx, "abc", Request{}, ContextFull, nil},
		{"cancelled", cancelled, "abc", Request{}, Cancelled, nil},
		{"too long", ctx, strings.Repeat("x", 64), Request{}, Failed, ErrPromptTooLong},
	} {
		_, d := finish(e.Complete(tt.ctx, tt.prompt, tt.r))
		if tt.want == ContextFull && d.Reason == EndOfTurn {
			continue // the random model may say so first
		}
		if d.Reason != tt.want || !errors.Is(d.Err, tt.err) {
			t.Errorf("%s: %v, %v", tt.name, d.Reason, d.Err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, d := finish(e.Complete(ctx, "abc", Request{})); !errors.Is(d.Err, ErrClosed) {
		t.Errorf("after Close: %v", d.Err)
	}
}

// TestCancelAnywhere cancels after a varying time and expects the next answer
// to be what it always was.
func TestCancelAnywhere(t *testing.T) {
	e := openTiny(t, tinyLlama, Options{Threads: 2})
	r := Request{MaxTokens: 40, Sample: sample.Options{}}
	want, _ := finish(e.Complete(context.Background(), "abc abc", r))
	for i := range 60 {
		ctx, cancel := context.WithCancel(context.Background())
		s := e.Complete(ctx, "abc abc ab"+strings.Repeat("c", i%5), r)
		time.AfterFunc(time.Duration(i)*37*time.Microsecond, cancel)
		if _, d := finish(s); d.Err != nil {
			t.Fatal(d.Err)
		}
		cancel()
		if i%10 == 0 {
			if got, d := finish(e.Complete(context.Background(), "abc abc", r)); got != want || d.Err != nil {
				t.Fatalf("after a cancelled answer: %q, %v; want %q", got, d.Err, want)
			}
		}
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	e := openTiny(t, tinyLlama, Options{Threads: 2})
	ctx := context.Background()
	if _, err := e.session.sync(ctx, []int32{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(200, func() {
		if _, err := e.session.step(ctx, 5); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a token", n)
	}
}

// raced tells whether the race detector is on: its own memory is none of ours.
func raced() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// TestMemoryStaysFlat generates a thousand tokens and starts and cancels a
// hundred answers.
func TestMemoryStaysFlat(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	if raced() {
		t.Skip("the race detector's own memory grows")
	}
	e := openTiny(t, tinyLlama, Options{Threads: 2, Context: 512})
	ctx := context.Background()
	cycle := func() {
		c, cancel := context.WithCancel(ctx)
		s := e.Complete(c, "abc", Request{MaxTokens: 50})
		<-s.Ready()
		cancel()
		finish(s)
	}
	run := func(tokens, cycles int) {
		for done := 0; done < tokens; done += 100 {
			if err := e.deepen(ctx, nil); err != nil {
				t.Fatal(err)
			}
			for range 100 {
				if _, err := e.session.step(ctx, 5); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range cycles {
			cycle()
		}
	}
	run(500, 50)
	before := anonymous(t)
	run(1000, 100)
	if grown := anonymous(t) - before; grown > 1<<20 {
		t.Errorf("anonymous memory grew by %d KiB", grown>>10)
	}
}

// anonymous is RssAnon after a collection.
func anonymous(t *testing.T) int64 {
	t.Helper()
	runtime.GC()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "RssAnon:")
	n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n << 10
}

// TestBudgets expects the same text from every budget, hits with every token,
// and no tile asked for that was not on its way.
func TestBudgets(t *testing.T) {
	m := tinyLlama
	m.layers, m.embd, m.ffn = 6, 512, 2048
	path := m.write(t, t.TempDir())
	r := Request{MaxTokens: 12}
	var want string
	var weights int64
	for _, percent := range []int64{100, 25, 50, 75, 90} {
		o := Options{Threads: 2, Context: 128}
		if percent < 100 {
			o.tiles, o.weights = 64<<10, weights*percent/100
		}
		e := openTest(t, path, o)
		got, d := finish(e.Complete(context.Background(), "abc abc", r))
		if d.Err != nil {
			t.Fatal(d.Err)
		}
		st := e.Stats().Cache
		if percent == 100 {
			want, weights = got, st.WeightBytes
		}
		if got != want {
			t.Errorf("%d %%: text %q, resident %q", percent, got, want)
		}
		if streams := st.StreamedBytes > 0; streams != (percent < 100) || streams && st.StreamedBytes < weights*(100-percent)/100 {
			t.Errorf("%d %%: %d of %d bytes stream", percent, st.StreamedBytes, st.WeightBytes)
		}
		hits := st.Hits()
		if _, d := finish(e.Complete(context.Background(), "abc abc c", r)); d.Err != nil {
			t.Fatal(d.Err)
		}
		st = e.Stats().Cache
		if st.SyncLoads != 0 || st.Hits() <= hits {
			t.Errorf("%d %%: hits %d, then %d, late %d, sync loads %d", percent, hits, st.Hits(), st.Late, st.SyncLoads)
		}
	}
}

// TestLongStreamedAnswer writes a thousand tokens with half of the weights in
// memory: the memory stays flat, and what is written is what a model that fits
// writes.
func TestLongStreamedAnswer(t *testing.T) {
	if runtime.GOOS != "linux" || raced() {
		t.Skip("reads /proc, and the race detector's own memory grows")
	}
	m := tinyLlama
	m.layers, m.embd, m.ffn = 3, 128, 512
	path := m.write(t, t.TempDir())
	o := Options{Threads: 2, Context: 1100, KV: "q8_0", Speculate: "off", tiles: 16 << 10, weights: 400 << 10}
	o.source = func(s prefetch.Source) prefetch.Source {
		s.(*prefetch.Files).Use(prefetch.SourceCached) // the pace of the disk is none of this
		return s
	}
	resident := o
	resident.weights, resident.tiles = 0, 0
	want := thousand(t, openTest(t, path, resident), nil)
	e := openTest(t, path, o)
	var before, most int64
	got := thousand(t, e, func(n int) {
		switch {
		case n == 100:
			before = anonymous(t)
		case n > 100 && n%100 == 0:
			most = max(most, anonymous(t))
		}
	})
	if !slices.Equal(got, want) {
		t.Error("streamed, other tokens")
	}
	if kv := e.session.cache.Bytes(); most > before+kv+1<<20 {
		t.Errorf("anonymous memory grew by %d KiB, the context has %d", (most-before)>>10, kv>>10)
	}
	if st := e.Stats().Cache; st.SyncLoads > 0 || st.StreamedBytes < st.WeightBytes/3 || st.UsedBytes > st.BudgetBytes {
		t.Errorf("%+v", st)
	}
}

// thousand draws a thousand tokens, the ends of turns included.
func thousand(t *testing.T, e *Engine, each func(n int)) []int32 {
	t.Helper()
	ctx := context.Background()
	draw := sample.New(e.info.Vocab, sample.Options{Temperature: 1, Seed: 1})
	logits, err := e.session.sync(ctx, []int32{1, 260, 261})
	var out []int32
	for len(out) < 1000 && err == nil {
		if each != nil {
			each(len(out))
		}
		id, e2 := draw.Next(logits)
		if e2 != nil {
			t.Fatal(e2)
		}
		out = append(out, id)
		logits, err = e.session.step(ctx, id)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestOpenRefuses(t *testing.T) {
	open := func(path string) error {
		e, err := Open(context.Background(), path, Options{Threads: 1})
		if err == nil {
			_ = e.Close()
		}
		return err
	}
	dir := t.TempDir()
	if err := open(filepath.Join(dir, "none.gguf")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	var format *gguf.FormatError
	cut := tinyLlama.write(t, dir)
	if err := os.Truncate(cut, 20_000); err != nil {
		t.Fatal(err)
	}
	if err := open(cut); !errors.As(err, &format) {
		t.Errorf("truncated file: %v", err)
	}
	with := func(f func(*tiny)) tiny {
		m := tinyLlama
		m.set = map[string]any{}
		f(&m)
		return m
	}
	for _, tt := range []struct {
		name string
		m    tiny
		want string
		is   error
	}{
		{"architecture", with(func(m *tiny) { m.set["general.architecture"] = "lama" }), "llama", ErrUnsupported},
		{"tensor", with(func(m *tiny) { m.skip = "blk.1.attn_k.weight" }), "blk.1.attn_k.weight", gguf.ErrMissing},
		{"key", with(func(m *tiny) { m.set["llama.block_count"] = nil }), "llama.block_count", gguf.ErrMissing},
		{"layers", with(func(m *tiny) { m.set["llama.block_count"] = uint32(3) }), "blk.2.", gguf.ErrMissing},
		{"heads", with(func(m *tiny) { m.set["llama.attention.head_count_kv"] = uint32(3) }), "share", nil},
		{"shape", with(func(m *tiny) { m.set["llama.feed_forward_length"] = uint32(64) }), "shape", nil},
		{"scaling", with(func(m *tiny) { m.set["llama.rope.scaling.type"] = "magic" }), "magic", ErrUnsupported},
		{"experts", with(func(m *tiny) {
			m.set["llama.expert_count"], m.set["llama.expert_used_count"] = uint32(8), uint32(9)
		}), "expert_used_count", nil},
	} {
		err := open(tt.m.write(t, dir))
		if err == nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
