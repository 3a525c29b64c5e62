package ui

import (
	"slices"

	tea "charm.land/bubbletea/v2"
)

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

// selectHint is the line of keys in message mode.
func (m *Model) selectHint() string {
	return m.keys.hints("message-down/message-up", "move", "copy-message", "copy", "copy-code", "code block", "edit-message", "edit",
		"regen-message", "regenerate", "previous-version/next-version", "other versions", "delete-message", "delete",
		"unfold-message", "unfold", "find-message", "find", "back", "back")
}

// copyCode copies the code block that the key's place among its keys tells.
func (m *Model) copyCode(press string) tea.Cmd {
	return m.copyItem(m.talk.items[m.picked], 1+slices.Index(m.keys.by["copy-code"], press))
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
