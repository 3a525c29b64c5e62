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
	filter string
	shown  []*command
	at     int
}

// narrow shows the commands that match.
func (p *palette) narrow(filter string) {
	p.filter, p.shown, p.at = filter, nil, 0
	var names []string
	for i := range commands {
		names = append(names, commands[i].title())
	}
	if strings.TrimSpace(filter) == "" {
		for i := range commands {
			p.shown = append(p.shown, &commands[i])
		}
		return
	}
	for _, m := range fuzzy.Find(filter, names) {
		p.shown = append(p.shown, &commands[m.Index])
	}
}

func (p *palette) move(n int) { p.at = max(0, min(len(p.shown)-1, p.at+n)) }

// title is what a command is found by.
func (c *command) title() string { return c.help + "  " + c.names() }

// names are the keys and the slash commands that run it.
func (c *command) names() string {
	names := append([]string(nil), c.keys...)
	for i, s := range c.slash {
		if s = "/" + s; i == 0 && c.args != "" {
			s += " " + c.args
		}
		names = append(names, s)
	}
	return strings.Join(names, ", ")
}

func (p *palette) render(th *theme, w, h int) []string {
	w = max(4, w-2)
	out := []string{"", " " + th.strong.Paint("Commands"), " " + th.accent.Paint("› ") + ansi.Truncate(plain(p.filter), w-2, "…") + th.dim.Paint("▏"), ""}
	if len(p.shown) == 0 {
		out = append(out, " "+th.dim.Paint("nothing matches"))
	}
	rows := max(1, h-len(out))
	for i := max(0, p.at-rows+1); i < len(p.shown) && len(out) < h; i++ {
		c := p.shown[i]
		names := ansi.Truncate(c.names(), w/2, "…")
		help := ansi.Truncate(c.help, max(1, w-ansi.StringWidth(names)-5), "…")
		gap := strings.Repeat(" ", max(1, w-2-ansi.StringWidth(help)-ansi.StringWidth(names)))
		if i == p.at {
			out = append(out, " "+th.accent.Paint("▶ "+help)+gap+names)
		} else {
			out = append(out, "   "+help+gap+th.dim.Paint(names))
		}
	}
	return out[:min(len(out), max(1, h))]
}

// showPalette opens the list, or closes it.
func (m *Model) showPalette(string) tea.Cmd {
	if m.view == viewPalette {
		m.view = viewChat
		return nil
	}
	m.view = viewPalette
	m.palette.narrow("")
	return nil
}

func (m *Model) onPaletteKey(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "up", "ctrl+p":
		m.palette.move(-1)
	case "down", "ctrl+n":
		m.palette.move(1)
	case "pgup", "home":
		m.palette.move(-len(commands))
	case "pgdown", "end":
		m.palette.move(len(commands))
	case "backspace":
		if r := []rune(m.palette.filter); len(r) > 0 {
			m.palette.narrow(string(r[:len(r)-1]))
		}
	case "ctrl+u":
		m.palette.narrow("")
	case "enter":
		return m.runPalette()
	default:
		if k.Text != "" {
			m.palette.narrow(m.palette.filter + k.Text)
		}
	}
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
