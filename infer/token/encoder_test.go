package token

import (
	"encoding/binary"
	"strings"
	"testing"
)

func TestWordPiece(t *testing.T) {
	m := &metadata{model: "bert", ids: map[string]int32{"bos": 0, "seperator": 1, "unknown": 2}}
	for _, name := range []string{"[CLS]", "[SEP]", "[UNK]"} {
		m.add(name, control)
	}
	for _, piece := range strings.Fields("▁un aff able ▁a ▁b c ▁! ▁中 ▁uber") {
		m.add(piece, normal)
	}
	tok := mustBuild(t, m)
	for text, want := range map[string]string{
		"":                             "[CLS] [SEP]",
		"unaffable":                    "[CLS] ▁un aff able [SEP]",
		" UN\taffable a":               "[CLS] ▁un [UNK] ▁a [SEP]",
		"Über\u0301 bc!c":              "[CLS] ▁uber ▁b c ▁! [UNK] [SEP]",
		"a中b":                          "[CLS] ▁a ▁中 ▁b [SEP]",
		"a\x00\u200d\ufffdc":           "[CLS] ▁a c [SEP]",
		"b" + strings.Repeat("c", 99):  "[CLS] ▁b" + strings.Repeat(" c", 99) + " [SEP]",
		"b" + strings.Repeat("c", 100): "[CLS] [UNK] [SEP]",
	} {
		if got := spell(tok, text, Options{Special: true}); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

// unigramMetadata has the log probabilities beside the pieces.
func unigramMetadata() *metadata {
	m := &metadata{model: "t5", ids: map[string]int32{}, addSpacePrefix: yes(), mergeSpaces: yes()}
	for _, name := range []string{"<pad>", "</s>", "<unk>"} {
		m.add(name, control)
	}
	m.scores = make([]float32, 3)
	for piece, score := range map[string]float32{"▁": -3, "a": -4, "b": -4, "ab": -5, "▁a": -5, "abb": -9.5, "é": -6} {
		m.add(piece, normal)
		m.scores = append(m.scores, score)
	}
	return m
}

func TestUnigram(t *testing.T) {
	m := unigramMetadata()
	tok := mustBuild(t, m)
	for text, want := range map[string]string{
		"":            "</s>",
		"ab":          "▁ ab </s>",
		"abb":         "▁ ab b </s>", // -12 is better than -3-9.5
		"  ab   a":    "▁ ab ▁a </s>",
		"axyzé":       "▁a <unk> é </s>",
		"\xffa":       "▁ <unk> a </s>",
		"a</s>":       "▁a </s> </s>",
		"xxxxx":       "▁ <unk> </s>",
		"a\u2003\tb ": "▁a <unk> b </s>",
	} {
		if got := spell(tok, text, Options{Special: true, Parse: true}); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	m.mergeSpaces, m.spaceSuffix = nil, yes()
	if got := spell(mustBuild(t, m), "ab  a", Options{}); got != "ab ▁ ▁a ▁" {
		t.Errorf("got %s", got)
	}
	m.scores = nil
	if _, err := build(m); err == nil {
		t.Error("accepted without scores")
	}
}

// trie writes the double array that maps a to "é", and ab to "".
func trie() []byte {
	nodes := make([]uint32, 1024)
	const hasLeaf = 1 << 8
	at := func(base uint32, label byte) uint32 { return base ^ uint32(label) }
	nodes[0] = 256 << 10
	a := at(256, 'a')
	nodes[a] = (a^512)<<10 | hasLeaf | 'a' // its base is 512
	nodes[512] = 1 << 31
	b := at(512, 'b')
	nodes[b] = (b^640)<<10 | hasLeaf | 'b' // its base is 640
	nodes[640] = 1<<31 | 3
	blob := binary.LittleEndian.AppendUint32(nil, uint32(4*len(nodes)))
	for _, n := range nodes {
		blob = binary.LittleEndian.AppendUint32(blob, n)
	}
	return append(blob, "é\x00\x00"...)
}

func TestCharsMap(t *testing.T) {
	c, err := newCharsMap(trie())
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"a": "é", "ab": "", "ac": "é", "b": "b", "語x": "語", "\xffa": "\ufffd", "\x00": "\x00"} {
		if got, n := c.prefix(text); got != want || n < 1 {
			t.Errorf("%q becomes %q for %d bytes, want %q", text, got, n, want)
		}
	}
	for n := range 4 {
		if _, err := newCharsMap(make([]byte, n)); (err == nil) != (n == 0) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if _, err := newCharsMap([]byte{8, 0, 0, 0, 1, 2, 3, 4}); err == nil {
		t.Error("accepted a map that is cut off")
	}
	m := unigramMetadata()
	m.charsMap = trie()
	if got := spell(mustBuild(t, m), "acab", Options{}); got != "▁ é <unk>" {
		t.Errorf("got %s", got)
	}
}

// FuzzCharsMap: any map and any text come to an end, a bounded one.
func FuzzCharsMap(f *testing.F) {
	f.Add(trie(), "abacab")
	f.Add([]byte{4, 0, 0, 0, 255, 255, 255, 255, 'x'}, "語")
	f.Fuzz(func(t *testing.T, blob []byte, text string) {
		c, err := newCharsMap(blob)
		if err != nil {
			return
		}
		n := normalizer{chars: c, prefix: true, suffix: true}
		if got := n.normalize(text, true); len(got) > (len(text)+2)*maxReplacement*3 {
			t.Fatalf("%d bytes become %d", len(text), len(got))
		}
	})
}
