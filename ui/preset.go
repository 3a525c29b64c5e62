package ui

import (
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/config"
)

// preset writes a text of the configuration into the composer, with more
// behind it if some is given.
func (m *Model) preset(arg string) tea.Cmd {
	name, rest, _ := strings.Cut(arg, " ")
	names := slices.Sorted(maps.Keys(m.o.Config.Presets))
	text, ok := m.o.Config.Presets[name]
	switch {
	case len(names) == 0:
		m.say("There are no presets; [presets] in the configuration names them, such as short = \"Answer in one sentence.\"")
	case name == "":
		m.say("Presets: " + strings.Join(names, ", ") + ".")
	case !ok:
		m.say("There is no preset " + name + ". The nearest is " + config.Nearest(name, names) + ".")
	default:
		if rest = strings.TrimSpace(rest); rest != "" {
			text = strings.TrimRight(text, "\n") + "\n" + rest
		}
		m.write.paste(text)
	}
	return nil
}
