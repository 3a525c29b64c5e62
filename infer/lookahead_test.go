package infer

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/gguf/refs"
	"github.com/runnel-chat/runnel/infer/sample"
)

func TestGuesser(t *testing.T) {
	for _, tt := range []struct {
		ids  []int32
		room int
		want []int32
	}{
		{[]int32{1, 2, 3, 4, 9, 1, 2}, 9, []int32{3, 4, 9, 1, 2}},
		{[]int32{1, 2, 3, 4, 9, 1, 2}, 2, []int32{3, 4}},
		{[]int32{1, 2, 3, 4, 5}, 9, nil},
		{[]int32{7, 1, 5, 2, 5}, 9, nil},                          // one token is no match
		{[]int32{1, 2, 8, 0, 1, 2, 6, 0, 1, 2}, 1, []int32{6}},    // of equals the latest
		{[]int32{5, 1, 2, 8, 6, 1, 2, 7, 5, 1, 2}, 1, []int32{8}}, // the longer match
		{[]int32{3, 3, 3}, 9, []int32{3}},
		{nil, 9, nil},
		{[]int32{1, 1}, 9, nil},
	} {
		if got := newGuesser(tt.ids).propose(tt.room); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, want %v", tt.ids, got, tt.want)
		}
	}
}

func TestGuesserRests(t *testing.T) {
	g := newGuesser([]int32{1, 2, 3, 1, 2})
	for _, rest := range []int{1, 2, 4} {
		g.learn(2, 0)
		for range rest {
			if p := g.propose(9); p != nil {
				t.Fatalf("after failures it proposes %v", p)
			}
		}
		if g.propose(9) == nil {
			t.Fatalf("it rests longer than %d tokens", rest)
		}
	}
	g.learn(2, 2)
	if g.propose(9) == nil {
		t.Error("it rests after a success")
	}
}

// TestSpeculationChangesNothing: with guessing and without, streamed or
// resident, greedy or drawn with a seed, the text is the same.
func TestSpeculationChangesNothing(t *testing.T) {
	m := tinyLlama
	m.layers, m.embd, m.ffn = 3, 256, 512
	path := m.write(t, t.TempDir())
	prompt := strings.Repeat("abc ab abc b ", 8)
	for _, temperature := range []float32{0, 0.7} {
		want := ""
		for i, o := range []Options{
			{Speculate: "off"},
			{Speculate: "on"},
			{Speculate: "auto", tiles: 16 << 10, weights: 1 << 19},
		} {
			o.Threads, o.Context, o.KV = 2, 256, "f32"
			e := openTest(t, path, o)
			r := Request{MaxTokens: 100, Sample: sample.Options{Temperature: temperature, TopK: 8, Seed: 3}}
			for range 2 { // the second answer finds what the first guessed wrong in the cache
				got, d := finish(e.Complete(context.Background(), prompt, r))
				if d.Err != nil {
					t.Fatal(d.Err)
				}
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("temperature %g, %+v:\n got %q\nwant %q", temperature, o, got, want)
				}
			}
			st := e.Stats()
			if i == 0 && st.Proposed > 0 || i > 0 && temperature > 0 && st.Proposed == 0 { // the greedy text repeats nothing
				t.Errorf("temperature %g, %q: %d tokens proposed", temperature, o.Speculate, st.Proposed)
			}
			if st.Accepted > st.Proposed || st.ContextUsed > 256 {
				t.Errorf("%d of %d accepted, %d tokens in the context", st.Accepted, st.Proposed, st.ContextUsed)
			}
		}
	}
}

// TestSpeculationOnARealModel: a story that is told again is guessed, and the
// greedy tokens stay what they are.
func TestSpeculationOnARealModel(t *testing.T) {
	path := refs.Model(t, "stories260K.gguf")
	e := openTest(t, path, Options{Threads: 2})
	begin := "Once upon a time"
	story, d := finish(e.Complete(context.Background(), begin, Request{MaxTokens: 100}))
	if d.Err != nil {
		t.Fatal(d.Err)
	}
	var want string
	for _, s := range []string{"off", "on"} {
		e := openTest(t, path, Options{Speculate: s, Threads: 2})
		got, d := finish(e.Complete(context.Background(), begin+story+" "+begin, Request{MaxTokens: 200}))
		if d.Err != nil {
			t.Fatal(d.Err)
		}
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%s: %q, want %q", s, got, want)
		}
		if s == "on" && e.Stats().Accepted == 0 {
			t.Errorf("none of %d guesses came true", e.Stats().Proposed)
		}
	}
}
