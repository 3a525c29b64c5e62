package markdown

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/runnel-chat/runnel/ui/safe"
)

// span is a run of text in one style.
type span struct {
	text  string
	style Style
}

// Plain wraps text as it is: its own lines, indentation and spaces stay.
func Plain(t safe.Text, width int, style Style) []string {
	return wrap([]span{{t.String(), style}}, width)
}

// wrap breaks spans into lines of at most width cells: at spaces, between
// wide characters, and inside words only when one is longer than a line.
func wrap(spans []span, width int) []string {
	w := wrapper{width: max(width, 2), fresh: true}
	for _, s := range spans {
		w.span(s)
	}
	w.flush()
	w.end()
	return w.lines
}

// wrapper is a paragraph in the making.
type wrapper struct {
	width int
	lines []string

	line  strings.Builder
	col   int
	open  Style // the style that is switched on
	fresh bool  // the line begins a line of the text

	word      []span
	wordWidth int
	space     int
	spaceIn   Style
}

func (w *wrapper) span(s span) {
	text := s.text
	for text != "" {
		// Most text is letters: take as many at once as there are.
		n := 0
		for n < len(text) && text[n] > ' ' && text[n] < 0x7f {
			n++
		}
		// The last letter may carry marks that follow it.
		if n < len(text) && text[n] >= 0x80 {
			n--
		}
		if n > 0 {
			w.add(text[:n], n, s.style)
			text = text[n:]
			continue
		}
		switch text[0] {
		case '\n':
			w.flush()
			w.end()
			w.fresh = true
			text = text[1:]
		case ' ', '\t':
			w.flush()
			if text[0] == '\t' {
				w.space += 4
			} else {
				w.space++
			}
			w.spaceIn = s.style
			text = text[1:]
		default:
			g, n := ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
			if n > 1 { // a line may break on either side
				w.flush()
				w.add(g, n, s.style)
				w.flush()
			} else {
				w.add(g, n, s.style)
			}
			text = text[len(g):]
		}
	}
}

func (w *wrapper) add(s string, width int, style Style) {
	w.word = append(w.word, span{s, style})
	w.wordWidth += width
}

// flush places the word in hand.
func (w *wrapper) flush() {
	if len(w.word) == 0 {
		return
	}
	if w.col == 0 {
		if !w.fresh {
			w.space = 0
		}
		w.space = min(w.space, w.width/2)
	}
	if w.col+w.space+w.wordWidth > w.width && w.col > 0 {
		w.end()
	}
	w.write(strings.Repeat(" ", w.space), w.space, w.spaceIn)
	for _, s := range w.word {
		w.put(s)
	}
	w.word, w.wordWidth, w.space, w.fresh = w.word[:0], 0, 0, false
}

// put writes a piece of a word, cut where the line is full.
func (w *wrapper) put(s span) {
	if n := ansi.StringWidth(s.text); w.col+n <= w.width {
		w.write(s.text, n, s.style)
		return
	}
	for rest := s.text; rest != ""; {
		g, n := ansi.FirstGraphemeCluster(rest, ansi.GraphemeWidth)
		if w.col+n > w.width && w.col > 0 {
			w.end()
		}
		w.write(g, n, s.style)
		rest = rest[len(g):]
	}
}

func (w *wrapper) write(s string, width int, style Style) {
	if s == "" {
		return
	}
	if style != w.open {
		if w.open != "" {
			w.line.WriteString(reset)
		}
		w.line.WriteString(string(style))
		w.open = style
	}
	w.line.WriteString(s)
	w.col += width
}

func (w *wrapper) end() {
	if w.open != "" {
		w.line.WriteString(reset)
	}
	w.lines = append(w.lines, w.line.String())
	w.line.Reset()
	w.col, w.open, w.space, w.fresh = 0, "", 0, false
}
