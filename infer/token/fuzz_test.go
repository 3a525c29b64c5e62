package token

import (
	"slices"
	"strings"
	"sync"
	"testing"
)

// byteComplete are small tokenizers that can spell any bytes.
func byteComplete(t testing.TB) map[string]*Tokenizer {
	toks := map[string]*Tokenizer{
		"spm": mustBuild(t, sentencePiece("▁", "a", "▁a", "th", "e", "▁th", "▁the", "語", "é", "12")),
	}
	line := sentencePiece("▁", "a", "▁a", "\n", "é")
	line.model, line.merges = "gemma4", []string{"▁ a"}
	toks["line"] = mustBuild(t, line)
	for name := range presets {
		m := byteLevel(name, "Ġ t", "h e", "Ġt he", "1 2", "Ã ©", "a a", "aa aa")
		m.add("<|end|>", control)
		m.add("<think>", user)
		toks[name] = mustBuild(t, m)
	}
	return toks
}

// FuzzEncode: any bytes come back from every tokenizer, as one part or cut in
// two, and none of them is a control token.
func FuzzEncode(f *testing.F) {
	for _, seed := range []string{
		"", "the <think> 1212 é", "a\xff\xc3", "<|end|>", " \u2028\r\n  x", "'s 'LL 'ſ", "aaaaaaaaaaaaaaaa", "語A字é１２３",
		"\u0301\u0301", "12345678", "ĠtheĊ", "▁the", "<0x41>",
	} {
		f.Add(seed, 3)
	}
	toks := byteComplete(f)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		for name, tok := range toks {
			want := text
			if _, ok := tok.model.(*bpe); !ok { // ▁ is a space to these
				want = strings.ReplaceAll(want, escapedSpace, " ")
			}
			if _, ok := tok.model.(*spm); ok && want != "" {
				want = " " + want
			}
			ids := tok.Encode(nil, text, Options{})
			if got := tok.Decode(ids); got != want {
				t.Fatalf("%s: %q comes back as %q", name, want, got)
			}
			if slices.ContainsFunc(ids, tok.IsControl) {
				t.Fatalf("%s: %q has a control token: %v", name, text, ids)
			}
			if cut < 0 || cut > len(text) || strings.Contains(text, "<think>") {
				continue
			}
			if parts := tok.EncodeParts(nil, []Part{{text[:cut], false}, {text[cut:], false}}, false); !slices.Equal(ids, parts) {
				t.Fatalf("%s: %q is %v, cut at %d it is %v", name, text, ids, cut, parts)
			}
		}
	})
}

// FuzzMetadata: whatever a file claims, New refuses it or gives a tokenizer
// that works.
func FuzzMetadata(f *testing.F) {
	f.Add("gpt2", "qwen2", "a\x00b\x00ab\x00<|end|>", "\x01\x01\x01\x03", "a b\x00ab ab", int32(3), "abab")
	f.Add("llama", "", "<unk>\x00<s>\x00</s>\x00<0x41>\x00a\x00▁", "\x02\x03\x03\x06\x01\x01", "", int32(1), "Aa é")
	f.Add("gemma4", "", "<0x-1>\x00a", "\x06\x01", "a a", int32(-1), "a\na")
	f.Fuzz(func(t *testing.T, model, pre, tokens, types, merges string, bos int32, text string) {
		m := &metadata{model: model, pre: pre, tokens: strings.Split(tokens, "\x00"), ids: map[string]int32{"bos": bos, "unknown": bos}}
		for _, c := range []byte(types) {
			m.types = append(m.types, int64(c))
		}
		if merges != "" {
			m.merges = strings.Split(merges, "\x00")
		}
		tok, err := build(m)
		if err != nil {
			return
		}
		for _, o := range []Options{{}, {Special: true, Parse: true}} {
			for _, id := range tok.Encode(nil, text, o) {
				if id < 0 || int(id) >= tok.Size() {
					t.Fatalf("%q has the id %d of %d", text, id, tok.Size())
				}
				if tok.IsControl(id) && !o.Parse {
					t.Fatalf("%q has the control token %d", text, id)
				}
			}
		}
		for id := range int32(tok.Size()) {
			tok.AppendToken(nil, id)
		}
	})
}

// TestConcurrentUse: goroutines that share a tokenizer do not see each other.
func TestConcurrentUse(t *testing.T) {
	for name, tok := range byteComplete(t) {
		var wait sync.WaitGroup
		for g := range 4 {
			wait.Go(func() {
				text := strings.Repeat(" the 12 é", 20+g)
				want := tok.Encode(nil, text, Options{})
				for range 20 {
					if got := tok.Encode(nil, text, Options{}); !slices.Equal(got, want) {
						t.Errorf("%s: %v, then %v", name, want, got)
						return
					}
				}
			})
		}
		wait.Wait()
	}
}

// TestDecodingDoesNotAllocate: neither does encoding, once it is warm, but for
// the few closures of a splitter.
func TestDecodingDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 256)
	for name, tok := range byteComplete(t) {
		ids := tok.Encode(nil, "the <think> é 12", Options{})
		ids = append(ids, int32(tok.Size()-1), int32(tok.Size()))
		if n := testing.AllocsPerRun(10, func() {
			buf = buf[:0]
			for _, id := range ids {
				buf = tok.AppendPiece(buf, id)
				buf = tok.AppendToken(buf, id)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
