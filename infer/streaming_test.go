package infer

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/runnel-chat/runnel/prefetch"
)

// streaming is a model of about 4 MB in tiles small enough to stream.
func streaming(t testing.TB) (path string, o Options) {
	m := tinyLlama
	m.layers, m.embd, m.ffn = 4, 256, 1024
	return m.write(t, t.TempDir()), Options{Threads: 2, Context: 128, tiles: 32 << 10, weights: 2 << 20}
}

// TestSetMemory halves and restores the budget between and during answers.
func TestSetMemory(t *testing.T) {
	path, o := streaming(t)
	o.weights = 16 << 20
	e := openTest(t, path, o)
	ctx := context.Background()
	r := Request{MaxTokens: 16}
	want, _ := finish(e.Complete(ctx, "abc abc", r))
	full := e.Stats().BudgetBytes
	for i, less := range []int64{13 << 20, 14 << 20, 0, 13 << 20, 0} {
		s := e.Complete(ctx, "abc abc"+strings.Repeat("c", i%2), r)
		if i > 1 {
			<-s.Ready() // in the middle of the answer
		}
		if err := e.SetMemory(full - less); err != nil {
			t.Fatal(err)
		}
		if _, d := finish(s); d.Err != nil {
			t.Fatal(d.Err)
		}
		if got, _ := finish(e.Complete(ctx, "abc abc", r)); got != want {
			t.Errorf("with %d MiB less: %q, want %q", less>>20, got, want)
		}
		st := e.Stats().Cache
		if st.UsedBytes > full-less {
			t.Errorf("%d bytes in use of %d", st.UsedBytes, full-less)
		}
		if streams := st.StreamedBytes > 0; streams != (less > 0) {
			t.Errorf("with %d MiB less, %d bytes stream", less>>20, st.StreamedBytes)
		}
	}
	if err := e.SetMemory(1 << 20); !errors.Is(err, ErrDoesNotFit) {
		t.Errorf("a budget of 1 MiB: %v", err)
	}
}

// TestBrokenDisk makes reads fail in the middle of an answer: it ends with an
// error, and the next one is as ever.
func TestBrokenDisk(t *testing.T) {
	path, o := streaming(t)
	var broken atomic.Int32 // 0: not at all
	faults := []prefetch.Fault{{}, {Err: prefetch.ErrIO}, {Short: true}}
	o.source = func(s prefetch.Source) prefetch.Source {
		return &prefetch.Faulty{Source: s, Fault: func(int) prefetch.Fault { return faults[broken.Load()] }}
	}
	e := openTest(t, path, o)
	ctx := context.Background()
	r := Request{MaxTokens: 24}
	want, d := finish(e.Complete(ctx, "abc abc", r))
	if d.Err != nil {
		t.Fatal(d.Err)
	}
	for fault := range int32(2) {
		s := e.Complete(ctx, "abc abc", r)
		<-s.Ready()
		broken.Store(fault + 1)
		if _, d := finish(s); d.Reason == Failed && !strings.Contains(d.Err.Error(), "weight") {
			t.Errorf("the answer ended with %v", d.Err)
		}
		if _, d := finish(e.Complete(ctx, "abc abc", r)); d.Err == nil {
			t.Error("an answer from a broken disk")
		}
		broken.Store(0)
		if _, d = finish(e.Complete(ctx, "abc", Request{MaxTokens: 1})); d.Err != nil {
			t.Log(d.Err) // of a read that failed before this answer
		}
		if got, d := finish(e.Complete(ctx, "abc abc", r)); got != want || d.Err != nil {
			t.Errorf("after the disk came back: %q, %v, want %q", got, d.Err, want)
		}
	}
}

// TestChangedFile truncates the file under an engine that streams from it.
func TestChangedFile(t *testing.T) {
	path, o := streaming(t)
	e := openTest(t, path, o)
	ctx := context.Background()
	if _, d := finish(e.Complete(ctx, "abc", Request{MaxTokens: 4})); d.Err != nil {
		t.Fatal(d.Err)
	}
	if err := os.Truncate(path, 100_000); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, d := finish(e.Complete(ctx, "abc abc", Request{MaxTokens: 80})); !errors.Is(d.Err, prefetch.ErrChanged) {
			t.Errorf("the answer ended with %v, %v", d.Reason, d.Err)
		}
	}
}
