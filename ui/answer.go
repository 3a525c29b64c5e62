package ui

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/infer"
)

// answer is one reply in the making.
type answer struct {
	stream *infer.Stream
	cancel context.CancelFunc
	item   *item
	began  time.Time
	first  time.Time // text after the thinking
	moved  bool      // what was left out is marked
}

// deltaMsg is what a stream gained.
type deltaMsg struct {
	of    *answer
	delta infer.Delta
}

// gather is how long tokens are gathered before they are shown: a frame. A
// model that writes a thousand a second costs no more frames than one that
// writes sixty.
const gather = 16 * time.Millisecond

// wait waits for the stream and takes what is there.
func (a *answer) wait() tea.Cmd {
	return func() tea.Msg {
		<-a.stream.Ready()
		time.Sleep(gather)
		return deltaMsg{a, a.stream.Take()}
	}
}

// send asks the engine to answer the conversation, with text added to it, or
// in the place of the message that is edited.
func (m *Model) send(text string) tea.Cmd {
	if i := slices.Index(m.talk.items, m.editing); i >= 0 {
		m.talk.items = m.talk.items[:i]
	}
	m.editing = nil
	m.talk.add(newItem("user", text))
	return m.ask()
}

// ask has the conversation answered as it stands.
func (m *Model) ask() tea.Cmd {
	m.talk.end()
	ctx, cancel := context.WithCancel(m.ctx)
	msgs := m.messages()
	a := &answer{cancel: cancel, item: newAnswer(), began: m.now()}
	m.talk.add(a.item)
	m.answer = a
	m.panel.phase = "reading"
	a.stream = m.engine.Generate(ctx, msgs, m.request())
	return tea.Batch(a.wait(), m.tick(), m.keep())
}

// request says how the settings want it answered.
func (m *Model) request() infer.Request {
	r := m.o.Request(m.cfg, m.engine.Info())
	r.LeaveOut = true
	return r
}

func (m *Model) onDelta(msg deltaMsg) tea.Cmd {
	a, d := msg.of, msg.delta
	if a != m.answer {
		return nil
	}
	if d.Notice != "" {
		m.say(d.Notice)
	}
	if d.LeftOut > 0 && !a.moved {
		a.moved = true
		m.leaveOut(d.LeftOut)
	}
	if d.Text != "" && a.first.IsZero() {
		a.first = m.now()
		if a.item.rawThink+d.Thinking != "" {
			a.item.thought = a.first.Sub(a.began)
		}
	}
	a.item.append(d.Text, d.Thinking)
	if !d.Done {
		return a.wait()
	}
	kept := m.keepLast(a.item)
	if kept == nil {
		return m.finish(a, d)
	}
	return func() tea.Msg {
		select {
		case saved := <-kept:
			return endedMsg{a, d, saved}
		case <-time.After(patience):
			return endedMsg{of: a, delta: d}
		}
	}
}

// patience is how long the end of an answer waits for the disk.
const patience = time.Second

// endedMsg ends an answer when it is stored: what stands on the screen as
// finished outlives the program.
type endedMsg struct {
	of    *answer
	delta infer.Delta
	saved tea.Msg // or nil: the disk is slow
}

func (m *Model) onEnded(msg endedMsg) tea.Cmd {
	if saved, ok := msg.saved.(savedMsg); ok {
		m.onSaved(saved)
	}
	if msg.of != m.answer {
		return nil
	}
	return m.finish(msg.of, msg.delta)
}

// finish ends the answer in hand.
func (m *Model) finish(a *answer, d infer.Delta) tea.Cmd {
	a.cancel()
	m.answer = nil
	a.item.finish(endWords(d.Reason))
	if a.item.raw == "" && a.item.rawThink == "" {
		m.drop(a.item) // an error says why; an empty message would confuse the model
	}
	if d.Err != nil {
		m.fail(d.Err)
	}
	m.look()
	m.panel.phase = "ready"
	return m.keep()
}

func (m *Model) drop(it *item) {
	for i := len(m.talk.items) - 1; i >= 0; i-- {
		if m.talk.items[i] == it {
			m.talk.items = append(m.talk.items[:i], m.talk.items[i+1:]...)
			return
		}
	}
}

// endWords says how an answer ended, when that needs saying.
func endWords(r infer.Reason) string {
	switch r {
	case infer.TokenLimit:
		return "cut at max_tokens"
	case infer.ContextFull:
		return "the context is full"
	case infer.Cancelled:
		return "stopped"
	case infer.Failed:
		return "broken off"
	}
	return ""
}
