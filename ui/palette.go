package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/sahilm/fuzzy"
)

// palette lists the table of commands, narrowed by what is typed, to be run
// without knowing their keys.
type palette struct {
	keys   *Keys
	filter string
	shown  []*command
	at     int
}

// narrow shows the commands that match.
func (p *palette) narrow(keys *Keys, filter string) {
	p.filter, p.shown, p.at, p.keys = filter, nil, 0, keys
	var all []*command
	var titles []string
	for i := range commands {
		// Those that need a selected message, a list or a text under the
		// cursor are of no use from here.
		if c := &commands[i]; c.scope == inChat {
			all, titles = append(all, c), append(titles, c.help+"  "+keys.names(c))
		}
	}
	if strings.TrimSpace(filter) == "" {
		p.shown = all
		return
	}
	for _, m := range fuzzy.Find(filter, titles) {
		p.shown = append(p.shown, all[m.Index])
	}
}

func (p *palette) move(n int) { p.at = max(0, min(len(p.shown)-1, p.at+n)) }

func (p *palette) render(th *theme, w, h int) []string {
	w = max(4, w-2)
	return listLines(th, "Commands", p.filter, "nothing matches", len(p.shown), p.at, w, h, func(i int) string {
		c := p.shown[i]
		names := ansi.Truncate(p.keys.names(c), w/2, "…")
		help := ansi.Truncate(c.help, max(1, w-ansi.StringWidth(names)-5), "…")
		gap := strings.Repeat(" ", max(1, w-2-ansi.StringWidth(help)-ansi.StringWidth(names)))
		if i == p.at {
			return " " + th.accent.Paint("▶ "+help) + gap + names
		}
		return "   " + help + gap + th.dim.Paint(names)
	})
}

// showPalette opens the list.
func (m *Model) showPalette(string) tea.Cmd {
	m.view = viewPalette
	m.palette.narrow(m.keys, "")
	return nil
}

// runPalette runs the chosen command; one that needs arguments is put into
// the composer to be completed.
func (m *Model) runPalette() tea.Cmd {
	if len(m.palette.shown) == 0 {
		return nil
	}
	c := m.palette.shown[m.palette.at]
	m.view = viewChat
	if c.args != "" && c.needsArgs() {
		m.write.set("/" + c.slash[0] + " ")
		return nil
	}
	return c.run(m, "")
}

// needsArgs tells whether some argument may not be left out: those that may
// stand in brackets.
func (c *command) needsArgs() bool {
	for _, word := range strings.Fields(c.args) {
		if !strings.HasPrefix(word, "[") {
			return true
		}
	}
	return false
}
