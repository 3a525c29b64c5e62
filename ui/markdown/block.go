package markdown

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// block renders one fenced code block, which may still grow: lines that are
// complete are coloured once.
type block struct {
	begun  bool
	fence  fence
	number int
	width  int
	styles *Styles

	lexer lexer
	text  string // consumed, from the opening fence on
	code  strings.Builder
	lines []string
}

func (b *block) begin(f fence, number, width int, st *Styles) {
	*b = block{begun: true, fence: f, number: number, width: width, styles: st, lexer: newLexer(f.lang)}
	b.lines = append(b.lines, caption(f.lang, number, width, st))
}

// caption names a block: what it is written in, and the number by which it
// is copied.
func caption(lang string, number, width int, st *Styles) string {
	if lang == "" {
		lang = "code"
	}
	return st.Dim.Paint(ansi.Truncate(fmt.Sprintf("─ %s · %d ", lang, number), max(width, 2), "…"))
}

// render consumes what text, which begins with the opening fence, has gained.
func (b *block) render(text string, final bool) ([]string, Code) {
	if !strings.HasPrefix(text, b.text) {
		b.begin(b.fence, b.number, b.width, b.styles)
	}
	rest := text[len(b.text):]
	lines := b.lines
	code := ""
	for line := range strings.Lines(rest) {
		whole := strings.HasSuffix(line, "\n")
		if !whole && !final {
			if len(b.text) > 0 && !b.fence.closes(line) { // not a part of either fence
				code = b.fence.strip(line)
				l := b.lexer
				lines = append(lines[:len(lines):len(lines)], b.paint(&l, code)...)
			}
			break
		}
		first := b.text == ""
		b.text = text[:len(b.text)+len(line)]
		if first {
			continue
		}
		if b.fence.closes(line) {
			break
		}
		line = b.fence.strip(line)
		b.code.WriteString(line)
		b.lines = append(b.lines, b.paint(&b.lexer, strings.TrimSuffix(line, "\n"))...)
		lines = b.lines
	}
	return lines, Code{b.fence.lang, b.code.String() + code}
}

func (b *block) paint(l *lexer, line string) []string {
	return codeLine(l, line, b.width, b.styles)
}

// codeLine colours a line of code and breaks it where the screen ends.
func codeLine(l *lexer, line string, width int, st *Styles) []string {
	indent := "  "
	if width < 24 {
		indent = ""
	}
	w := wrapper{width: max(width-len(indent), 2)}
	for _, s := range l.line(line, st) {
		w.put(span{strings.ReplaceAll(s.text, "\t", "    "), s.style})
	}
	w.end()
	for i := range w.lines {
		w.lines[i] = indent + w.lines[i]
	}
	return w.lines
}
