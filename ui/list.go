package ui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// list is what is open in the place of the chat and narrowed by what is
// typed: models, commands, conversations or what was sent.
type list struct {
	filter string
	opens  string // the command whose key closes it as well
	move   func(n int)
	narrow func(filter string) tea.Cmd
	choose func() tea.Cmd
}

func (m *Model) listing() bool { return m.list().move != nil }

func (m *Model) list() list {
	at := func(narrow func(string)) func(string) tea.Cmd {
		return func(filter string) tea.Cmd { narrow(filter); return nil }
	}
	switch m.view {
	case viewPicker:
		return list{m.pick.filter, "model", m.pick.move, at(m.pick.narrow), m.choosePicked}
	case viewPalette:
		return list{m.palette.filter, "commands", m.palette.move, at(func(f string) { m.palette.narrow(m.keys, f) }), m.runPalette}
	case viewHistory:
		return list{m.recall.filter, "history", m.recall.move, at(m.recall.narrow), m.chooseHistory}
	case viewSessions:
		return list{m.sessions.filter, "sessions", m.sessions.move, m.narrowSessions, m.chooseSession}
	}
	return list{}
}

func (m *Model) onListKey(k tea.KeyPressMsg) tea.Cmd {
	l, press := m.list(), k.String()
	if c := m.keys.of[inList][press]; c != nil {
		return c.run(m, "")
	}
	if c := m.keys.of[inEmpty][press]; c != nil && c.name == "quit-when-empty" && l.filter == "" {
		return c.run(m, "")
	}
	if c := m.keys.of[inChat][press]; c != nil {
		switch c.name {
		case l.opens:
			m.view = viewChat
			return nil
		case "help", "stats":
			return c.run(m, "")
		}
		return nil
	}
	if k.Text == "" {
		return nil
	}
	return l.narrow(l.filter + k.Text)
}

// shortenFilter takes its last letter away.
func (m *Model) shortenFilter(string) tea.Cmd {
	l := m.list()
	r := []rune(l.filter)
	if len(r) == 0 {
		return nil
	}
	return l.narrow(string(r[:len(r)-1]))
}

// listHead is what stands above the rows of a list.
func listHead(th *theme, title, filter string, w int) []string {
	return []string{
		"", " " + th.strong.Paint(ansi.Truncate(title, w, "…")),
		" " + th.accent.Paint("› ") + ending(plain(filter), w-2) + th.dim.Paint("▏"), "",
	}
}

// ending is the last w cells of a text, where its writer is.
func ending(s string, w int) string {
	all := s
	for cut := ansi.StringWidth(all) - w + 1; ansi.StringWidth(s) > w; cut++ { // a character may have two cells
		s = ansi.TruncateLeft(all, cut, "…")
	}
	return s
}

// listLines are a whole list of n rows in h lines, so far down that row at is
// among them. row draws one; nothing stands for none.
func listLines(th *theme, title, filter, nothing string, n, at, w, h int, row func(i int) string) []string {
	out := listHead(th, title, filter, w)
	if n == 0 {
		out = append(out, " "+th.dim.Paint(nothing))
	}
	rows := max(1, h-len(out))
	for i := max(0, at-rows+1); i < n && len(out) < h; i++ {
		out = append(out, row(i))
	}
	return out[:min(len(out), max(1, h))]
}
