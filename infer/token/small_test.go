package token

import (
	"strings"
	"testing"
)

// byteLevel is a GPT-2 vocabulary: the 256 bytes, what the merges make, then
// more tokens with add.
func byteLevel(pre string, merges ...string) *metadata {
	m := &metadata{model: "gpt2", pre: pre, merges: merges, ids: map[string]int32{}}
	for b := range 256 {
		m.add(string(byteRune[b]), normal)
	}
	for _, merge := range merges {
		m.add(strings.Replace(merge, " ", "", 1), normal)
	}
	return m
}

// sentencePiece is a Llama 2 vocabulary: three specials, 256 byte tokens, then
// words, the first with the best score.
func sentencePiece(words ...string) *metadata {
	m := &metadata{model: "llama", ids: map[string]int32{}}
	m.add("<unk>", unknown)
	m.add("<s>", control)
	m.add("</s>", control)
	const digits = "0123456789ABCDEF"
	for b := range 256 {
		m.add("<0x"+string(digits[b>>4])+string(digits[b&15])+">", byteKind)
	}
	m.scores = make([]float32, len(m.tokens))
	for i, w := range words {
		m.add(w, normal)
		m.scores = append(m.scores, float32(-i))
	}
	return m
}

// add appends a token and returns its id.
func (m *metadata) add(text string, k kind) int32 {
	m.tokens, m.types = append(m.tokens, text), append(m.types, int64(k))
	return int32(len(m.tokens) - 1)
}

func mustBuild(t testing.TB, m *metadata) *Tokenizer {
	t.Helper()
	tok, err := build(m)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// spell encodes text and joins the raw tokens, so that a test reads well.
func spell(tok *Tokenizer, text string, o Options) string {
	var names []string
	for _, id := range tok.Encode(nil, text, o) {
		names = append(names, tok.Token(id))
	}
	return strings.Join(names, " ")
}

func yes() *bool { b := true; return &b }
func no() *bool  { b := false; return &b }
