package token

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/gguf/refs"
)

// withSpecials has control tokens that are prefixes of one another, one that
// merges lead to, and user-defined ones.
func withSpecials(pre string) *metadata {
	m := byteLevel(pre, "< e", "a b")
	m.add("<e", control)
	m.add("<e>", control)
	m.add("<e><e>!", control)
	m.add("word", control)
	m.add("", control)
	m.add("<think>", user)
	m.add("    ", user)
	m.ids["bos"], m.addBOS = m.add("<s>", control), yes()
	m.ids["eos"], m.addEOS = m.add("</s>", control), yes()
	return m
}

func TestSpecialTokens(t *testing.T) {
	tok := mustBuild(t, withSpecials("gpt-2"))
	for _, c := range []struct {
		text  string
		parse bool
		want  string
	}{
		{"a<e>b", true, "a <e> b"},
		{"<e><e>!<e><e", true, "<e><e>! <e> <e"},
		{"<e><e>?", true, "<e> <e> ?"},
		{"a<e>b", false, "a < e > b"},
		{"<think>ab</think>", false, "<think> ab < / t h i n k >"},
		{"     ab", false, "     Ġ ab"},
		{"<s>ab</s>", true, "<s> ab </s>"},
		{"word", false, "w o r d"},
		{"", true, ""},
	} {
		if got := spell(tok, c.text, Options{Parse: c.parse}); got != c.want {
			t.Errorf("%q, parse %t, is %s, want %s", c.text, c.parse, got, c.want)
		}
	}
	if got := spell(tok, "ab", Options{Special: true}); got != "<s> ab </s>" {
		t.Errorf("got %s", got)
	}
}

// TestParts: parts are one text, in which only the parsed ones have control
// tokens, and no two parts spell one together.
func TestParts(t *testing.T) {
	tok := mustBuild(t, withSpecials("gpt-2"))
	for _, c := range []struct {
		parts []Part
		want  string
	}{
		{nil, "<s> </s>"},
		{[]Part{{"<e>a", true}, {"b<e>", false}, {"c<e>", true}}, "<s> <e> ab < e > c <e> </s>"},
		{[]Part{{"<", true}, {"e>", true}}, "<s> < e > </s>"},
		{[]Part{{"", true}, {"", false}, {"a", false}, {"", true}, {"b", false}}, "<s> ab </s>"},
	} {
		var names []string
		for _, id := range tok.EncodeParts(nil, c.parts, true) {
			names = append(names, tok.Token(id))
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%v is %s, want %s", c.parts, got, c.want)
		}
	}
}

// TestStripping: the tokens of Phi-3 swallow the white space after them, also
// across parts.
func TestStripping(t *testing.T) {
	m := sentencePiece("▁", "a", "▁a")
	m.name = "My Phi-3 mini"
	m.add("<|user|>", control)
	m.scores = append(m.scores, 0)
	tok := mustBuild(t, m)
	for text, want := range map[string]string{
		"<|user|> \n\t a": "<|user|> ▁a",
		"<s> a":           "<s> ▁ ▁a",
		"<|user|>  ":      "<|user|>",
		"<|user|> <s> a":  "<|user|> <s> ▁ ▁a",
	} {
		if got := spell(tok, text, Options{Parse: true}); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	got := tok.Decode(tok.EncodeParts(nil, []Part{{"<|user|>\n", true}, {"  ", false}, {"\na", false}}, false))
	if got != "<|user|> a" {
		t.Errorf("got %q", got)
	}
}

// TestUserTextSpellsNoControlToken holds for every control token of every
// vocabulary, inside of text and alone.
func TestUserTextSpellsNoControlToken(t *testing.T) {
	check := func(t *testing.T, tok *Tokenizer) {
		t.Helper()
		for id := range int32(tok.Size()) {
			if !tok.IsControl(id) {
				continue
			}
			name := tok.Token(id)
			for _, text := range []string{name, "a" + name + "b", " " + name + "\n", string(tok.AppendToken(nil, id))} {
				for _, got := range tok.Encode(nil, text, Options{}) {
					if tok.IsControl(got) {
						t.Fatalf("%q has the control token %q", text, tok.Token(got))
					}
				}
			}
		}
	}
	t.Run("small", func(t *testing.T) {
		for _, pre := range []string{"gpt-2", "llama-bpe"} { // the second takes whole words
			check(t, mustBuild(t, withSpecials(pre)))
		}
		m := sentencePiece("▁", "a", "<", "/", "s", ">", "</", "s>", "▁</")
		check(t, mustBuild(t, m))
	})
	for _, name := range vocabularies {
		t.Run(name, func(t *testing.T) { check(t, referenceTokenizer(t, name)) })
	}
}

// TestSurrogateUnknown: bytes without a token do not become a control token,
// even if the file calls it the unknown one.
func TestSurrogateUnknown(t *testing.T) {
	m := byteLevel("gpt-2", "a b")
	m.tokens[0xff] = "gone"
	m.ids["unknown"] = m.add("<|endoftext|>", control)
	if got := spell(mustBuild(t, m), "\xffab", Options{}); got != "ab" {
		t.Errorf("got %s", got)
	}
}

func TestEndsOfGeneration(t *testing.T) {
	for _, c := range []struct {
		tokens string
		kind   kind
		want   string
	}{
		{"<|im_end|> <|im_start|> </s>", control, "<|im_end|> </s>"},
		{"<|im_end|> <|im_start|> </s> <PRE>", normal, "<|im_end|>"}, // </s> and <PRE> may be HTML
		{"</s> <|eot_id|>", user, "</s> <|eot_id|>"},
		{"<|return|> <|call|> <|end|>", control, "<|return|> <|call|>"}, // one of several messages
		{"<|end|> <|call|>", control, "<|end|> <|call|>"},
		{"<|tool_response> </s>", control, "<|tool_response>"},
	} {
		m := byteLevel("gpt-2", "a b")
		for _, name := range strings.Fields(c.tokens) {
			m.add(name, c.kind)
		}
		tok := mustBuild(t, m)
		var ends []string
		for id := range int32(tok.Size()) {
			if tok.IsEOG(id) {
				ends = append(ends, tok.Token(id))
				if !tok.IsControl(id) {
					t.Errorf("%s is no control token", tok.Token(id))
				}
			}
		}
		if got := strings.Join(ends, " "); got != c.want {
			t.Errorf("of %s these end: %s, want %s", c.tokens, got, c.want)
		}
	}
}

// TestEndIsAWord: a file may name an ordinary token as its end; it stays text.
func TestEndIsAWord(t *testing.T) {
	m := byteLevel("gpt-2", "a b")
	m.ids["eos"] = '\n'
	m.ids["eot"] = 1 << 20 // outside of the vocabulary: none
	tok := mustBuild(t, m)
	if id := tok.EOS(); id != '\n' || !tok.IsEOG(id) || tok.IsControl(id) {
		t.Errorf("eos is %d", id)
	}
}

// TestReferenceFacts compares what New finds out about each vocabulary.
func TestReferenceFacts(t *testing.T) {
	data, err := os.ReadFile(refs.Dir(t, "tokenizer", "vocab-info.json"))
	if err != nil {
		t.Fatal(err)
	}
	var ref map[string]struct {
		Vocab  int     `json:"n_vocab"`
		BOS    int32   `json:"bos"`
		EOS    int32   `json:"eos"`
		AddBOS bool    `json:"add_bos"`
		AddEOS bool    `json:"add_eos"`
		Ends   []int32 `json:"end_of_generation"`
		Strip  []int32 `json:"rstrip"`
	}
	if err := json.Unmarshal(data, &ref); err != nil {
		t.Fatal(err)
	}
	// An ordinary token of Qwen's that the reference takes for a marker.
	const qwenStrikethrough = 128247
	for _, name := range vocabularies {
		tok, want := referenceTokenizer(t, name), ref[name]
		if tok.Size() != want.Vocab || tok.BOS() != want.BOS || tok.EOS() != want.EOS ||
			tok.AddBOS() != want.AddBOS || tok.addEOS != want.AddEOS {
			t.Errorf("%s: size %d, bos %d %t, eos %d %t, want %+v", name, tok.Size(), tok.BOS(), tok.AddBOS(),
				tok.EOS(), tok.addEOS, want)
		}
		var ends, strip []int32
		for id := range int32(tok.Size()) {
			if tok.IsEOG(id) {
				ends = append(ends, id)
			}
			if tok.rstrip != nil && tok.rstrip[id] {
				strip = append(strip, id)
			}
		}
		want.Ends = slices.DeleteFunc(want.Ends, func(id int32) bool { return id == qwenStrikethrough })
		if !slices.Equal(ends, want.Ends) || !slices.Equal(strip, want.Strip) {
			t.Errorf("%s: ends %v strips %v, want %v, %v", name, ends, strip, want.Ends, want.Strip)
		}
	}
}
