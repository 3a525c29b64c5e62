package ui

import (
	"context"
	"errors"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/infer/chat"
)

// Drafter is an engine that can read a message before it is sent. The local
// one is; a server is not told what was not sent.
type Drafter interface {
	// ReadAhead computes the prompt so far; the answer to it begins sooner.
	ReadAhead(ctx context.Context, msgs []chat.Message, r infer.Request) error
}

// draft follows what is typed and not sent yet.
type draft struct {
	of     draftOf
	edits  int
	reads  string             // the text that is being read ahead
	cancel context.CancelFunc // ends that; nil before any
}

// draftOf is what the next prompt is made of, as far as it changes.
type draftOf struct {
	text   string
	items  int
	engine Engine
	free   bool // no answer is being made
}

// draftPause is how long nobody must type before the text is looked at.
const draftPause = 300 * time.Millisecond

// pausedMsg says that nothing was typed for a while after an edit.
type pausedMsg struct{ edits int }

// readMsg ends the reading of a draft.
type readMsg struct {
	edits int
	err   error
}

// typed looks whether the draft has changed. What is read of another text is
// given up at once; of a beginning of this one, it goes on.
func (m *Model) typed() tea.Cmd {
	d := &m.draft
	now := draftOf{m.write.value(), len(m.talk.items), m.engine, m.answer == nil}
	if now == d.of {
		return nil
	}
	d.of = now
	d.edits++
	if d.cancel != nil && now.free && !strings.HasPrefix(now.text, d.reads) {
		d.stop()
	}
	if m.drafter() == nil {
		return nil
	}
	edits := d.edits
	return tea.Tick(draftPause, func(time.Time) tea.Msg { return pausedMsg{edits} })
}

// drafter is the engine if there is a message that it could read now.
func (m *Model) drafter() Drafter {
	d, ok := m.engine.(Drafter)
	text := strings.TrimSpace(m.draft.of.text)
	if !ok || m.answer != nil || text == "" || strings.HasPrefix(text, "/") {
		return nil
	}
	return d
}

// onPaused has the draft read, if it is still the one that the pause was
// after.
func (m *Model) onPaused(msg pausedMsg) tea.Cmd {
	e := m.drafter()
	if e == nil || msg.edits != m.draft.edits || !m.cfg.TypeAhead {
		return nil
	}
	d := &m.draft
	d.stop()
	ctx, cancel := context.WithCancel(m.ctx)
	d.reads, d.cancel = d.of.text, cancel
	msgs := append(m.messages(), chat.Message{Role: "user", Content: m.write.full()})
	r := m.o.Request(m.cfg)
	return func() tea.Msg { return readMsg{msg.edits, e.ReadAhead(ctx, msgs, r)} }
}

// onRead reports what went wrong with the engine itself; that a draft was
// given up, or does not fit, will be said when it is sent.
func (m *Model) onRead(msg readMsg) {
	if internal := (*infer.InternalError)(nil); errors.As(msg.err, &internal) {
		m.fail(msg.err)
	}
}

func (d *draft) stop() {
	if d.cancel != nil {
		d.cancel()
		d.cancel = nil
	}
}
