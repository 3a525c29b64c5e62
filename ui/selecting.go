package ui

import tea "charm.land/bubbletea/v2"

// Message mode: one message is selected, and single keys act on it.

func (m *Model) selecting() bool { return m.picked >= 0 }

// startSelecting selects the newest message.
func (m *Model) startSelecting(string) tea.Cmd {
	m.view = viewChat
	m.pickItem(len(m.talk.items)-1, -1)
	if !m.selecting() {
		m.hint = "no message to select"
	}
	return nil
}

func (m *Model) stopSelecting() {
	m.unpick()
	m.talk.end()
}

func (m *Model) unpick() {
	if m.selecting() {
		m.talk.items[m.picked].selected = false
	}
	m.picked = -1
}

// pickItem selects the first message from i on, in steps.
func (m *Model) pickItem(i, step int) {
	for ; i >= 0 && i < len(m.talk.items); i += step {
		if _, ok := m.talk.items[i].message(); !ok {
			continue
		}
		m.unpick()
		m.talk.items[i].selected, m.picked = true, i
		m.talk.show(i)
		return
	}
}

// selectHelp is the line of keys in message mode.
const selectHelp = "j/k move · y copy · 1-9 code block · e edit · r regenerate · ←/→ other versions · d delete · space unfold · / find · Esc back"

func (m *Model) onSelectKey(key string) tea.Cmd {
	i := m.picked
	it := m.talk.items[i]
	switch key {
	case "k", "up":
		m.pickItem(i-1, -1)
	case "j", "down":
		m.pickItem(i+1, +1)
	case "g", "home":
		m.pickItem(0, +1)
	case "G", "shift+g", "end":
		m.pickItem(len(m.talk.items)-1, -1)
	case "y", "c":
		return m.copyItem(it, 0)
	case "Y", "shift+y":
		return m.copyItem(it, 1)
	case "1", "2", "3", "4", "5", "6", "7", "8", "9":
		return m.copyItem(it, int(key[0]-'0'))
	case "space", "enter":
		it.toggleThinking()
	case "e":
		return m.editItem(i)
	case "r":
		return m.regenerateAt(i)
	case "d", "delete":
		m.deleteItem(i)
	case "/":
		m.stopSelecting()
		return m.find("")
	case "n":
		m.findFrom(i - 1)
	case "left", "h":
		return m.flip(-1)
	case "right", "l":
		return m.flip(+1)
	case "tab", "q", "i":
		m.stopSelecting()
	case "pgup", "pgdown", "f1", "f2":
		return m.keys[key].run(m, "")
	}
	return nil
}

// editItem puts a message of the user into the composer. What is sent then
// takes its place; until then nothing changes.
func (m *Model) editItem(i int) tea.Cmd {
	it := m.talk.items[i]
	if it.role != "user" || m.answer != nil {
		m.hint = "only a message of yours can be edited, and not during an answer"
		return nil
	}
	m.write.take() // into the history
	m.write.set(it.raw)
	m.stopSelecting()
	m.editing = it
	m.talk.show(i)
	return nil
}

// stopEditing leaves the message as it was.
func (m *Model) stopEditing() {
	m.editing = nil
	m.write.take()
	m.talk.end()
}

// regenerateAt has a message answered again; what came after it goes.
func (m *Model) regenerateAt(i int) tea.Cmd {
	if m.notReady() {
		return nil
	}
	for i >= 0 && m.talk.items[i].role != "user" {
		i--
	}
	if i < 0 {
		m.hint = "nothing to answer"
		return nil
	}
	m.stopSelecting()
	m.talk.items = m.talk.items[:i+1]
	return m.ask()
}

func (m *Model) deleteItem(i int) {
	if m.answer != nil {
		m.hint = "not during an answer"
		return
	}
	m.stopSelecting()
	m.talk.items = append(m.talk.items[:i], m.talk.items[i+1:]...)
	m.pickItem(min(i, len(m.talk.items)-1), -1)
}
