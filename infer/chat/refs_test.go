package chat

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/runnel-chat/runnel/gguf/refs"
)

// A reference is one rendering of a real template by its reference
// implementation.
type reference struct {
	Template  string
	Case      string
	Expected  *string
	Error     string
	ErrorKind string `json:"error_kind"`
	raw       json.RawMessage
}

func references(t testing.TB) []reference {
	t.Helper()
	data, err := os.ReadFile(refs.Dir(t, "templates", "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	out := make([]reference, len(raw))
	for i, r := range raw {
		if err := json.Unmarshal(r, &out[i]); err != nil {
			t.Fatal(err)
		}
		out[i].raw = r
	}
	return out
}

func referenceTemplate(t testing.TB, name string) *Template {
	t.Helper()
	source, err := os.ReadFile(refs.Dir(t, "templates", name+".jinja"))
	if err != nil {
		t.Fatal(err)
	}
	tmpl, err := Parse(string(source))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return tmpl
}

// TestReferences renders every case as its reference did. Where the template
// refuses, so must we; where only the reference's language failed, anything
// but a crash will do.
func TestReferences(t *testing.T) {
	templates := map[string]*Template{}
	exact, refused, other := 0, 0, 0
	for _, ref := range references(t) {
		tmpl := templates[ref.Template]
		if tmpl == nil {
			tmpl = referenceTemplate(t, ref.Template)
			templates[ref.Template] = tmpl
		}
		in, err := ParseInput(ref.raw)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tmpl.Render(in)
		var refusal *Refusal
		switch {
		case ref.Expected != nil && err != nil:
			t.Errorf("%s, %s: %v", ref.Template, ref.Case, err)
		case ref.Expected != nil && got.String() != *ref.Expected:
			t.Errorf("%s, %s:\ngot  %q\nwant %q", ref.Template, ref.Case, got, *ref.Expected)
		case ref.Expected != nil:
			exact++
		case ref.ErrorKind == "raise_exception" && !errors.As(err, &refusal):
			t.Errorf("%s, %s: rendered %q, %v, which the template refuses", ref.Template, ref.Case, got, err)
		case ref.ErrorKind == "raise_exception":
			refused++
		default:
			other++
		}
	}
	t.Logf("%d renderings equal, %d refused, %d beyond the reference", exact, refused, other)
}
