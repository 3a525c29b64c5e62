package markdown

import (
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"github.com/runnel-chat/runnel/ui/safe"
)

var parser = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList)).Parser()

// parsed renders a chunk that is not a code block.
type parsed struct {
	styles *Styles
	src    []byte
	codes  []Code

	wide, furthest int // see Document
}

func (p *parsed) render(s string, width int) []string {
	if deep(s) || len(s) > 2*maxChunk {
		return wrap([]span{{strings.TrimRight(s, "\n"), ""}}, width)
	}
	p.src = []byte(s)
	lines := p.blocks(parser.Parse(text.NewReader(p.src)), width, false)
	for i, line := range lines { // deep nesting leaves no room for text
		if ansi.StringWidth(line) > width {
			lines[i] = ansi.Truncate(line, width, "") + reset
		}
	}
	return lines
}

// maxNesting is how many quotes and lists may begin on one line. Nobody nests
// deeper, and a parser's time grows with the square.
const maxNesting = 16

// deep reports whether a line nests beyond what is worth parsing.
func deep(s string) bool {
	for line := range strings.Lines(s) {
		marks := 0
		for _, c := range []byte(line) {
			if strings.IndexByte(">-*+.) \t0123456789", c) < 0 {
				break
			}
			if strings.IndexByte(">-*+.)", c) >= 0 {
				marks++
			}
		}
		if marks > maxNesting && strings.Trim(line, "-*_ \t\n") != "" {
			return true
		}
	}
	return false
}

// blocks renders the children of n below one another.
func (p *parsed) blocks(n ast.Node, width int, tight bool) []string {
	var lines []string
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		more := p.block(c, width)
		if tight {
			lines = append(lines, more...)
		} else {
			lines = join(lines, more)
		}
	}
	return lines
}

func (p *parsed) block(n ast.Node, width int) []string {
	switch n := n.(type) {
	case *ast.Heading:
		return wrap(p.inlines(nil, n, p.styles.Heading), width)
	case *ast.Paragraph, *ast.TextBlock:
		return wrap(p.inlines(nil, n, ""), width)
	case *ast.Blockquote:
		return prefix(p.blocks(n, inner(width, 2), false), p.styles.Dim.Paint("│")+" ", "")
	case *ast.List:
		return p.list(n, width)
	case *ast.FencedCodeBlock:
		return p.code(clean(n.Language(p.src)), n, width)
	case *ast.CodeBlock:
		return p.code("", n, width)
	case *ast.ThematicBreak:
		return []string{p.styles.Dim.Paint(strings.Repeat("─", max(1, width)))}
	case *ast.HTMLBlock:
		html := p.lines(n)
		if n.HasClosure() {
			html += clean(n.ClosureLine.Value(p.src))
		}
		return wrap([]span{{strings.TrimRight(html, "\n"), ""}}, width)
	case *east.Table:
		return p.table(n, width)
	}
	return p.blocks(n, width, false)
}

// inner is the width left inside n cells of decoration.
func inner(width, n int) int { return max(width-n, 2) }

// prefix puts first before the first line and rest, or first again when rest
// is empty, before the others.
func prefix(lines []string, first, rest string) []string {
	if rest == "" {
		rest = first
	}
	for i := range lines {
		lines[i] = first + lines[i]
		first = rest
	}
	return lines
}

func (p *parsed) list(n *ast.List, width int) []string {
	var lines []string
	number := n.Start
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		mark := "• "
		if n.IsOrdered() {
			mark = strconv.Itoa(number) + ". "
			number++
		}
		w := ansi.StringWidth(mark)
		item := p.blocks(c, inner(width, w), n.IsTight)
		if len(item) == 0 {
			item = []string{""}
		}
		item = prefix(item, p.styles.Dim.Paint(mark), strings.Repeat(" ", w))
		if n.IsTight {
			lines = append(lines, item...)
		} else {
			lines = join(lines, item)
		}
	}
	return lines
}

func (p *parsed) lines(n ast.Node) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		s := n.Lines().At(i)
		b.Write(s.Value(p.src))
	}
	return clean([]byte(b.String()))
}

func (p *parsed) code(lang string, n ast.Node, width int) []string {
	code := p.lines(n)
	p.codes = append(p.codes, Code{lang, code})
	lines := []string{caption(lang, len(p.codes), width, p.styles)}
	l := newLexer(lang)
	for line := range strings.Lines(code) {
		lines = append(lines, codeLine(&l, strings.TrimSuffix(line, "\n"), width, p.styles)...)
	}
	return lines
}

// clean filters what the parser made of the text: references such as &#27;
// turn into characters only there.
func clean(b []byte) string { return safe.Clean(string(b)).String() }
