package token

import (
	"strings"
	"testing"
)

// TestHostileVocabularies: each is refused, and the error says why.
func TestHostileVocabularies(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(m *metadata)
		want  string
	}{
		{"no tokens", func(m *metadata) { m.tokens, m.types = nil, nil }, "no tokens"},
		{"few types", func(m *metadata) { m.types = m.types[1:] }, "token types for"},
		{"no types but some", func(m *metadata) { m.types = []int64{} }, "0 token types"},
		{"many scores", func(m *metadata) { m.scores = make([]float32, 1<<20) }, "scores for"},
		{"wild type", func(m *metadata) { m.types[7] = 1 << 40 }, "token 7 has the unknown type"},
		{"negative type", func(m *metadata) { m.types[7] = -1 }, "token 7 has the unknown type"},
		{"negative byte", func(m *metadata) { m.add("<0x-1>", byteKind) }, `"<0x-1>" names none`},
		{"small byte", func(m *metadata) { m.add("<0x0a>", byteKind) }, `"<0x0a>" names none`},
		{"long byte", func(m *metadata) { m.add("<0x0A>>", byteKind) }, "names none"},
		{"escape in byte", func(m *metadata) { m.add("\x1b]8;;x", byteKind) }, `"\x1b]8;;x" names none`},
		{"no merges", func(m *metadata) { m.merges = nil }, "no merges"},
		{"merge of one", func(m *metadata) { m.merges = append(m.merges, "ab") }, `merge 1, "ab", is not two tokens`},
		{"merge of nothing", func(m *metadata) { m.merges = append(m.merges, "") }, "is not two tokens"},
		{"half a merge", func(m *metadata) { m.merges = append(m.merges, "a ") }, "is not two tokens"},
		{"other half", func(m *metadata) { m.merges = append(m.merges, " a") }, "is not two tokens"},
		{"model", func(m *metadata) { m.model = "gtp2" }, `"gtp2" is not supported; the nearest that is: "gpt2"`},
		{"pre", func(m *metadata) { m.pre = "llama-bep" }, `"llama-bep" is not supported; the nearest that is: "llama-bpe"`},
		{"long pre", func(m *metadata) { m.pre = strings.Repeat("q", 1<<20) }, "is not supported"},
	} {
		m := byteLevel("gpt-2", "a b")
		c.spoil(m)
		tok, err := build(m)
		if err == nil || tok != nil {
			t.Errorf("%s: accepted", c.name)
		} else if !strings.Contains(err.Error(), c.want) || len(err.Error()) > 300 {
			t.Errorf("%s: %q, want %q", c.name, err, c.want)
		}
	}
}

// TestOddVocabularies: what is strange but has a meaning works.
func TestOddVocabularies(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		spoil            func(m *metadata)
	}{
		{"empty tokens", "ab", "ab", func(m *metadata) { m.add("", normal); m.add("", control); m.add("", user) }},
		{"duplicates", "abab", "ab ab", func(m *metadata) { m.add("ab", normal); m.add("a", normal); m.add("ab", control) }},
		{"merge with itself", "aaa", "a a a", func(m *metadata) { m.merges = append(m.merges, "a a", "aa aa") }},
		{"no such tokens", "ab", "ab", func(m *metadata) { m.merges = append(m.merges, "not here", "a nor") }},
		{"bos nowhere", "ab", "ab", func(m *metadata) { m.ids["bos"], m.addBOS = 1<<31-1, yes() }},
		{"no bos", "ab", "ab", func(m *metadata) { m.ids["bos"], m.addBOS, m.addEOS = noID, yes(), yes() }},
		{"no types", "ab", "ab", func(m *metadata) { m.types = nil }},
		{"default pre", "ab 1234", "ab Ġ 1 2 3 4", func(m *metadata) { m.pre = "default" }},
		{"no pre", "ab 1234", "ab Ġ 1 2 3 4", func(m *metadata) { m.pre = "" }},
		{
			"long user token", strings.Repeat("ab", maxName), strings.TrimSpace(strings.Repeat("ab ", maxName)),
			func(m *metadata) { m.add(strings.Repeat("ab", maxName), user) },
		},
	} {
		m := byteLevel("gpt-2", "a b")
		c.spoil(m)
		if got := spell(mustBuild(t, m), c.text, Options{Special: true}); got != c.want {
			t.Errorf("%s: %q is %s, want %s", c.name, c.text, got, c.want)
		}
	}
}

// TestNoSuchID: ids outside of the vocabulary are harmless everywhere.
func TestNoSuchID(t *testing.T) {
	tok := mustBuild(t, byteLevel("gpt-2", "a b"))
	for _, id := range []int32{-1, -1 << 31, int32(tok.Size()), 1<<31 - 1} {
		if s := tok.Token(id) + tok.Decode([]int32{id}) + string(tok.AppendPiece(nil, id)); s != "" {
			t.Errorf("%d is %q", id, s)
		}
		if tok.IsControl(id) || tok.IsEOG(id) {
			t.Errorf("%d means something", id)
		}
	}
	if id, ok := tok.ID("nothing"); ok {
		t.Errorf("nothing has the id %d", id)
	}
}

// hostileUnits make texts that a careless splitter would go over again and
// again: at this size, work that grows with the square of the length takes
// the better part of a minute for each.
var hostileUnits = []string{
	"a", "A", " ", "\n", "\t", "1", "٣", "<", "'", "'s", "!", "🚀", "語", "語A", "é", "\u0301", "\u00a0", "\u3000",
	"\xff", "\x00", " \n", "\n ", "a ", " a", "1a", "aA", "! ", "字1", "12 ", "\r\n", "🚀 ",
}

func TestSplittingAnyTextEnds(t *testing.T) {
	size := 1 << 18
	if testing.Short() {
		size >>= 3
	}
	for _, name := range []string{
		"default", "falcon", "deepseek-llm", "deepseek-coder", "deepseek-v3", "qwen2", "qwen35", "tekken", "kimi-k2",
		"gemma4", "viking", "seed-coder", "exaone-moe", "superbpe", "jais-2", "youtu", "tiny_aya", "afmoe",
	} {
		for _, unit := range hostileUnits {
			text, n := strings.Repeat(unit, size/len(unit))+"x", 0
			presets[name].split.split(text, func(piece string) { n += len(piece) })
			if n != len(text) {
				t.Fatalf("%s: %d bytes of %d × %q", name, n, size/len(unit), unit)
			}
		}
	}
}

func TestEncodingAnyTextEnds(t *testing.T) {
	const size = 1 << 18
	m := byteLevel("gpt-2", "a a", "aa aa", "Ġ Ġ", "ĠĠ ĠĠ")
	for i := range 1000 {
		m.add(strings.Repeat("<", 1+i%100)+string(rune('a'+i%26)), user)
	}
	for _, tok := range []*Tokenizer{
		mustBuild(t, m),
		mustBuild(t, sentencePiece("a", "aa", "▁", "▁▁", "▁▁▁▁", "▁a", "1a")),
		mustBuild(t, sentencePiece("a", "aa", "▁", "▁▁", "a▁", "▁a")),
	} {
		for _, unit := range []string{"a", " ", "a ", "1a", "<", "🚀", "\xff"} {
			text := strings.Repeat(unit, size/len(unit))
			want := text
			if _, ok := tok.model.(*spm); ok {
				want = " " + text
			}
			if got := tok.Decode(tok.Encode(nil, text, Options{})); got != want {
				t.Errorf("%d × %q does not come back", size/len(unit), unit)
			}
		}
	}
}

// TestMegabytes encodes 1 MB of texts that careless work would go over again
// and again with every kind of tokenizer and every way of splitting. Work that
// grows with the square of the length would take hours.
func TestMegabytes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const size = 1 << 20
	toks := byteComplete(t)
	toks["unigram"] = mustBuild(t, unigramMetadata())
	bert := &metadata{model: "bert", ids: map[string]int32{"bos": 0, "seperator": 1, "unknown": 2}}
	for _, name := range []string{"[CLS]", "[SEP]", "[UNK]"} {
		bert.add(name, control)
	}
	for _, piece := range []string{"▁a", "a", "▁aa", "▁!"} {
		bert.add(piece, normal)
	}
	toks["wordpiece"] = mustBuild(t, bert)
	i := 0
	for name, tok := range toks {
		// The units meet every kind of model, and all ways of splitting.
		n := 1
		if _, ok := tok.model.(*bpe); !ok {
			n = len(hostileUnits) / 3
		}
		for range n {
			unit := hostileUnits[i%len(hostileUnits)]
			i += 2 // of an odd number
			ids := tok.Encode(nil, strings.Repeat(unit, size/len(unit)), Options{})
			if len(ids) == 0 && name != "wordpiece" && name != "unigram" { // these know nothing of spaces
				t.Errorf("%s: no tokens for %q", name, unit)
			}
		}
	}
}
