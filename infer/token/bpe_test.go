package token

import (
	"strings"
	"testing"
)

func TestMergesByRank(t *testing.T) {
	for _, c := range []struct {
		merges     []string
		text, want string
	}{
		{nil, "", ""},
		{[]string{"a b"}, "ab abc", "ab Ġ ab c"},
		{[]string{"b c", "a b", "a bc"}, "abc", "abc"},
		{[]string{"a b", "b c", "a bc"}, "abc", "ab c"},                          // the first merge wins
		{[]string{"a a"}, "aaaaa", "aa aa a"},                                    // leftmost of equals
		{[]string{"a a", "aa aa"}, "aaaaaaa", "aaaa aa a"},                       // merges of merges
		{[]string{"Ġ a", "a b", "Ġ ab"}, " ab", "Ġa b"},                          // an early merge can block a later one
		{[]string{"a b", "a b"}, "ab", "ab"},                                     // the second of two is void
		{[]string{"x y", "q q"}, "xy\xff\xfe", "xy ÿ þ"},                         // any byte has its token
		{[]string{"a b", "ab ab", "abab abab"}, "abababababab", "abababab abab"}, //
	} {
		m := byteLevel("gpt-2", append(c.merges, "Z Z")...)
		if got := spell(mustBuild(t, m), c.text, Options{}); got != c.want {
			t.Errorf("%q with %q is %s, want %s", c.text, c.merges, got, c.want)
		}
	}
}

func TestMergesThatCannotHappen(t *testing.T) {
	m := byteLevel("gpt-2", "a b")
	m.merges = append(m.merges,
		"ab zz", // zz is no token
		"c d",   // cd is no token
		"ab ab", // abab is no token
		"x x")   // the file makes xx a control token
	m.add("xx", control)
	if got := spell(mustBuild(t, m), "ababzzcdxx", Options{}); got != "ab ab z z c d x x" {
		t.Errorf("got %s", got)
	}
}

func TestIgnoreMerges(t *testing.T) {
	for pre, want := range map[string]string{"llama-bpe": "Ġword", "qwen2": "Ġ w or d"} {
		m := byteLevel(pre, "o r")
		m.add("Ġword", normal)
		if got := spell(mustBuild(t, m), " word", Options{}); got != want {
			t.Errorf("%s: got %s, want %s", pre, got, want)
		}
	}
}

// TestMissingBytes: a byte without a token is left out, unless the vocabulary
// has a token that stands for the unknown.
func TestMissingBytes(t *testing.T) {
	m := byteLevel("gpt-2", "a b")
	m.tokens['\xff'] = "gone"
	if got := spell(mustBuild(t, m), "ab\xff\xffa", Options{}); got != "ab a" {
		t.Errorf("got %s", got)
	}
	m.ids["unknown"] = m.add("<unk>", unknown)
	if got := spell(mustBuild(t, m), "ab\xffa", Options{}); got != "ab <unk> a" {
		t.Errorf("got %s", got)
	}
}

func TestLineBPE(t *testing.T) {
	m := sentencePiece("a", "b", "▁", "ab", "▁ab", "\n", "\n\n\n", "aé", "é")
	m.model, m.merges = "gemma4", []string{"a b", "▁ ab", "a é"}
	m.ids["bos"] = 1
	tok := mustBuild(t, m)
	for text, want := range map[string]string{
		"ab ab":    "<s> ab ▁ab",
		" ab\n":    "<s> ▁ab \n",
		"\n\n\nab": "<s> \n\n\n ab",
		"\n\nab":   "<s> \n \n ab",
		"aé€":      "<s> aé <0xE2> <0x82> <0xAC>",
	} {
		if got := spell(tok, text, Options{Special: true}); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
		if got := tok.Decode(tok.Encode(nil, text, Options{})); got != text {
			t.Errorf("%q comes back as %q", text, got)
		}
	}
}

// counting counts how often a pair is looked up.
type counting struct {
	ranker
	calls int
}

func (c *counting) rank(m *merger, left, right *symbol) (uint32, int32) {
	c.calls++
	return c.ranker.rank(m, left, right)
}

// TestMergeIsLinear: every merge asks for at most two new pairs, however long
// the piece is.
func TestMergeIsLinear(t *testing.T) {
	tok := mustBuild(t, byteLevel("gpt-2", "a a", "aa aa", "aaaa aaaa", "a b", "b a"))
	for _, unit := range []string{"a", "ab", "aab", "aaaab"} {
		piece := strings.Repeat(unit, maxPiece/len(unit))
		m, c := &merger{}, &counting{ranker: tok.model.(*bpe)}
		for i := range len(piece) {
			m.push(tok.model.(*bpe).symbols[piece[i]], 1)
		}
		m.merge(c)
		if c.calls > 3*len(piece) {
			t.Errorf("%d lookups for %d × %q", c.calls, len(piece)/len(unit), unit)
		}
	}
}

// TestLongPieces: a piece beyond the limit is cut between characters.
func TestLongPieces(t *testing.T) {
	for _, c := range []struct {
		unit string
		want int
	}{{"a", maxPiece}, {"é", maxPiece}, {"語", maxPiece - 1}, {"\x80", maxPiece}} {
		if got := cutLong(strings.Repeat(c.unit, maxPiece+1)[:maxPiece+1]); got != c.want {
			t.Errorf("%q is cut at %d, want %d", c.unit, got, c.want)
		}
	}
	tok := mustBuild(t, byteLevel("gpt-2", "a a"))
	text := strings.Repeat("a", 1<<20)
	if n := len(tok.Encode(nil, text, Options{})); n != len(text)/2 {
		t.Errorf("%d tokens", n)
	}
}
