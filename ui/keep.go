package ui

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/infer/chat"
	"github.com/runnel-chat/runnel/infer/chat/store"
)

// Store keeps conversations. *store.Store is one.
type Store interface {
	New(model string) (int64, error)
	Append(conv, parent int64, m chat.Message) (int64, error)
	Partial(conv, parent, id int64, m chat.Message) (int64, error)
	Finish(conv, id int64, m chat.Message) error
	Rewind(id int64) error
	List(limit int) ([]store.Conversation, error)
	Search(text string, limit int) ([]store.Hit, error)
	Asked(limit int) ([]string, error)
	Messages(conv int64) ([]store.Message, error)
	Branches(conv int64) (map[int64][]int64, error)
	SetSettings(conv int64, settings map[string]string) error
	Settings(conv int64) (map[string]string, error)
	Rename(conv int64, title string) error
	Delete(conv int64) error
	Undelete(conv int64) error
	Export(conv int64, format string) ([]byte, error)
}

// keepEvery is how often an answer in the making is stored.
const keepEvery = 2 * time.Second

// savedMsg ends a save; toldMsg any other job that has a word to say.
type savedMsg struct {
	forks map[*item]fork
	err   error
}

type toldMsg struct {
	text string
	err  error
}

// resumedMsg brings a stored conversation.
type resumedMsg struct {
	conv  int64
	msgs  []store.Message
	items []*item // one a message

	settings map[string]string
}

// keep stores the conversation as it is now.
func (m *Model) keep() tea.Cmd { return await(m.keepLast(nil)) }

// keepLast is keep for a conversation whose last item, if not nil, has just
// become final. The result comes later, or is nil: there is nothing to keep.
func (m *Model) keepLast(last *item) <-chan tea.Msg {
	if m.keeper == nil {
		return nil
	}
	var turns []turn
	asked := false
	for _, it := range m.talk.items {
		msg, ok := it.message()
		if ok && (it.final || msg.Content != "" || msg.Thinking != "") {
			turns = append(turns, turn{it, msg, it.final || it == last})
			asked = asked || it.role == "user"
		}
	}
	if !asked {
		return nil
	}
	m.kept = m.now()
	k, model, settings := m.keeper, m.panel.info.Name, m.changed
	return k.submit(func() tea.Msg {
		err := errors.Join(k.save(model, turns), k.saveSettings(settings))
		return savedMsg{k.forks(turns), err}
	})
}

// keepPartial stores the answer in the making when it is time.
func (m *Model) keepPartial() tea.Cmd {
	if m.answer == nil || m.now().Sub(m.kept) < keepEvery {
		return nil
	}
	return m.keep()
}

// onSaved tells once that nothing can be kept, and once that it can again.
func (m *Model) onSaved(msg savedMsg) {
	m.showForks(msg.forks)
	failed := msg.err != nil
	switch {
	case failed && !m.unkept:
		m.fail(fmt.Errorf("the conversation cannot be kept on the disk and goes on in memory: %w", msg.err))
	case !failed && m.unkept:
		m.say("The conversation is kept on the disk again.")
	}
	m.unkept = failed
}

func (m *Model) onTold(msg toldMsg) {
	if msg.err != nil {
		m.fail(msg.err)
	} else if msg.text != "" {
		m.say(msg.text)
	}
}

// notKept says why nothing is done with stored conversations, if so.
func (m *Model) notKept() bool {
	switch {
	case m.keeper == nil:
		m.hint = "conversations are not kept"
	case m.answer != nil:
		m.hint = m.busyHint()
	default:
		return false
	}
	return true
}

// resume loads a stored conversation; 0 is the newest.
func (m *Model) resume(conv int64) tea.Cmd {
	k := m.keeper
	return k.do(func() tea.Msg {
		if conv == 0 {
			cs, err := k.store.List(1)
			if err != nil || len(cs) == 0 {
				return toldMsg{err: err}
			}
			conv = cs[0].ID
		}
		return k.load(conv)
	})
}

func (m *Model) onResumed(msg resumedMsg) tea.Cmd {
	if m.answer != nil {
		m.hint = m.busyHint()
		return nil
	}
	m.stopSelecting()
	m.editing = nil
	m.talk.clear()
	for _, it := range msg.items {
		m.talk.add(it)
	}
	k, apply := m.keeper, m.applySettings(msg.settings)
	return tea.Batch(apply, k.do(func() tea.Msg {
		k.settings = msg.settings
		if err := k.begin(msg.conv, msg.items, msg.msgs); err != nil {
			return toldMsg{err: err}
		}
		return nil
	}), m.keep())
}

// load reads a conversation.
func (k *keeper) load(conv int64) tea.Msg {
	msgs, err := k.store.Messages(conv)
	if err != nil {
		return toldMsg{err: err}
	}
	settings, err := k.store.Settings(conv)
	if err != nil {
		return toldMsg{err: err}
	}
	return resumedMsg{conv, msgs, storedItems(msgs), settings}
}

// storedItems are the items of stored messages.
func storedItems(msgs []store.Message) []*item {
	items := make([]*item, len(msgs))
	for i, s := range msgs {
		it := newItem(s.Role, s.Content)
		it.rawThink, it.thought = s.Thinking, s.Thought
		it.thinking.Append(s.Thinking)
		it.thinking.Flush()
		if s.Partial {
			it.note = "broken off"
		}
		items[i] = it
	}
	return items
}

// freshChat has what follows kept as a new conversation.
func (m *Model) freshChat() tea.Cmd {
	if m.keeper == nil {
		return nil
	}
	k := m.keeper
	return k.do(func() tea.Msg {
		k.settings = nil
		_ = k.begin(0, nil, nil) // nothing is read
		return nil
	})
}

var errNothingKept = errors.New("this conversation has no message yet")

// withConversation does something with the stored conversation.
func (m *Model) withConversation(f func(k *keeper) (string, error)) tea.Cmd {
	if m.notKept() {
		return nil
	}
	k := m.keeper
	return tea.Batch(m.keep(), k.do(func() tea.Msg {
		if k.conv == 0 {
			return toldMsg{err: errNothingKept}
		}
		text, err := f(k)
		return toldMsg{text, err}
	}))
}

func (m *Model) renameChat(title string) tea.Cmd {
	return m.withConversation(func(k *keeper) (string, error) { return "Renamed.", k.store.Rename(k.conv, title) })
}

func (m *Model) deleteChat(string) tea.Cmd {
	cmd := m.withConversation(func(k *keeper) (string, error) {
		k.deleted = k.conv
		return "The conversation is deleted; /undelete brings it back.", k.store.Delete(k.conv)
	})
	if cmd == nil {
		return nil
	}
	return tea.Batch(cmd, m.newChat(""))
}

func (m *Model) undeleteChat(string) tea.Cmd {
	if m.notKept() {
		return nil
	}
	k := m.keeper
	return k.do(func() tea.Msg {
		if k.deleted == 0 {
			return toldMsg{err: errors.New("no conversation was deleted just now")}
		}
		conv := k.deleted
		if err := k.store.Undelete(conv); err != nil {
			return toldMsg{err: err}
		}
		k.deleted = 0
		return k.load(conv)
	})
}

// exportChat writes the conversation to a new file.
func (m *Model) exportChat(arg string) tea.Cmd {
	format, path, _ := strings.Cut(arg, " ")
	if format == "" {
		format = "md"
	}
	path = strings.TrimSpace(path)
	return m.withConversation(func(k *keeper) (string, error) {
		b, err := k.store.Export(k.conv, format)
		if err != nil {
			return "", err
		}
		if path == "" {
			path = fmt.Sprintf("runnel-chat-%d.%s", k.conv, format)
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // nothing is overwritten
		if err != nil {
			return "", err
		}
		_, err = f.Write(b)
		return "Written to " + path + ".", errors.Join(err, f.Close())
	})
}
