package infer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/runnel-chat/runnel/gguf/refs"
	"github.com/runnel-chat/runnel/infer/chat"
	"github.com/runnel-chat/runnel/infer/sample"
)

func asking(text string) []chat.Message {
	return []chat.Message{{Role: "system", Content: "Tell stories."}, {Role: "user", Content: text}}
}

// likeliest answers with the likeliest tokens.
var likeliest = Request{MaxTokens: 24, Sample: sample.Options{}}

// TestTypeAhead types a message in pieces, with corrections, and compares the
// answer with that of an engine that was asked at once. Every kind of cache is
// tried: plain, with windows, with a recurrent state.
func TestTypeAhead(t *testing.T) {
	typed := []string{
		"Once", "Once upon a time there", "Once upon a time there was a litt", "Once upon a time there was a little girl who",
		"Once upon a", "Once upon a time " + strings.Repeat("a big dog ran after a small cat and ", 12), "A dog", "A dog and a cat",
	}
	for _, name := range []string{"stories", "gemma3", "gemma4", "qwen35"} {
		t.Run(name, func(t *testing.T) {
			path := ""
			if name == "stories" {
				path = refs.Model(t, "stories260K.gguf")
			} else {
				path = filepath.Join(refs.Dir(t, "arch", name), "model.gguf")
			}
			o := Options{KV: "f32", Context: 1600, Threads: 2}
			with, without := openTest(t, path, o), openTest(t, path, o)
			for _, text := range typed {
				if err := with.ReadAhead(t.Context(), asking(text), likeliest); err != nil {
					t.Fatalf("%q: %v", text, err)
				}
			}
			want, end := finish(without.Generate(t.Context(), asking(typed[len(typed)-1]), likeliest))
			got, end2 := finish(with.Generate(t.Context(), asking(typed[len(typed)-1]), likeliest))
			if end.Err != nil || end2.Err != nil || got != want {
				t.Errorf("got %q, %v\nwant %q, %v", got, end2.Err, want, end.Err)
			}
			s := with.Stats()
			if s.PromptReused != s.PromptTokens || s.PrefillDuration != 0 {
				t.Errorf("%d of %d tokens were read before, %v after", s.PromptReused, s.PromptTokens, s.PrefillDuration)
			}
			// Asked again, there is nothing left over that could be taken for
			// the logits after the prompt.
			if got, _ = finish(with.Generate(t.Context(), asking(typed[len(typed)-1]), likeliest)); got != want {
				t.Errorf("again: %q\nwant %q", got, want)
			}
		})
	}
}

// TestDraftKeepsThePast checks that a draft, however it changes, never makes
// the next prompt read again what was in the cache before the draft.
func TestDraftKeepsThePast(t *testing.T) {
	for _, name := range []string{"gemma3", "qwen35"} {
		t.Run(name, func(t *testing.T) {
			e := openTest(t, filepath.Join(refs.Dir(t, "arch", name), "model.gguf"), Options{KV: "f32", Context: 1600, Threads: 2})
			past := make([]int32, 700)
			for i := range past {
				past[i] = int32((i*i*7 + i*13) % e.info.Vocab)
			}
			if _, err := e.session.sync(t.Context(), past); err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{5, 60, 600, 3, 300} { // as the text grows, and is deleted
				draft := slices.Clone(past)
				for i := range n {
					draft = append(draft, int32((i*i*11+n)%e.info.Vocab))
				}
				if err := e.session.ahead(t.Context(), draft); err != nil {
					t.Fatal(err)
				}
				if e.session.base != len(past) {
					t.Fatalf("%d tokens: the cache goes back to %d, not %d", n, e.session.base, len(past))
				}
			}
			before := e.count.totalPrompt.Load()
			if _, err := e.session.sync(t.Context(), append(past, 1, 2, 3)); err != nil {
				t.Fatal(err)
			}
			if n := e.count.totalPrompt.Load() - before; n != 3 {
				t.Errorf("%d tokens were read, want the 3 new ones", n)
			}
		})
	}
}

// TestAnswerEndsDraft asks while a draft of another text is being read, and
// while one of the same text is; each time the answer is right and the draft
// over.
func TestAnswerEndsDraft(t *testing.T) {
	path := refs.Model(t, "stories260K.gguf")
	e, fresh := openTest(t, path, Options{Context: 2048, Threads: 2}), openTest(t, path, Options{Context: 2048, Threads: 2})
	long := strings.Repeat("the sun was warm and the bird sang ", 40)
	for _, text := range []string{"A dog", long} {
		want, _ := finish(fresh.Generate(t.Context(), asking(text), likeliest))
		for wait := range 12 {
			var read sync.WaitGroup
			read.Go(func() {
				err := e.ReadAhead(t.Context(), asking(long), likeliest)
				if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, ErrBusy) {
					t.Error(err)
				}
			})
			time.Sleep(time.Duration(wait) * time.Millisecond)
			got, end := finish(e.Generate(t.Context(), asking(text), likeliest))
			read.Wait()
			if end.Err != nil || got != want {
				t.Fatalf("after %d ms: got %q, %v\nwant %q", wait, got, end.Err, want)
			}
			if err := e.ReadAhead(t.Context(), asking("B"), likeliest); err != nil { // forget the prompt
				t.Fatal(err)
			}
		}
	}
}

// TestDraftRefuses states when nothing is read ahead.
func TestDraftRefuses(t *testing.T) {
	e := openTiny(t, tinyLlama, Options{Threads: 1, Context: 64})
	if err := e.ReadAhead(t.Context(), asking(strings.Repeat("abc ", 100)), likeliest); !errors.Is(err, ErrPromptTooLong) {
		t.Errorf("a long one: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.ReadAhead(cancelled, []chat.Message{{Role: "user", Content: "a"}}, likeliest); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled one: %v", err)
	}
	_, done, err := e.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := e.ReadAhead(t.Context(), []chat.Message{{Role: "user", Content: "a"}}, likeliest); !errors.Is(err, ErrBusy) {
		t.Errorf("during an answer: %v", err)
	}
	done()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.ReadAhead(t.Context(), []chat.Message{{Role: "user", Content: "a"}}, likeliest); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// BenchmarkTypeAhead is the time to the first token of a message of some 400
// tokens that was sent at once, and of one that was read while it was typed.
// RUNNEL_BENCH_MODEL names a larger model than the reference one.
func BenchmarkTypeAhead(b *testing.B) {
	path := os.Getenv("RUNNEL_BENCH_MODEL")
	if path == "" {
		path = refs.Model(b, "stories260K.gguf")
	}
	text := strings.Repeat("the sun was warm and the bird sang ", 40)
	for _, ahead := range []bool{false, true} {
		name := "without"
		if ahead {
			name = "with"
		}
		b.Run(name, func(b *testing.B) {
			e := openTest(b, path, Options{Context: 2048})
			r := Request{MaxTokens: 1}
			finish(e.Generate(b.Context(), asking("warm up"), r))
			var took []time.Duration
			for b.Loop() {
				if ahead {
					if err := e.ReadAhead(b.Context(), asking(text), r); err != nil {
						b.Fatal(err)
					}
				}
				finish(e.Generate(b.Context(), asking(text), r))
				took = append(took, e.Stats().TimeToFirst)
				finish(e.Generate(b.Context(), asking("other"), r))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, "ttft-ms")
		})
	}
}
