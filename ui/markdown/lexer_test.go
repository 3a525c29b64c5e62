package markdown

import (
	"strings"
	"testing"
)

// names are styles that name themselves, so that a test can read them.
var names = &Styles{
	Heading: "<h>", Strong: "<b>", Emphasis: "<i>", Strike: "<s>", Code: "<c>", Link: "<a>", Dim: "<d>",
	Keyword: "<kw>", String: "<str>", Number: "<num>", Comment: "<com>", Name: "<fn>", Added: "<+>", Removed: "<->",
}

func colour(lang, code string) string {
	l := newLexer(lang)
	var b strings.Builder
	for line := range strings.SplitSeq(code, "\n") {
		for _, s := range l.line(line, names) {
			b.WriteString(string(s.style) + "[" + s.text + "]")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestLexer(t *testing.T) {
	for _, tt := range []struct{ lang, code, want string }{
		{"go", `if x := "a\"b"; f(1.5) { // no`, `<kw>[if][ x := ]<str>["a\"b"][; ]<fn>[f][(]<num>[1.5][) { ]<com>[// no]` + "\n"},
		{"c", "a /* b\nc */ d", "[a ]<com>[/* b]\n<com>[c */][ d]\n"},
		{"py", "s = '''x\ny''' # z", "[s = ]<str>['''x]\n<str>[y'''][ ]<com>[# z]\n"},
		{"sql", "SELECT x -- y", "<kw>[SELECT][ x ]<com>[-- y]\n"},
		{"diff", "+a\n-b\n c", "<+>[+a]\n<->[-b]\n[ c]\n"},
		{"", "if 'x'", "[if 'x']\n"},
		{"go", "größe := \"é", "[größe := ]<str>[\"é]\n"},
	} {
		if got := colour(tt.lang, tt.code); got != tt.want {
			t.Errorf("%s %q:\n got %s\nwant %s", tt.lang, tt.code, got, tt.want)
		}
	}
}

// FuzzLexer: the spans of a line are the line, cut between characters.
func FuzzLexer(f *testing.F) {
	f.Add("go", "a \"b\\", "*/ `c`")
	f.Add("py", "'''", "\\")
	f.Fuzz(func(t *testing.T, lang, a, b string) {
		l := newLexer(lang)
		for _, line := range []string{a, b} {
			got := ""
			for _, s := range l.line(line, names) {
				got += s.text
			}
			if got != line {
				t.Fatalf("%q became %q", line, got)
			}
		}
	})
}
