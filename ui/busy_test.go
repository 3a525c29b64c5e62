package ui

import (
	"context"
	"io"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/gguf/refs"
	"github.com/runnel-chat/runnel/infer"
)

// BenchmarkKeyWhileGenerating is the time from a key press to the bytes of its
// frame at the terminal, through the running program with its frame clock,
// while an engine keeps every core busy: the 99th percentile is what a user
// feels. RUNNEL_BENCH_MODEL names a larger model than the reference one.
func BenchmarkKeyWhileGenerating(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU() + 2)) // as the program does
	defer keepBusy(b)()
	m := New(b.Context(), Options{})
	for range 100 {
		m.talk.add(newItem("user", "A question of a few words?"))
		it := newAnswer()
		it.append(goldenAnswer, "")
		it.finish("")
		m.talk.add(it)
	}
	keys, typist := io.Pipe()
	frames := make(frameWriter, 64)
	var clock frameClock
	clock.program = tea.NewProgram(paced{m, &clock}, tea.WithInput(keys), tea.WithOutput(frames),
		tea.WithEnvironment([]string{"TERM=xterm-256color"}), tea.WithWindowSize(120, 40))
	ended := make(chan error)
	go func() { _, err := clock.program.Run(); ended <- err }()
	frames.settle()
	var took []time.Duration
	press := func(key string) time.Time {
		frames.settle()
		start := time.Now()
		if _, err := typist.Write([]byte(key)); err != nil {
			b.Fatal(err)
		}
		return start
	}
	press("\x1b") // out of the picker
	for b.Loop() {
		start := press([]string{"x", "\x7f"}[len(took)%2])
		select {
		case at := <-frames:
			took = append(took, at.Sub(start))
		case <-time.After(10 * time.Second):
			b.Fatalf("key %d brought no frame", len(took)+1)
		}
	}
	_ = typist.Close() // or the reader waits for one more key
	clock.program.Quit()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	clock.stop()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1e3, "p99-ms")
}

// keepBusy lets an engine compute until the function it returns is called.
func keepBusy(b *testing.B) (stop func()) {
	path := os.Getenv("RUNNEL_BENCH_MODEL")
	if path == "" {
		path = refs.Model(b, "stories260K.gguf")
	}
	e, err := infer.Open(b.Context(), path, infer.Options{Context: 512})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = e.Bench(ctx, infer.BenchOptions{Prompt: 200, Generate: 200, Reps: 1 << 30}) // until stopped
	}()
	return func() {
		cancel()
		<-done
		if err := e.Close(); err != nil {
			b.Error(err)
		}
	}
}

// frameWriter is a terminal that notes when something is written to it.
type frameWriter chan time.Time

func (w frameWriter) Write(p []byte) (int, error) {
	select {
	case w <- time.Now():
	default:
	}
	return len(p), nil
}

// settle waits until nothing has been written for a while, longer than the
// frame clock runs: as a typist's key comes to a program that waits.
func (w frameWriter) settle() {
	for {
		select {
		case <-w:
		case <-time.After(2 * restAfter):
			return
		}
	}
}
