package infer

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/runnel-chat/runnel/infer/chat"
)

// TestForecast works out by hand what a model of 4 GB takes where 1 GB of it
// streams.
func TestForecast(t *testing.T) {
	w := demand{weights: 4e9, token: 4e9, multiplies: 7e9}
	s := speed{DecodeBytesPerSecond: 8e9, PrefillWeightsPerSecond: 140e9} // half a second a token, 20 tokens a second
	for _, tt := range []struct {
		name           string
		rate           float64
		streamed       int64
		tokens         int
		loaded         bool
		first          float64
		tps            float64
		limiter        string
		w              demand
		forgetsPrefill bool
	}{
		{"resident", 1e9, 0, 40, true, 2, 2, "compute", w, false},
		{"a short prompt takes a pass", 1e9, 0, 2, true, .5, 2, "compute", w, false},
		{"loading is the first pass", 1e9, 0, 40, false, 4, 2, "compute", w, false},
		{"and hides behind a long prompt", 1e9, 0, 100, false, 5, 2, "compute", w, false},
		{"streamed", 1e9, 1e9, 2, true, 1, 1, "disk", w, false},
		{"two passes", 1e8, 1e9, 600, true, 30, .1, "disk", w, false},
		{"two passes of a slow disk", 1e7, 1e9, 600, true, 200, .01, "disk", w, false},
		{"not loaded and streamed", 1e8, 1e9, 600, false, 50, .1, "disk", w, false},
		{"the disk is not known", 0, 1e9, 600, true, 0, 0, "", w, false},
		{"not a prompt yet", 1e9, 0, 40, true, 0, 2, "compute", w, true},
		{"experts", 1e9, 2e9, 10, true, 2, 4, "disk", demand{weights: 4e9, token: 0.5e9, multiplies: 1e9}, false},
	} {
		s := s
		if tt.forgetsPrefill {
			s.PrefillWeightsPerSecond = 0
		}
		f := forecast(tt.w, s, tt.rate, tt.streamed, 4e9, 512)
		if got := f.FirstToken(tt.tokens, tt.loaded).Seconds(); math.Abs(got-tt.first) > 1e-6 {
			t.Errorf("%s: first token after %g s, want %g", tt.name, got, tt.first)
		}
		if math.Abs(f.DecodeTPS-tt.tps) > 1e-6 || f.Limiter != tt.limiter {
			t.Errorf("%s: %g tokens/s by %q, want %g by %q", tt.name, f.DecodeTPS, f.Limiter, tt.tps, tt.limiter)
		}
	}
}

// TestTrim: a batch is as short as hides the disk twice over, where both are
// known.
func TestTrim(t *testing.T) {
	for _, tt := range []struct {
		f           Forecast
		batch, want int
	}{
		{Forecast{reads: true, stream: 2, prefill: .05}, 512, 256},
		{Forecast{reads: true, stream: 2, prefill: .05}, 4096, 256},
		{Forecast{reads: true, stream: 20, prefill: .05}, 4096, 1024},
		{Forecast{reads: true, stream: 20, prefill: .01}, 512, 512},
		{Forecast{reads: true, prefill: .05}, 512, 512},
		{Forecast{reads: true, stream: 2}, 512, 512},
		{Forecast{stream: 2, prefill: .05}, 512, 512},
	} {
		if got := trim(tt.batch, tt.f); got != tt.want {
			t.Errorf("%+v: %d of %d, want %d", tt.f, got, tt.batch, tt.want)
		}
	}
}

// TestPrice asks before an answer and compares with what it came to.
func TestPrice(t *testing.T) {
	e := openTiny(t, tinyLlama, Options{Threads: 2, Context: 1024})
	ask := []chat.Message{{Role: "user", Content: strings.Repeat("abc ab ", 100)}}
	before, err := e.Price(ask, Request{})
	if err != nil || before.Tokens == 0 || before.Reused != 0 || before.First != 0 {
		t.Errorf("before any answer: %+v, %v", before, err)
	}
	text, d := finish(e.Generate(context.Background(), ask, Request{MaxTokens: 8}))
	if d.Err != nil {
		t.Fatal(d.Err)
	}
	if n := e.Stats().PromptTokens; n != before.Tokens {
		t.Errorf("%d tokens, the price said %d", n, before.Tokens)
	}
	ask = append(ask, chat.Message{Role: "assistant", Content: text}, chat.Message{Role: "user", Content: strings.Repeat("c ", 50)})
	next, err := e.Price(ask, Request{})
	if err != nil || next.Reused < before.Tokens/2 || next.First <= 0 || next.First > time.Minute || next.DecodeTPS <= 0 {
		t.Errorf("the next answer: %+v, %v", next, err)
	}
	if _, d := finish(e.Generate(context.Background(), ask, Request{MaxTokens: 1})); d.Err != nil {
		t.Fatal(d.Err)
	}
	if st := e.Stats(); st.PromptTokens != next.Tokens || st.PromptReused != next.Reused {
		t.Errorf("%d tokens, %d reused; the price said %+v", st.PromptTokens, st.PromptReused, next)
	}
}
