package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// View draws the screen: every pane into its place, line by line.
func (m *Model) View() tea.View {
	l := m.place
	rows := make([]string, m.h)
	body := m.body()
	if m.completing() {
		body = over(body, m.offer.render(m.theme, inset(l.chat).w), l.chat.h)
	}
	put(rows, inset(l.chat), body)
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
	if m.loading != nil {
		v.ProgressBar = tea.NewProgressBar(tea.ProgressBarDefault, m.loading.share())
	}
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
	case viewHistory:
		return m.recall.render(m.theme, min(m.place.chat.w, maxText), m.place.chat.h)
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
	word := m.way("model") + " chooses a model."
	switch {
	case m.opening != nil:
		word = "Opening " + plain(m.opening.name) + " …"
	case m.engine != nil:
		word = "Write, and " + m.keys.first("send") + " sends. " + m.way("help") + " shows the keys."
	}
	w := max(4, m.place.chat.w-2)
	return []string{"", m.theme.strong.Paint("Runnel"), m.theme.dim.Paint(ansi.Truncate(word, w, "…"))}
}

func (m *Model) statusLine(w int) string {
	if m.place.hint.h == 0 && m.hint != "" {
		return m.theme.warn.Paint(ansi.Truncate(plain(m.hint), w, "…"))
	}
	if m.place.hint.h == 0 && m.loading != nil {
		return m.theme.dim.Paint(ansi.Truncate(m.loading.words(), w, "…"))
	}
	if tag := m.tag(); tag != "" && m.place.hint.h == 0 {
		return m.theme.dim.Paint(ansi.Truncate(tag, w, "…"))
	}
	return m.panel.line(w)
}

func (m *Model) hintLine(w int) string {
	style, text := m.theme.dim, ""
	k := m.keys
	switch {
	case m.hint != "":
		style, text = m.theme.warn, plain(m.hint)
	case m.view == viewPicker:
		text = "type to filter · " + k.hints("list-up/list-down", "choose", "list-choose", "open", "back", "back")
	case m.view == viewSessions:
		text = "type to search · " + k.hints("list-up/list-down", "choose", "list-choose", "resume", "back", "back")
	case m.view == viewHistory:
		text = "type to search · " + k.hints("list-up/list-down", "choose", "list-choose", "write it again", "back", "back")
	case m.completing():
		text = k.hints("complete", "take it", "complete-up/complete-down", "choose", "back", "back")
	case m.view == viewPalette:
		text = "type to filter · " + k.hints("list-up/list-down", "choose", "list-choose", "run", "back", "back")
	case m.view == viewHelp:
		text = k.hints("list-up/list-down", "scroll", "back", "back")
	case m.selecting():
		text = m.selectHint()
	case m.loading != nil && m.answer == nil:
		text = m.loading.words() + " · " + k.hints("back", "stops")
	case m.editing != nil:
		style, text = m.theme.warn, "editing · "+k.hints("send", "sends it as another version", "back", "leaves it as it was")
	case m.answer != nil:
		text = k.hints("back", "stops", "stats", "figures")
	case m.tag() != "":
		text = m.tag()
	default:
		text = k.hints("send", "send", "newline", "new line", "model", "models", "messages", "messages", "help", "help", "interrupt/interrupt", "leave")
	}
	return style.Paint(ansi.Truncate(text, w, "…"))
}

// help lists the table of commands.
func (m *Model) help() []string {
	w := max(8, m.place.chat.w-2)
	var lines []string
	for _, part := range []struct {
		title string
		has   func(c *command) bool
	}{
		{"Keys and commands", func(c *command) bool {
			return c.scope <= inEmpty || c.scope == inText && c.run != nil && c.name != "paste"
		}},
		{"With a message selected", func(c *command) bool { return c.scope == inMessage }},
		{"In a list", func(c *command) bool { return c.scope == inList }},
		{"While something is offered", func(c *command) bool { return c.scope == inOffer }},
		{"While writing", func(c *command) bool { return c.edit != nil || c.name == "paste" }},
	} {
		lines = append(lines, "", m.theme.strong.Paint(part.title), "")
		for i := range commands {
			c := &commands[i]
			if names := m.keys.names(c); names != "" && part.has(c) {
				line := names + strings.Repeat(" ", max(0, 26-ansi.StringWidth(names))) + " " + m.theme.dim.Paint(c.help)
				lines = append(lines, ansi.Truncate(line, w, "…"))
			}
		}
	}
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
