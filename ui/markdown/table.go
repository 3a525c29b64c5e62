package markdown

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
	east "github.com/yuin/goldmark/extension/ast"
)

// minColumn is the narrowest column that can still be read.
const minColumn = 5

// maxColumn is the widest column of a table that scrolls.
const maxColumn = 60

// table renders a table within width: cells wrap, and where even that is too
// narrow each row becomes a list. One that scrolls keeps its columns and shows
// a part of them.
func (p *parsed) table(n *east.Table, width int) []string {
	var rows [][][]span
	for r := n.FirstChild(); r != nil; r = r.NextSibling() {
		style := Style("")
		if _, ok := r.(*east.TableHeader); ok {
			style = p.styles.Strong
		}
		var row [][]span
		for c := r.FirstChild(); c != nil; c = c.NextSibling() {
			row = append(row, p.inlines(nil, c, style))
		}
		rows = append(rows, row)
	}
	columns := len(n.Alignments)
	if columns == 0 || len(rows) == 0 {
		return nil
	}
	room := width - 3*(columns-1)
	widths := natural(rows, columns)
	if p.wide > 0 {
		total := 3 * (columns - 1)
		for i := range widths {
			widths[i] = min(widths[i], maxColumn)
			total += widths[i]
		}
		p.furthest = max(p.furthest, total-width)
		if from := min(p.wide-1, total-width); from >= 0 {
			lines := p.grid(rows, widths, n.Alignments)
			for i := range lines {
				lines[i] = ansi.Cut(lines[i], from, from+width)
			}
			return lines
		}
	}
	if room < minColumn*columns {
		return p.stacked(rows, width)
	}
	return p.grid(rows, fit(widths, room), n.Alignments)
}

// grid renders rows in columns of these widths.
func (p *parsed) grid(rows [][][]span, widths []int, align []east.Alignment) []string {
	var lines []string
	for i, row := range rows {
		lines = append(lines, p.row(row, widths, align)...)
		if i == 0 {
			var rule []string
			for _, w := range widths {
				rule = append(rule, strings.Repeat("─", w))
			}
			lines = append(lines, p.styles.Dim.Paint(strings.Join(rule, "─┼─")))
		}
	}
	return lines
}

// natural returns the widths that nothing needs to wrap in.
func natural(rows [][][]span, columns int) []int {
	widths := make([]int, columns)
	for _, row := range rows {
		for i, cell := range row[:min(len(row), columns)] {
			w := 0
			for _, s := range cell {
				w += ansi.StringWidth(s.text)
			}
			widths[i] = max(widths[i], w, 1)
		}
	}
	return widths
}

// fit narrows the widest columns until all fit into room.
func fit(widths []int, room int) []int {
	total := 0
	for _, w := range widths {
		total += w
	}
	for total > room {
		widest := slices.Index(widths, slices.Max(widths))
		next := minColumn
		for i, w := range widths {
			if i != widest && w < widths[widest] {
				next = max(next, w)
			}
		}
		cut := max(1, min(total-room, widths[widest]-next))
		widths[widest] -= cut
		total -= cut
	}
	return widths
}

func (p *parsed) row(row [][]span, widths []int, align []east.Alignment) []string {
	cells := make([][]string, len(widths))
	height := 1
	for i, w := range widths {
		if i < len(row) {
			cells[i] = wrap(row[i], w)
		}
		height = max(height, len(cells[i]))
	}
	lines := make([]string, height)
	bar := p.styles.Dim.Paint(" │ ")
	for y := range lines {
		var b strings.Builder
		for i, w := range widths {
			cell := ""
			if y < len(cells[i]) {
				cell = cells[i][y]
			}
			gap := max(0, w-ansi.StringWidth(cell))
			left := 0
			switch align[i] {
			case east.AlignRight:
				left = gap
			case east.AlignCenter:
				left = gap / 2
			}
			if i > 0 {
				b.WriteString(bar)
			}
			b.WriteString(strings.Repeat(" ", left) + cell)
			if i < len(widths)-1 {
				b.WriteString(strings.Repeat(" ", gap-left))
			}
		}
		lines[y] = b.String()
	}
	return lines
}

// stacked shows each row as lines of "heading: cell".
func (p *parsed) stacked(rows [][][]span, width int) []string {
	var lines []string
	for _, row := range rows[1:] {
		var item []string
		for i, cell := range row {
			spans := cell
			if i < len(rows[0]) {
				spans = append(append(slices.Clone(rows[0][i]), span{": ", ""}), cell...)
			}
			item = append(item, wrap(spans, width)...)
		}
		lines = join(lines, item)
	}
	return lines
}
