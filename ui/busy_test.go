package ui

import (
	"context"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/runnel-chat/runnel/gguf/refs"
	"github.com/runnel-chat/runnel/infer"
)

// BenchmarkKeyWhileGenerating is the time from a key press to its frame while
// an engine keeps every core busy: the 99th percentile is what a user feels.
// RUNNEL_BENCH_MODEL names a larger model than the reference one.
func BenchmarkKeyWhileGenerating(b *testing.B) {
	path := os.Getenv("RUNNEL_BENCH_MODEL")
	if path == "" {
		path = refs.Model(b, "stories260K.gguf")
	}
	e, err := infer.Open(b.Context(), path, infer.Options{Context: 512})
	if err != nil {
		b.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU() + 2)) // as the program does
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = e.Bench(ctx, infer.BenchOptions{Prompt: 200, Generate: 200, Reps: 1 << 30}) // until stopped
	}()
	m := New(b.Context(), Options{})
	for range 100 {
		m.talk.add(newItem("user", "A question of a few words?"))
		it := newAnswer()
		it.append(goldenAnswer, "")
		it.finish("")
		m.talk.add(it)
	}
	m.resize(120, 40)
	var took []time.Duration
	for b.Loop() {
		time.Sleep(5 * time.Millisecond) // as a fast typist's keys come: to a program that waits
		start := time.Now()
		press(m, "x")
		_ = m.View()
		took = append(took, time.Since(start))
	}
	stop()
	<-done
	if err := e.Close(); err != nil {
		b.Fatal(err)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1e3, "p99-ms")
}
