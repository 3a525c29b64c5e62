package ui

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
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
	Messages(conv int64) ([]store.Message, error)
	Rename(conv int64, title string) error
	Delete(conv int64) error
	Undelete(conv int64) error
	Export(conv int64, format string) ([]byte, error)
}

// keepEvery is how often an answer in the making is stored.
const keepEvery = 2 * time.Second

// keeper writes to the store, one job after the other, in a goroutine of its
// own: a slow disk holds up nothing else.
type keeper struct {
	store Store
	mu    sync.Mutex
	wake  *sync.Cond
	jobs  []func()
	ended bool
	done  chan struct{}

	// The rest belongs to the jobs.
	conv    int64 // 0: not begun
	leaf    int64
	deleted int64 // the conversation deleted last
	at      map[*item]stored
}

// stored is where an item is in the store.
type stored struct {
	id, parent int64
	final      bool
}

// turn is an item as it was when the job was given.
type turn struct {
	it    *item
	msg   chat.Message
	final bool
}

func newKeeper(s Store) *keeper {
	k := &keeper{store: s, done: make(chan struct{}), at: map[*item]stored{}}
	k.wake = sync.NewCond(&k.mu)
	go k.work()
	return k
}

func (k *keeper) work() {
	defer close(k.done)
	for {
		k.mu.Lock()
		for len(k.jobs) == 0 && !k.ended {
			k.wake.Wait()
		}
		jobs := k.jobs
		k.jobs = nil
		k.mu.Unlock()
		if len(jobs) == 0 {
			return
		}
		for _, job := range jobs {
			job()
		}
	}
}

// close ends the goroutine after the jobs that it has.
func (k *keeper) close() {
	k.mu.Lock()
	k.ended = true
	k.mu.Unlock()
	k.wake.Signal()
	<-k.done
}

// do queues a job; the command waits for what it has to say.
func (k *keeper) do(job func() tea.Msg) tea.Cmd {
	result := make(chan tea.Msg, 1)
	k.mu.Lock()
	k.jobs = append(k.jobs, func() { result <- job() })
	k.mu.Unlock()
	k.wake.Signal()
	return func() tea.Msg { return <-result }
}

// save stores what of a conversation is not stored yet. A message whose
// predecessor is another one than before becomes a new branch. What fails is
// tried again by the next save.
func (k *keeper) save(model string, turns []turn) (err error) {
	if k.conv == 0 {
		if k.conv, err = k.store.New(model); err != nil {
			return err
		}
	}
	var parent int64
	for _, t := range turns {
		s, known := k.at[t.it]
		known = known && s.parent == parent
		if !known || !s.final {
			if !known {
				s = stored{parent: parent}
			}
			switch {
			case !t.final:
				s.id, err = k.store.Partial(k.conv, parent, s.id, t.msg)
			case s.id != 0:
				err = k.store.Finish(k.conv, s.id, t.msg)
			default:
				s.id, err = k.store.Append(k.conv, parent, t.msg)
			}
			if err != nil {
				return err
			}
			s.final = t.final
			k.at[t.it], k.leaf = s, s.id
		}
		parent = s.id
	}
	if parent != 0 && k.leaf != parent {
		if err := k.store.Rewind(parent); err != nil {
			return err
		}
		k.leaf = parent
	}
	return nil
}

// begin makes a stored conversation, or with 0 a new one, the current one.
func (k *keeper) begin(conv int64, items []*item, msgs []store.Message) {
	k.conv, k.leaf, k.at = conv, 0, map[*item]stored{}
	for i, m := range msgs {
		// What a crash left unfinished stays as it is.
		k.at[items[i]] = stored{m.ID, m.Parent, true}
		k.leaf = m.ID
	}
}

// savedMsg ends a save; toldMsg any other job that has a word to say.
type savedMsg struct{ err error }

type toldMsg struct {
	text string
	err  error
}

// resumedMsg brings a stored conversation.
type resumedMsg struct {
	conv int64
	msgs []store.Message
}

// keep stores the conversation as it is now.
func (m *Model) keep() tea.Cmd {
	if m.keeper == nil {
		return nil
	}
	var turns []turn
	asked := false
	for _, it := range m.talk.items {
		msg, ok := it.message()
		if ok && (it.final || msg.Content != "" || msg.Thinking != "") {
			turns = append(turns, turn{it, msg, it.final})
			asked = asked || it.role == "user"
		}
	}
	if !asked {
		return nil
	}
	m.kept = m.now()
	k, model := m.keeper, m.panel.info.Name
	return k.do(func() tea.Msg { return savedMsg{k.save(model, turns)} })
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
		m.hint = "an answer is being made; Esc stops it"
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
		msgs, err := k.store.Messages(conv)
		if err != nil {
			return toldMsg{err: err}
		}
		return resumedMsg{conv, msgs}
	})
}

func (m *Model) onResumed(msg resumedMsg) tea.Cmd {
	if m.answer != nil {
		m.hint = "an answer is being made; Esc stops it"
		return nil
	}
	m.stopSelecting()
	m.talk.clear()
	for _, s := range msg.msgs {
		it := newItem(s.Role, s.Content)
		it.rawThink = s.Thinking
		it.thinking.Append(s.Thinking)
		it.thinking.Flush()
		if s.Partial {
			it.note = "broken off"
		}
		m.talk.add(it)
	}
	k, items := m.keeper, append([]*item(nil), m.talk.items...)
	return k.do(func() tea.Msg {
		k.begin(msg.conv, items, msg.msgs)
		return nil
	})
}

// freshChat has what follows kept as a new conversation.
func (m *Model) freshChat() tea.Cmd {
	if m.keeper == nil {
		return nil
	}
	k := m.keeper
	return k.do(func() tea.Msg {
		k.begin(0, nil, nil)
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
		msgs, err := k.store.Messages(conv)
		if err != nil {
			return toldMsg{err: err}
		}
		return resumedMsg{conv, msgs}
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
