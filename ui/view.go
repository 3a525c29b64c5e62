package ui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// View draws the screen: every pane into its place, line by line.
func (m *Model) View() tea.View {
	l := m.place
	rows := make([]string, m.h)
	put(rows, inset(l.chat), m.body())
	write, cursor := m.write.Render()
	if l.composer.h > len(write) {
		write = append([]string{m.theme.dim.Paint(strings.Repeat("─", l.composer.w))}, write...)
		if cursor != nil {
			cursor.Y++
		}
	}
	put(rows, l.composer, write)
	if l.status.h > 0 {
		put(rows, inset(l.status), []string{m.statusLine(l.status.w - 2)})
	}
	if l.hint.h > 0 {
		put(rows, inset(l.hint), []string{m.hintLine(l.hint.w - 2)})
	}
	if l.panel.w > 0 {
		lines := m.panel.Render()
		side := make([]string, l.panel.h)
		for i := range side {
			side[i] = m.theme.dim.Paint("│")
			if i < len(lines) {
				side[i] += " " + lines[i]
			}
		}
		put(rows, l.panel, side)
	}
	v := tea.NewView(strings.Join(rows, "\n"))
	v.AltScreen = true
	v.MouseMode = tea.MouseModeCellMotion
	v.WindowTitle = m.title()
	if cursor != nil && m.view == viewChat && !m.selecting() {
		cursor.X += l.composer.x
		cursor.Y += l.composer.y
		v.Cursor = cursor
	}
	return v
}

// title is the terminal's; a model's name is text from outside.
func (m *Model) title() string {
	if !m.panel.open {
		return "Runnel"
	}
	return "Runnel · " + ansi.Truncate(plain(m.panel.info.Name), 60, "…")
}

// body is what stands in the place of the chat.
func (m *Model) body() []string {
	switch m.view {
	case viewPicker:
		return m.pick.Render()
	case viewSessions:
		return m.sessions.render(m.theme, min(m.place.chat.w, maxText), m.place.chat.h)
	case viewPalette:
		return m.palette.render(m.theme, min(m.place.chat.w, maxText), m.place.chat.h)
	case viewHelp:
		return m.help()
	}
	lines := m.talk.Render()
	if len(lines) == 0 {
		return m.greeting()
	}
	return lines
}

func (m *Model) greeting() []string {
	word := "Ctrl-L chooses a model."
	switch {
	case m.opening != nil:
		word = "Opening " + plain(m.opening.name) + " …"
	case m.engine != nil:
		word = "Write, and Enter sends. F1 shows the keys."
	}
	w := max(4, m.place.chat.w-2)
	return []string{"", m.theme.strong.Paint("Runnel"), m.theme.dim.Paint(ansi.Truncate(word, w, "…"))}
}

func (m *Model) statusLine(w int) string {
	if m.place.hint.h == 0 && m.hint != "" {
		return m.theme.warn.Paint(ansi.Truncate(plain(m.hint), w, "…"))
	}
	return m.panel.line(w)
}

func (m *Model) hintLine(w int) string {
	switch {
	case m.hint != "":
		return m.theme.warn.Paint(ansi.Truncate(plain(m.hint), w, "…"))
	case m.view == viewPicker:
		return m.theme.dim.Paint(ansi.Truncate("type to filter · ↑↓ choose · Enter open · Esc back", w, "…"))
	case m.view == viewSessions:
		return m.theme.dim.Paint(ansi.Truncate("type to search · ↑↓ choose · Enter resume · Esc back", w, "…"))
	case m.view == viewPalette:
		return m.theme.dim.Paint(ansi.Truncate("type to filter · ↑↓ choose · Enter run · Esc back", w, "…"))
	case m.view == viewHelp:
		return m.theme.dim.Paint(ansi.Truncate("↑↓ scroll · Esc back", w, "…"))
	case m.selecting():
		return m.theme.dim.Paint(ansi.Truncate(selectHelp, w, "…"))
	case m.editing != nil:
		return m.theme.warn.Paint(ansi.Truncate("editing · Enter sends it as another version · Esc leaves it as it was", w, "…"))
	case m.answer != nil:
		return m.theme.dim.Paint(ansi.Truncate("Esc stops · F2 figures", w, "…"))
	}
	return m.theme.dim.Paint(ansi.Truncate("Enter send · Ctrl-J new line · Ctrl-L models · Tab messages · F1 help · Ctrl-C Ctrl-C leave", w, "…"))
}

// help lists the table of commands.
func (m *Model) help() []string {
	w := max(8, m.place.chat.w-2)
	lines := []string{"", m.theme.strong.Paint("Keys and commands"), ""}
	row := func(left, right string) {
		line := fmt.Sprintf("%-26s %s", left, m.theme.dim.Paint(right))
		lines = append(lines, ansi.Truncate(line, w, "…"))
	}
	row("enter", "send")
	row("shift+enter, ctrl+j", "a new line")
	row("esc", "stop the answer, close what is open")
	row("ctrl+c", "clear the text, stop the answer; twice to leave")
	row("up, down", "what was sent before")
	for _, c := range commands {
		row(c.names(), c.help)
	}
	lines = append(lines, "", m.theme.dim.Paint(ansi.Truncate("With a message selected: "+selectHelp, w, "…")))
	m.scroll = max(0, min(m.scroll, len(lines)-m.place.chat.h))
	return lines[m.scroll:]
}

// inset leaves a column free at the left, where there is one to spare.
func inset(r rect) rect {
	if r.w < 3 {
		return r
	}
	return rect{r.x + 1, r.y, r.w - 1, r.h}
}

// put writes lines into a place; what does not fit is cut.
func put(rows []string, at rect, lines []string) {
	for i := range at.h {
		y := at.y + i
		if y < 0 || y >= len(rows) || i >= len(lines) {
			continue
		}
		line := lines[i]
		if ansi.StringWidth(line) > at.w {
			line = ansi.Truncate(line, at.w, "") + "\x1b[m"
		}
		if gap := at.x - ansi.StringWidth(rows[y]); gap > 0 {
			rows[y] += strings.Repeat(" ", gap)
		}
		rows[y] += line
	}
}
