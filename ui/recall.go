package ui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// recall is the list of what was sent before, newest first, narrowed to the
// texts that hold what is typed.
type recall struct {
	all    []string
	filter string
	shown  []int // of all
	at     int   // of shown
}

// recalled is how many texts of earlier runs are looked at.
const recalled = 1000

// askedMsg brings the texts that the store has.
type askedMsg struct{ texts []string }

// showHistory lists what was sent, in this run and in those before.
func (m *Model) showHistory(string) tea.Cmd {
	m.view = viewHistory
	m.recall.all = slices.Clone(m.write.history)
	slices.Reverse(m.recall.all)
	m.recall.narrow("")
	if m.keeper == nil {
		return nil
	}
	k := m.keeper
	return k.do(func() tea.Msg {
		texts, err := k.store.Asked(recalled)
		if err != nil {
			return toldMsg{err: err}
		}
		return askedMsg{texts}
	})
}

func (m *Model) onAsked(msg askedMsg) {
	have := map[string]bool{}
	for _, text := range m.recall.all {
		have[m.write.chips.expand(text)] = true
	}
	for _, text := range msg.texts {
		if !have[text] {
			m.recall.all = append(m.recall.all, text)
		}
	}
	at := m.recall.at
	m.recall.narrow(m.recall.filter)
	m.recall.move(at)
}

func (r *recall) narrow(filter string) {
	r.filter, r.shown, r.at = filter, nil, 0
	needle := strings.ToLower(filter)
	for i, text := range r.all {
		if strings.Contains(strings.ToLower(text), needle) {
			r.shown = append(r.shown, i)
		}
	}
}

func (r *recall) move(n int) { r.at = max(0, min(len(r.shown)-1, r.at+n)) }

// chooseHistory writes the text again; what was being written goes into the
// history.
func (m *Model) chooseHistory() tea.Cmd {
	if m.recall.at >= len(m.recall.shown) {
		return nil
	}
	m.view = viewChat
	m.write.take()
	m.write.paste(m.recall.all[m.recall.shown[m.recall.at]])
	return nil
}

func (r *recall) render(th *theme, w, h int) []string {
	w = max(4, w-2)
	return listLines(th, "Sent before", r.filter, "nothing is here", len(r.shown), r.at, w, h, func(i int) string {
		// A long text is not cleaned whole for one line of it.
		text := r.all[r.shown[i]]
		text = ansi.Truncate(plain(text[:min(len(text), 4*w)]), w-2, "…")
		if i == r.at {
			return " " + th.accent.Paint("▶ "+text)
		}
		return "   " + text
	})
}
