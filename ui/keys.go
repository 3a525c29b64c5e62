package ui

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// quitWindow is how soon a second Ctrl-C must follow.
const quitWindow = time.Second

// onKey finds whoever a key is for: what is open on the screen, the commands,
// the composer.
func (m *Model) onKey(k tea.KeyPressMsg) tea.Cmd {
	m.hint = ""
	press := k.String()
	of := &m.keys.of
	if c := of[anywhere][press]; c != nil {
		return c.run(m, "")
	}
	switch {
	case m.listing():
		return m.onListKey(k)
	case m.selecting():
		if c := of[inMessage][press]; c != nil {
			return c.run(m, press)
		}
		if c := of[inChat][press]; c != nil && slices.Contains(alsoSelecting, c.name) {
			return c.run(m, "")
		}
		return nil
	}
	if c := of[inOffer][press]; c != nil && m.completing() {
		return c.run(m, "")
	}
	if m.view == viewHelp && m.onHelpKey(press) {
		return nil
	}
	if c := of[inEmpty][press]; c != nil && m.write.empty() {
		return c.run(m, "")
	}
	if c := of[inChat][press]; c != nil {
		return c.run(m, "")
	}
	m.view = viewChat
	if c := of[inText][press]; c != nil && c.run != nil {
		return c.run(m, "")
	}
	return tea.Batch(m.write.key(k), m.complete())
}

// alsoSelecting are the commands of the chat that go on in message mode.
var alsoSelecting = []string{"scroll-up", "scroll-down", "help", "stats"}

// onInterrupt clears the text, else stops the answer, else leaves the program
// when it comes twice.
func (m *Model) onInterrupt(string) tea.Cmd {
	switch {
	case m.view == viewChat && !m.write.empty():
		m.write.take()
		m.editing = nil
	case m.stop():
	case m.now().Sub(m.quitAt) < quitWindow:
		return tea.Quit
	default:
		m.quitAt = m.now()
		m.hint = "press " + m.keys.first("interrupt") + " again to leave"
	}
	return nil
}

// onEscape closes what is open, else stops what goes on.
func (m *Model) onEscape(string) tea.Cmd {
	switch {
	case m.view == viewPicker && m.pick.filter != "":
		m.pick.narrow("")
	case m.completing():
		m.offer.close()
	case m.selecting():
		m.stopSelecting()
	case m.view != viewChat:
		m.view = viewChat
	case m.editing != nil:
		m.stopEditing()
	default:
		m.stop()
	}
	return nil
}

// stop ends the answer, or the opening of a model; false when there is none.
func (m *Model) stop() bool {
	switch {
	case m.answer != nil:
		m.answer.cancel()
	case m.opening != nil:
		m.opening.cancel()
	case m.loading != nil:
		m.loading.cancel()
	default:
		return false
	}
	return true
}

// onEnter sends the text, or runs it as a command.
func (m *Model) onEnter(string) tea.Cmd {
	m.view = viewChat
	if strings.TrimSpace(m.write.value()) == "" {
		return nil
	}
	m.offer.close()
	paths := mentions(m.write.value()) // not those in what was pasted or attached
	text := m.write.take()
	if cmd, ok := m.slash(text); ok {
		return cmd
	}
	if m.notReady() {
		m.write.set(text)
		return nil
	}
	if len(paths) > 0 {
		return m.sendMentioning(text, paths)
	}
	return m.send(text)
}

// onHelpKey scrolls the help, or closes it, as a list is moved in.
func (m *Model) onHelpKey(press string) bool {
	c := m.keys.of[inList][press]
	switch {
	case press == "q":
		m.view = viewChat
	case c != nil && c.name == "list-up":
		m.scroll = max(0, m.scroll-1)
	case c != nil && c.name == "list-down":
		m.scroll++
	default:
		return false
	}
	return true
}
