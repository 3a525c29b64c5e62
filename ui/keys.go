package ui

import (
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
	key := k.String()
	switch {
	case key == "ctrl+c":
		return m.onInterrupt()
	case key == "esc":
		return m.onEscape()
	case m.view == viewPalette:
		return m.onPaletteKey(k)
	case m.view == viewSessions:
		return m.onSessionsKey(k)
	case m.view == viewPicker && key != "f2":
		return m.onPickerKey(k)
	case m.selecting():
		return m.onSelectKey(key)
	}
	if c := m.keys[key]; c != nil && !(key == "end" && !m.write.empty()) {
		return c.run(m, "")
	}
	switch key {
	case "enter":
		return m.onEnter()
	case "shift+enter", "ctrl+j", "alt+enter":
		m.write.insert("\n")
		return nil
	case "ctrl+d":
		if m.write.empty() {
			return tea.Quit
		}
	case "?":
		if m.write.empty() {
			return m.toggleHelp("")
		}
	}
	if m.view == viewHelp && (key == "up" || key == "down" || key == "q") {
		return m.onHelpKey(key)
	}
	m.view = viewChat
	return m.write.key(k)
}

// onInterrupt clears the text, else stops the answer, else leaves the program
// when it comes twice.
func (m *Model) onInterrupt() tea.Cmd {
	switch {
	case m.view == viewChat && !m.write.empty():
		m.write.take()
		m.editing = nil
	case m.stop():
	case m.now().Sub(m.quitAt) < quitWindow:
		return tea.Quit
	default:
		m.quitAt = m.now()
		m.hint = "press Ctrl-C again to leave"
	}
	return nil
}

// onEscape closes what is open, else stops what goes on.
func (m *Model) onEscape() tea.Cmd {
	switch {
	case m.selecting():
		m.stopSelecting()
	case m.view == viewPicker && m.pick.filter != "":
		m.pick.narrow("")
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
	default:
		return false
	}
	return true
}

// onEnter sends the text, or runs it as a command.
func (m *Model) onEnter() tea.Cmd {
	m.view = viewChat
	if strings.TrimSpace(m.write.value()) == "" {
		return nil
	}
	text := m.write.take()
	if cmd, ok := m.slash(text); ok {
		return cmd
	}
	if m.notReady() {
		m.write.set(text)
		return nil
	}
	return m.send(text)
}

func (m *Model) onHelpKey(key string) tea.Cmd {
	switch key {
	case "up":
		m.scroll = max(0, m.scroll-1)
	case "down":
		m.scroll++
	default:
		m.view = viewChat
	}
	return nil
}

func (m *Model) onPickerKey(k tea.KeyPressMsg) tea.Cmd {
	page := max(1, m.place.chat.h-5)
	switch k.String() {
	case "up", "ctrl+p":
		m.pick.move(-1)
	case "down", "ctrl+n":
		m.pick.move(1)
	case "pgup":
		m.pick.move(-page)
	case "pgdown":
		m.pick.move(page)
	case "home":
		m.pick.move(-len(m.pick.all))
	case "end":
		m.pick.move(len(m.pick.all))
	case "backspace":
		if r := []rune(m.pick.filter); len(r) > 0 {
			m.pick.narrow(string(r[:len(r)-1]))
		}
	case "ctrl+u":
		m.pick.narrow("")
	case "ctrl+d":
		return tea.Quit
	case "f1":
		return m.toggleHelp("")
	case "enter":
		chosen, ok := m.pick.selected()
		switch {
		case !ok:
		case chosen.Err != nil:
			m.hint = oneLine(chosen.Err.Error())
		default:
			return m.openNamed(chosen.Path)
		}
	default:
		if k.Text != "" {
			m.pick.narrow(m.pick.filter + k.Text)
		}
	}
	return nil
}
