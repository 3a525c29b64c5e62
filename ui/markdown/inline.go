package markdown

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

// inlines appends the spans of n's children, each style on top of its
// parent's.
func (p *parsed) inlines(dst []span, n ast.Node, style Style) []span {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		dst = p.inline(dst, c, style)
	}
	return dst
}

func (p *parsed) inline(dst []span, n ast.Node, style Style) []span {
	st := p.styles
	switch n := n.(type) {
	case *ast.Text:
		s := n.Segment.Value(p.src)
		if !n.IsRaw() {
			s = resolve(s)
		}
		dst = append(dst, span{oneLine(s), style})
		if n.SoftLineBreak() || n.HardLineBreak() {
			// Models break lines where they mean to.
			dst = append(dst, span{"\n", style})
		}
		return dst
	case *ast.String:
		return append(dst, span{oneLine(n.Value), style})
	case *ast.CodeSpan:
		return p.inlines(dst, n, style+st.Code)
	case *ast.Emphasis:
		if n.Level > 1 {
			return p.inlines(dst, n, style+st.Strong)
		}
		return p.inlines(dst, n, style+st.Emphasis)
	case *east.Strikethrough:
		return p.inlines(dst, n, style+st.Strike)
	case *ast.Link:
		from := len(dst)
		dst = p.inlines(dst, n, style+st.Link)
		return p.target(dst, from, n.Destination, style)
	case *ast.Image:
		from := len(dst)
		dst = p.inlines(append(dst, span{"image: ", style + st.Dim}), n, style+st.Link)
		return p.target(dst, from, n.Destination, style)
	case *ast.AutoLink:
		return append(dst, span{oneLine(n.Label(p.src)), style + st.Link})
	case *ast.RawHTML:
		for i := range n.Segments.Len() {
			s := n.Segments.At(i)
			dst = append(dst, span{oneLine(s.Value(p.src)), style})
		}
		return dst
	case *east.TaskCheckBox:
		if n.IsChecked {
			return append(dst, span{"[x] ", style})
		}
		return append(dst, span{"[ ] ", style})
	}
	return p.inlines(dst, n, style)
}

// target shows where a link leads, unless its text says so: nothing is
// hidden behind a friendly name.
func (p *parsed) target(dst []span, from int, url []byte, style Style) []span {
	var label strings.Builder
	for _, s := range dst[from:] {
		label.WriteString(s.text)
	}
	if to := oneLine(url); to != "" && to != label.String() {
		dst = append(dst, span{" (" + to + ")", style + p.styles.Dim})
	}
	return dst
}

// resolve reads escapes and references, as in \* and &amp;.
func resolve(s []byte) []byte {
	if strings.ContainsAny(string(s), `\&`) {
		s = util.UnescapePunctuations(s)
		s = util.ResolveNumericReferences(s)
		s = util.ResolveEntityNames(s)
	}
	return s
}

func oneLine(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, clean(b))
}
