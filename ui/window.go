package ui

import (
	"slices"

	"github.com/runnel-chat/runnel/infer/chat"
)

// What the context no longer holds stays on the screen and in the store. A
// line says where it ends; the model is told what is below.

// edgeWords stand above the first message that the model still sees.
const edgeWords = "— earlier messages are outside the context —"

// messages is the conversation as the engine is told: the system prompt and
// what is inside of the context, up to the message that is being edited.
func (m *Model) messages() []chat.Message {
	from := max(0, slices.Index(m.talk.items, m.inside))
	var msgs []chat.Message
	for i, it := range m.talk.items {
		if it == m.editing {
			break
		}
		if msg, ok := it.message(); ok && (i >= from || it.role == "system" && len(msgs) == 0) {
			msgs = append(msgs, msg)
		}
	}
	return msgs
}

// leaveOut moves the line by so many messages, which the engine left out.
func (m *Model) leaveOut(n int) {
	from := max(0, slices.Index(m.talk.items, m.inside))
	for _, it := range m.talk.items[from:] {
		if _, ok := it.message(); !ok || it.role == "system" {
			continue
		}
		if n == 0 {
			m.setInside(it)
			return
		}
		n--
	}
}

// setInside makes an item the first one inside of the context; nil: all are.
func (m *Model) setInside(it *item) {
	if m.inside != nil {
		m.inside.edge, m.inside.lines = false, nil
	}
	if m.inside = it; it != nil {
		it.edge, it.lines = true, nil
	}
}
