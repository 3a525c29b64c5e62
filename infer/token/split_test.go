package token

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/gguf/refs"
)

func pieces(p splitter, text string) []string {
	out := []string{}
	p.split(text, func(s string) { out = append(out, s) })
	return out
}

// TestSplitReference compares every reference pre-tokenizer with the pieces
// of its own regular expression.
func TestSplitReference(t *testing.T) {
	data, err := os.ReadFile(refs.Dir(t, "tokenizer", "pretok.json"))
	if err != nil {
		t.Fatal(err)
	}
	var ref struct {
		Texts []string
		Pre   map[string]struct {
			Pieces   [][]string
			Original map[int][]string `json:"pieces_original"`
		}
	}
	if err := json.Unmarshal(data, &ref); err != nil {
		t.Fatal(err)
	}
	// TestSplitExactClasses says what these are.
	coarse := map[string][]int{"youtu": {100, 125}, "tiny_aya": {100, 125}, "afmoe": {117}}
	for name, want := range ref.Pre {
		t.Run(name, func(t *testing.T) {
			p, ok := presets[name]
			if !ok {
				t.Fatal("no such pre-tokenizer")
			}
			for i, text := range ref.Texts {
				if slices.Contains(coarse[name], i) {
					continue
				}
				exp := want.Pieces[i]
				if o, ok := want.Original[i]; ok {
					exp = o
				}
				if got := pieces(p.split, text); !slices.Equal(got, exp) {
					t.Errorf("%d %q\n got %q\nwant %q", i, text, got, exp)
				}
			}
		})
	}
}

// TestSplitExactClasses has the texts where the reference used coarser classes
// than the expression it lists: no letter case, and a tilde that is no symbol.
func TestSplitExactClasses(t *testing.T) {
	for _, c := range []struct{ pre, text, want string }{
		{"youtu", "CamelCaseÉTATété B64sG", "Camel|Case|ÉTATété| B|6|4|s|G"},
		{"tiny_aya", "CamelCaseÉTATété B6412sG", "Camel|Case|ÉTATété| B|6|412|s|G"},
		{"afmoe", "a^~f", "a|^~|f"},
	} {
		if got := strings.Join(pieces(presets[c.pre].split, c.text), "|"); got != c.want {
			t.Errorf("%s: %q is split into %s, want %s", c.pre, c.text, got, c.want)
		}
	}
}

// TestSplitVariants has the names that no reference lists, by what their
// expressions do that those of their relatives do not.
func TestSplitVariants(t *testing.T) {
	for _, c := range []struct{ pre, text, want string }{
		{"ufakzeka", "Ali'den 12", "Ali|'den| |1|2"},
		{"qwen2", "Ali'den 12", "Ali|'d|en| |1|2"},
		{"minicpm5", "a 12345 b", "a| |123|45| b"},
		{"laguna", "a \n\n b1 12", "a| |\n\n| b|1| |1|2"},
		{"spark2_5", "a!\n\nb 1234", "a|!|\n|\n|b| |1|2|3|4"},
		{"hy_v4", "a!\n\nb 1234", "a|!\n\n|b| |123|4"},
		{"cohere2moe", "aB 1234", "a|B| |1|234"},
		{"talkie", "aB 1234", "a|B| |123|4"},
	} {
		if got := strings.Join(pieces(presets[c.pre].split, c.text), "|"); got != c.want {
			t.Errorf("%s: %q is split into %q, want %q", c.pre, c.text, got, c.want)
		}
	}
}

// TestSplitKeepsText holds for any bytes: the pieces are the text.
func TestSplitKeepsText(t *testing.T) {
	for name, p := range presets {
		for _, text := range []string{"", "a", "\xff\xfe'", "12345\u00bd678x ", " \u2028\n", "'\u017f 'S", "a\xe2\x96 b"} {
			got := pieces(p.split, text)
			if strings.Join(got, "") != text || slices.Contains(got, "") {
				t.Errorf("%s: %q is split into %q", name, text, got)
			}
		}
	}
}
