package token

import (
	"math"
	"slices"
	"testing"
)

func TestMergesByScore(t *testing.T) {
	for _, c := range []struct {
		words      []string
		text, want string
	}{
		{[]string{"▁", "a", "b"}, "", ""},
		{[]string{"▁", "a", "b"}, "a b", "▁ a ▁ b"},
		{[]string{"ab", "bc", "▁", "a", "b", "c"}, "abc", "▁ ab c"},
		{[]string{"bc", "ab", "▁", "a", "b", "c"}, "abc", "▁ a bc"},
		{[]string{"aa", "▁", "a"}, "aaaaa", "▁ aa aa a"},
		{[]string{"▁a", "aé", "▁"}, "aé", "▁a <0xC3> <0xA9>"},             // by bytes
		{[]string{"éa", "▁"}, "aéa", "▁ <0x61> éa"},                       // of characters that are no tokens
		{[]string{"▁▁", "▁", "a", "▁a"}, "  a", "▁▁ ▁a"},                  // runs of spaces
		{[]string{"a▁b", "a▁", "▁", "a", "b"}, "a b", "▁ a▁b"},            // tokens that go over words
		{[]string{"▁", "a"}, "a\xff\xe2\x96", "▁ a <0xFF> <0xE2> <0x96>"}, // broken UTF-8
	} {
		if got := spell(mustBuild(t, sentencePiece(c.words...)), c.text, Options{}); got != c.want {
			t.Errorf("%q with %q is %s, want %s", c.text, c.words, got, c.want)
		}
	}
}

func TestSpacePrefix(t *testing.T) {
	m := sentencePiece("▁", "a", "▁a")
	tok := mustBuild(t, m)
	if got := spell(tok, "a</s>a", Options{Special: true, Parse: true}); got != "<s> ▁a </s> ▁a" {
		t.Errorf("got %s", got)
	}
	m.addSpacePrefix, m.addEOS, m.addBOS = no(), yes(), no()
	tok = mustBuild(t, m)
	if got := spell(tok, "a</s>a a", Options{Special: true, Parse: true}); got != "a </s> a ▁a </s>" {
		t.Errorf("got %s", got)
	}
}

// TestUnknown: without byte tokens a character is unknown, once.
func TestUnknown(t *testing.T) {
	m := sentencePiece("▁", "a")
	for id, text := range m.tokens {
		if text[0] == '<' && id > 2 {
			m.types[id] = int64(unused)
		}
	}
	tok := mustBuild(t, m)
	if got := spell(tok, "aé", Options{}); got != "▁ a <unk>" {
		t.Errorf("got %s", got)
	}
	if got := string(tok.AppendPiece(nil, 0)) + string(tok.AppendToken(nil, 0)); got != "<unk>" {
		t.Errorf("the unknown token is %q", got)
	}
}

// TestOrder: scores of any value have an order.
func TestOrder(t *testing.T) {
	scores := []float32{float32(math.Inf(1)), 3e38, 1, 1e-45, 0, -1e-45, -1, -3e38, float32(math.Inf(-1)), float32(math.NaN())}
	orders := make([]uint32, len(scores))
	for i, s := range scores {
		orders[i] = order(s)
	}
	if !slices.IsSorted(orders) || len(slices.Compact(orders)) != len(scores) {
		t.Errorf("%v are ordered %v", scores, orders)
	}
	if order(float32(math.Copysign(0, -1))) != order(0) {
		t.Error("-0 is not 0")
	}
}
