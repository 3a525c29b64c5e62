package markdown

import (
	"strings"

	"github.com/runnel-chat/runnel/ui/safe"
)

// Code is a code block as the author wrote it.
type Code struct {
	Lang string
	Text string
}

// Document renders one text that grows. The zero value is ready.
type Document struct {
	width  int
	styles *Styles

	text  string // of the finished chunks
	lines []string
	codes []Code
	tail  int // how many of codes belong to the unfinished chunk

	open block // the code block at the end, while it is open

	furthest int // that a table can be moved
	wide     int // 1 + cells that wide tables are moved to the left; 0: they wrap
}

// Scroll shows wide tables in full width, moved by so many cells to the left.
// Below 0 their cells wrap, as they do at first.
func (d *Document) Scroll(cells int) {
	if wide := max(0, cells+1); wide != d.wide {
		*d = Document{wide: wide}
	}
}

// Render returns the lines of t, none wider than width. final says that t is
// complete. When t continues the text of the last call, only what is new is
// worked on.
func (d *Document) Render(t safe.Text, width int, st *Styles, final bool) []string {
	text := t.String()
	if width != d.width || st != d.styles || !strings.HasPrefix(text, d.text) {
		*d = Document{width: width, styles: st, wide: d.wide}
	}
	d.codes = d.codes[:len(d.codes)-d.tail]
	d.tail = 0
	rest := text[len(d.text):]
	for {
		n, ok := cut(rest, final)
		if !ok {
			break
		}
		d.lines = join(d.lines, d.chunk(rest[:n]))
		rest = rest[n:]
		d.text = text[:len(text)-len(rest)]
	}
	if strings.TrimSpace(rest) == "" {
		return d.lines[:len(d.lines):len(d.lines)]
	}
	before := len(d.codes)
	last := d.unfinished(rest)
	d.tail = len(d.codes) - before
	return join(d.lines[:len(d.lines):len(d.lines)], last)
}

// Furthest is how far the tables of the text last rendered can be moved; 0
// while they wrap.
func (d *Document) Furthest() int { return d.furthest }

// Codes returns the code blocks of the text last rendered, in order.
func (d *Document) Codes() []Code { return d.codes }

// join appends a chunk's lines after a blank one.
func join(lines, more []string) []string {
	if len(lines) > 0 && len(more) > 0 {
		lines = append(lines, "")
	}
	return append(lines, more...)
}

// chunk renders a finished chunk.
func (d *Document) chunk(text string) []string {
	if f, ok := openFence(text); ok {
		var b block
		b.begin(f, len(d.codes)+1, d.width, d.styles)
		lines, code := b.render(text, true)
		d.codes = append(d.codes, code)
		d.open = block{}
		return lines
	}
	p := parsed{styles: d.styles, codes: d.codes, wide: d.wide}
	lines := p.render(text, d.width)
	d.codes = p.codes
	d.furthest = max(d.furthest, p.furthest)
	return lines
}

// unfinished renders the chunk that still grows.
func (d *Document) unfinished(text string) []string {
	f, ok := openFence(text)
	if !ok {
		return d.chunk(text)
	}
	if !d.open.begun || d.open.fence != f {
		d.open.begin(f, len(d.codes)+1, d.width, d.styles)
	}
	lines, code := d.open.render(text, false)
	d.codes = append(d.codes, code)
	return lines
}
