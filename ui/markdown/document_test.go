package markdown

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/runnel-chat/runnel/ui/safe"
)

// looks are styles as a terminal reads them.
var looks = &Styles{
	Heading: "\x1b[1m", Strong: "\x1b[1m", Emphasis: "\x1b[3m", Code: "\x1b[36m", Link: "\x1b[4m", Dim: "\x1b[2m",
	Keyword: "\x1b[35m", String: "\x1b[32m",
}

const sample = "# Title\n\nSome *emphasis*, **strong** and `code`, and a [link](https://example.org).\n\n" +
	"- one\n- two\n  - deeper\n\n1. first\n2. second\n\n> quoted\n> twice\n\n```go\nif x := f(\"a\"); x {\n\treturn 世界\n}\n```\n" +
	"\n| a | b |\n|---|--:|\n| one | 2 |\n| a long cell that wraps | 3 |\n\n---\n\nThe end, with é and 👩‍👩‍👧.\n\n````\n```\n````\n"

// TestGrowingEqualsWhole: a text rendered after every byte looks as if it
// had come at once, and no line is ever too wide.
func TestGrowingEqualsWhole(t *testing.T) {
	for _, width := range []int{12, 40, 80} {
		var whole Document
		want := strings.Join(whole.Render(safe.Clean(sample), width, looks, true), "\n")
		var d Document
		for i := range sample {
			for _, line := range d.Render(safe.Clean(sample[:i]), width, looks, false) {
				if w := ansi.StringWidth(line); w > width {
					t.Fatalf("width %d, %d bytes: a line of %d cells: %q", width, i, w, line)
				}
			}
		}
		if got := strings.Join(d.Render(safe.Clean(sample), width, looks, true), "\n"); got != want {
			t.Errorf("width %d:\n got %q\nwant %q", width, got, want)
		}
		if len(d.Codes()) != 2 || d.Codes()[0].Text != "if x := f(\"a\"); x {\n\treturn 世界\n}\n" || d.Codes()[0].Lang != "go" {
			t.Errorf("width %d: code blocks %+v", width, d.Codes())
		}
	}
}

func TestRenderText(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		width    int
		want     string
	}{
		{"paragraphs", "one two\nthree\n\nfour", 20, "one two\nthree\n\nfour"},
		{"wrap", "one two three four", 9, "one two\nthree\nfour"},
		{"list", "- a\n- b", 20, "• a\n• b"},
		{"ordered", "3. c\n4. d", 20, "3. c\n4. d"},
		{"quote", "> a\n> b", 20, "│ a\n│ b"},
		{"code", "```sh\nls -l\n```", 30, "─ sh · 1\n  ls -l"},
		{"link", "[x](https://y.z)", 40, "x (https://y.z)"},
		{"entity", "a &#27;[31m b &amp; c", 40, "a [31m b & c"},
		{"html", "<script>x</script>", 40, "<script>x</script>"},
	} {
		var d Document
		lines := d.Render(safe.Clean(tt.in), tt.width, looks, true)
		for i := range lines {
			lines[i] = strings.TrimRight(ansi.Strip(lines[i]), " ")
		}
		if got := strings.Join(lines, "\n"); got != tt.want {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

// FuzzRender: whatever a model writes gives lines that fit, that carry no
// escape code but those of the styles, and that do not depend on the cuts.
func FuzzRender(f *testing.F) {
	f.Add(sample, uint8(30), uint16(17))
	f.Add("```\n", uint8(1), uint16(2))
	f.Add(strings.Repeat("> ", 40)+"x", uint8(10), uint16(3))
	f.Add("|a|\n|-|\n|"+strings.Repeat("世", 30), uint8(5), uint16(9))
	f.Fuzz(func(t *testing.T, in string, width uint8, cut uint16) {
		if len(in) > 4<<10 {
			return
		}
		text := safe.Clean(in)
		w := int(width)%100 + 4
		var whole, grown Document
		want := strings.Join(whole.Render(text, w, looks, true), "\n")
		s := text.String()
		n := int(cut) % (len(s) + 1)
		for n > 0 && n < len(s) && s[n]&0xc0 == 0x80 {
			n--
		}
		grown.Render(safe.Clean(s[:n]), w, looks, false)
		if got := strings.Join(grown.Render(text, w, looks, true), "\n"); got != want {
			t.Fatalf("cut at %d:\n got %q\nwant %q", n, got, want)
		}
		for line := range strings.SplitSeq(want, "\n") {
			if c := ansi.StringWidth(line); c > w {
				t.Fatalf("a line of %d cells, %d wanted: %q", c, w, line)
			}
			plain := line
			for _, st := range []Style{looks.Heading, looks.Emphasis, looks.Code, looks.Link, looks.Dim, looks.Keyword, looks.String, reset} {
				plain = strings.ReplaceAll(plain, string(st), "")
			}
			if strings.Contains(plain, "\x1b") {
				t.Fatalf("a foreign escape code in %q", line)
			}
		}
	})
}

// BenchmarkToken is what one token costs at the end of a long answer.
func BenchmarkToken(b *testing.B) {
	long := strings.Repeat(sample, 100) + "A last paragraph that grows "
	text := safe.Clean(long)
	var d Document
	d.Render(text, 80, looks, false)
	for b.Loop() {
		d.Render(text, 80, looks, false)
	}
}

// TestTableScrolls: in full width every part of a table comes into sight, and
// no line is wider than asked for.
func TestTableScrolls(t *testing.T) {
	text := safe.Clean("before\n\n| first | second | third |\n|---|--:|---|\n| " + strings.Repeat("a", 30) + " | 日本 " + strings.Repeat("b", 80) + " end | **last** |\n\nafter\n")
	var d Document
	seen := map[string]bool{}
	const width = 20
	for cells := -1; cells < 120; cells++ {
		d.Scroll(cells)
		lines := d.Render(text, width, &Styles{Strong: "\x1b[1m", Dim: "\x1b[90m"}, true)
		all := ""
		for _, line := range lines {
			if n := ansi.StringWidth(line); n > width {
				t.Fatalf("moved by %d: %d cells: %q", cells, n, line)
			}
			all += ansi.Strip(line) + "\n"
		}
		for _, word := range []string{"first", "second", "third", "last", "end", "after"} {
			seen[word] = seen[word] || strings.Contains(all, word)
		}
		if cells < 0 && !strings.Contains(all, "first:\naaaaa") {
			t.Errorf("it does not wrap at first:\n%s", all)
		}
		if cells == 0 && !strings.Contains(all, "first") {
			t.Errorf("it does not begin at the left:\n%s", all)
		}
	}
	// Two columns of their own width, one that is cut, two bars.
	if got, want := d.Furthest(), 30+60+5+6-width; got != want {
		t.Errorf("it can be moved by %d, want %d", got, want)
	}
	if len(seen) != 6 || !seen["third"] || !seen["last"] || !seen["end"] || !seen["second"] {
		t.Errorf("seen: %v", seen)
	}
	d.Scroll(-1)
	narrow := safe.Clean("| a | b |\n|---|---|\n| c | d |\n")
	wrapped := strings.Join(d.Render(narrow, width, &Styles{}, true), "\n")
	d.Scroll(8)
	if got := strings.Join(d.Render(narrow, width, &Styles{}, true), "\n"); got != wrapped {
		t.Errorf("a table that fits is moved:\n%s", got)
	}
}
