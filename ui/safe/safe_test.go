package safe

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// hostile are sequences with which text attacks a terminal, and what is left
// of them.
var hostile = []struct{ name, in, want string }{
	{"OSC 52 sets the clipboard", "a\x1b]52;c;aGk=\x07b", "ab"},
	{"OSC 8 hides a link", "a\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\b", "aclickb"},
	{"OSC 0 sets the title", "a\x1b]0;owned\x07b", "ab"},
	{"OSC 50 changes the font", "a\x1b]50;#1\x07b", "ab"},
	{"ED and home", "a\x1b[2J\x1b[Hb", "ab"},
	{"SGR conceals", "a\x1b[8mhidden\x1b[0mb", "ahiddenb"},
	{"RIS resets", "a\x1bcb", "ab"},
	{"C1 CSI", "a\u009b2Jb", "ab"},
	{"bidi override", "a\u202eb", "a‹U+202E›b"},
	{"backspace", "a\bb", "a␈b"},
	{"bell", "a\ab", "a␇b"},
	{"DCS", "a\x1bP1$r0m\x1b\\b", "ab"},
	{"DSR asks for the cursor", "a\x1b[6nb", "ab"},
	{"APC draws pictures", "a\x1b_Gf=100;AAAA\x1b\\b", "ab"},
	{"carriage return overwrites", "good\rbad", "goodbad"},
	{"unterminated OSC", "a\x1b]0;never ends", "a"},
	{"lone ESC at the end", "a\x1b", "a"},
	{"sequence inside a sequence", "a\x1b[1\x1b[2Jb", "ab"},
	{"line separator", "a\u2028b", "a‹U+2028›b"},
	{"broken UTF-8", "a\xff\xc3b", "a\ufffd\ufffdb"},
	{"tabs and lines stay", "a\tb\nc", "a\tb\nc"},
	{"emoji families stay", "👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"},
	{"stacked marks end", "e" + strings.Repeat("\u0301", 50), "e" + strings.Repeat("\u0301", maxMarks)},
	{"a NUL", "a\x00b", "a␀b"},
}

func TestHostileSequences(t *testing.T) {
	for _, tt := range hostile {
		if got := Clean(tt.in).String(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestUnterminatedSequencesEnd: one stray byte must not hide an answer.
func TestUnterminatedSequencesEnd(t *testing.T) {
	if got := Clean("\x1b]" + strings.Repeat("x", 3*maxSequence)).String(); len(got) < maxSequence {
		t.Errorf("%d bytes are left", len(got))
	}
}

func FuzzClean(f *testing.F) {
	for _, tt := range hostile {
		f.Add(tt.in, 3)
	}
	f.Fuzz(func(t *testing.T, in string, cut int) {
		whole := Clean(in).String()
		if !utf8.ValidString(whole) {
			t.Fatalf("%q is not UTF-8", whole)
		}
		for _, r := range whole {
			if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
				t.Fatalf("%q has %U", whole, r)
			}
		}
		if again := Clean(whole).String(); again != whole {
			t.Fatalf("%q cleaned again is %q", whole, again)
		}
		if cut = max(0, cut); len(in) > 0 {
			cut %= len(in)
			var g Filter
			parts := g.Append(nil, in[:cut])
			parts = g.Flush(g.Append(parts, in[cut:]))
			if string(parts) != whole {
				t.Fatalf("cut at %d: %q, whole: %q", cut, parts, whole)
			}
		}
	})
}

func BenchmarkToken(b *testing.B) {
	var f Filter
	var dst []byte
	for b.Loop() {
		dst = f.Append(dst[:0], " token")
	}
}
