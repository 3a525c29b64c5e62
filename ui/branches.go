package ui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/infer/chat/store"
)

// A conversation is a tree. What is edited or answered again stays beside its
// successor, and a message that has such siblings says which one it is.

// fork is the place of a message among its siblings.
type fork struct{ nth, of int } // from 1; of 0 or 1: it has none

// forks are the places of the messages that have siblings.
func (k *keeper) forks(turns []turn) map[*item]fork {
	places := map[*item]fork{}
	for _, t := range turns {
		s, known := k.at[t.it]
		if all := k.below[s.parent]; known && len(all) > 1 {
			places[t.it] = fork{slices.Index(all, s.id) + 1, len(all)}
		}
	}
	return places
}

func (m *Model) showForks(places map[*item]fork) {
	for _, it := range m.talk.items {
		if f := places[it]; f != it.fork {
			it.fork, it.lines = f, nil
		}
	}
}

// flippedMsg brings what stands in the place of an item and all after it.
type flippedMsg struct {
	at    *item
	msgs  []store.Message
	items []*item
}

// flip shows the next or the previous sibling of the selected message, with
// what followed it when it was shown last.
func (m *Model) flip(step int) tea.Cmd {
	if m.notKept() {
		return nil
	}
	k, it := m.keeper, m.talk.items[m.picked]
	return tea.Batch(m.keep(), k.do(func() tea.Msg { return k.flip(it, step) }))
}

func (k *keeper) flip(it *item, step int) tea.Msg {
	s, known := k.at[it]
	all := k.below[s.parent]
	to := slices.Index(all, s.id) + step
	if !known || to < 0 || to >= len(all) {
		return nil
	}
	leaf := k.leafBelow(all[to])
	if err := k.store.Rewind(leaf); err != nil {
		return toldMsg{err: err}
	}
	k.leaf = leaf
	msgs, err := k.store.Messages(k.conv)
	if err != nil {
		return toldMsg{err: err}
	}
	i := slices.IndexFunc(msgs, func(m store.Message) bool { return m.ID == all[to] })
	if i < 0 {
		return nil // deleted by another program
	}
	return flippedMsg{it, msgs[i:], storedItems(msgs[i:])}
}

// leafBelow goes down the way that was on the screen last, else the newest.
func (k *keeper) leafBelow(id int64) int64 {
	for {
		next := k.chosen[id]
		if all := k.below[id]; next == 0 && len(all) > 0 {
			next = all[len(all)-1]
		}
		if next == 0 {
			return id
		}
		id = next
	}
}

func (m *Model) onFlipped(msg flippedMsg) tea.Cmd {
	i := slices.Index(m.talk.items, msg.at)
	if i < 0 || m.answer != nil {
		return nil // the next save makes the old branch the current one again
	}
	selecting := m.selecting() // or Esc came first
	m.unpick()
	m.editing = nil
	m.talk.items = append(m.talk.items[:i], msg.items...)
	if selecting {
		m.pickItem(i, +1)
	}
	k := m.keeper
	return tea.Batch(k.do(func() tea.Msg {
		k.know(msg.items, msg.msgs)
		return nil
	}), m.keep())
}
