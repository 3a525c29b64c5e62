package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/runnel-chat/runnel/infer/chat/store"
)

// sessions is the list of kept conversations, narrowed by what is typed: to
// those whose title or text has it.
type sessions struct {
	all    []store.Conversation
	filter string
	found  map[int64]string // by the search in the text, with a snippet
	shown  []int            // of all
	at     int              // of shown
}

// sessionsMsg brings the list; foundMsg what a search gave.
type sessionsMsg struct{ all []store.Conversation }

type foundMsg struct {
	filter string
	found  map[int64]string
}

// listed is how many conversations are shown.
const listed = 500

func (m *Model) showSessions(words string) tea.Cmd {
	if m.notKept() {
		return nil
	}
	k := m.keeper
	return tea.Batch(m.keep(), k.do(func() tea.Msg {
		all, err := k.store.List(listed)
		if err != nil {
			return toldMsg{err: err}
		}
		return sessionsMsg{all}
	}), m.narrowSessions(words))
}

func (m *Model) onSessions(msg sessionsMsg) {
	m.view = viewSessions
	m.sessions.all = msg.all
	m.sessions.match()
}

// narrowSessions filters by the titles at once and by the text when the
// search is done.
func (m *Model) narrowSessions(filter string) tea.Cmd {
	m.sessions.filter, m.sessions.found = filter, nil
	m.sessions.match()
	if strings.TrimSpace(filter) == "" {
		return nil
	}
	k := m.keeper
	return k.do(func() tea.Msg {
		hits, err := k.store.Search(filter, listed)
		if err != nil {
			return toldMsg{err: err}
		}
		found := map[int64]string{}
		for _, h := range hits {
			if _, ok := found[h.Conv]; !ok {
				found[h.Conv] = h.Snippet
			}
		}
		return foundMsg{filter, found}
	})
}

func (m *Model) onFound(msg foundMsg) {
	if msg.filter == m.sessions.filter {
		m.sessions.found = msg.found
		m.sessions.match()
	}
}

func (s *sessions) match() {
	s.shown, s.at = nil, 0
	needle := strings.ToLower(strings.TrimSpace(s.filter))
	for i, c := range s.all {
		if _, ok := s.found[c.ID]; ok || strings.Contains(strings.ToLower(c.Title), needle) {
			s.shown = append(s.shown, i)
		}
	}
}

func (s *sessions) move(n int) { s.at = max(0, min(len(s.shown)-1, s.at+n)) }

func (m *Model) chooseSession() tea.Cmd {
	s := &m.sessions
	if s.at >= len(s.shown) {
		return nil
	}
	m.view = viewChat
	return m.resume(s.all[s.shown[s.at]].ID)
}

func (s *sessions) render(th *theme, w, h int) []string {
	w = max(4, w-2)
	return listLines(th, "Conversations", s.filter, "nothing is here", len(s.shown), s.at, w, h, func(i int) string {
		c := s.all[s.shown[i]]
		right := c.Updated.Format("2006-01-02 15:04") + "  " + plain(c.Model)
		if snippet := s.found[c.ID]; snippet != "" {
			right = plain(snippet)
		}
		name := ansi.Truncate(plain(c.Title), max(4, w/2), "…")
		right = ansi.Truncate(right, max(0, w-ansi.StringWidth(name)-4), "…")
		if i == s.at {
			return " " + th.accent.Paint("▶ "+name) + "  " + right
		}
		return "   " + name + "  " + th.dim.Paint(right)
	})
}
