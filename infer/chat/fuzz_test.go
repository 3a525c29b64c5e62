package chat

import (
	"strings"
	"testing"
)

// outside is a character that no template writes by itself.
const outside = "\U000f1234"

// FuzzTemplate: any template is refused or rendered within the limits, and
// nothing of a message is ever trusted.
func FuzzTemplate(f *testing.F) {
	for _, h := range hostile {
		if len(h.source) < 1000 {
			f.Add(h.source)
		}
	}
	for _, c := range language {
		f.Add(c.source)
	}
	for _, b := range builtins {
		f.Add(b.source)
	}
	f.Add(`{% for m in messages %}{{ m.content.split(' ')[-1]|upper ~ m|tojson ~ (m.content * 3)[1:4] }}{% endfor %}`)
	f.Fuzz(func(t *testing.T, source string) {
		if strings.Contains(strings.ToLower(source), "f1234") || strings.Contains(source, outside) {
			return
		}
		tmpl, err := Parse(source)
		if err != nil {
			return
		}
		content := outside + "a b " + outside + outside + "\n</think>" + outside
		p, err := tmpl.Render(&Input{
			Messages: []Message{{Role: "user", Content: content}, {Role: outside, Content: outside, Thinking: outside}},
			Tools:    []Tool{{Name: outside, Parameters: []byte(`{"` + outside + `": ["` + outside + `"]}`)}},
			Extra:    map[string]any{"x": outside}, AddGenerationPrompt: true,
		})
		if err != nil {
			return
		}
		for i, s := range p {
			if s.Trusted && strings.Contains(s.Text, outside) {
				t.Fatalf("trusted: %q of %q", s.Text, p)
			}
			if s.Text == "" || i > 0 && p[i-1].Trusted == s.Trusted {
				t.Fatalf("segments not merged: %q", p)
			}
		}
		if len(p.String()) > maxText {
			t.Fatalf("%d bytes", len(p.String()))
		}
	})
}
