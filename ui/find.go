package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// find selects the newest message that holds the words; n finds older ones.
func (m *Model) find(words string) tea.Cmd {
	if words == "" {
		m.write.set("/find ")
		return nil
	}
	m.needle = strings.ToLower(words)
	m.findFrom(len(m.talk.items) - 1)
	return nil
}

// findFrom looks from item i upwards.
func (m *Model) findFrom(i int) {
	for ; i >= 0; i-- {
		it := m.talk.items[i]
		if _, ok := it.message(); ok && strings.Contains(strings.ToLower(it.raw+"\n"+it.rawThink), m.needle) {
			m.view = viewChat
			m.pickItem(i, -1)
			m.hint = m.keys.first("find-older") + " finds an older one"
			return
		}
	}
	m.hint = "no message holds “" + m.needle + "”"
}
