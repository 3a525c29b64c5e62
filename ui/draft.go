package ui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/infer/chat"
)

// Drafter is an engine that can say what a message will cost, and read it
// before it is sent. The local one is; a server is not told what was not sent.
type Drafter interface {
	// Price says what the answer would cost before its first token.
	Price(msgs []chat.Message, r infer.Request) (infer.Price, error)
	// ReadAhead computes the prompt so far; the answer to it begins sooner.
	ReadAhead(ctx context.Context, msgs []chat.Message, r infer.Request) error
}

// draft follows what is typed and not sent yet.
type draft struct {
	of     draftOf
	edits  int
	reads  string             // the text that is being read ahead
	cancel context.CancelFunc // ends that; nil before any
	price  infer.Price        // of the text at the last pause; none while Typed is 0
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

// pricedMsg says what a draft will cost.
type pricedMsg struct {
	edits int
	price infer.Price
}

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

// onPaused has the draft priced and read, if it is still the one that the
// pause was after.
func (m *Model) onPaused(msg pausedMsg) tea.Cmd {
	e := m.drafter()
	if e == nil || msg.edits != m.draft.edits {
		return nil
	}
	d := &m.draft
	d.stop()
	msgs := append(m.messages(), chat.Message{Role: "user", Content: m.write.full()})
	r := m.request()
	price := func() tea.Msg {
		p, err := e.Price(msgs, r)
		if err != nil {
			p = infer.Price{} // sending it will say why
		}
		return pricedMsg{msg.edits, p}
	}
	if !m.cfg.TypeAhead {
		return price
	}
	ctx, cancel := context.WithCancel(m.ctx)
	d.reads, d.cancel = d.of.text, cancel
	// The price as it is now, then what is left of it.
	return tea.Sequence(price, func() tea.Msg { return readMsg{msg.edits, e.ReadAhead(ctx, msgs, r)} }, price)
}

func (m *Model) onPriced(msg pricedMsg) {
	if msg.edits == m.draft.edits {
		m.draft.price = msg.price
	}
}

// tag says what the draft will cost; "" while that is not known.
func (m *Model) tag() string {
	p, room := m.draft.price, m.panel.info.Context
	switch {
	case p.Typed == 0 || m.draft.of.text == "":
		return ""
	case p.Tokens >= room:
		return fmt.Sprintf("%d tokens in all do not fit the context of %d", p.Tokens, room)
	}
	words := []string{fmt.Sprintf("%d tokens", p.Typed)}
	switch {
	case p.Reused == p.Tokens:
		words = append(words, "read ahead: the first token comes at once")
	case p.First > 0:
		words = append(words, "first token in ~"+about(p.First))
	}
	if p.LeftOut > 0 {
		words = append(words, fmt.Sprintf("%d older messages do not fit", p.LeftOut))
	}
	if p.Bytes > 0 {
		words = append(words, config.FormatSize(p.Bytes)+" to read")
	}
	return strings.Join(words, " · ")
}

// about is a predicted time, no finer than predictions are.
func about(d time.Duration) string {
	switch {
	case d >= 10*time.Minute:
		return d.Round(time.Minute).String()
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%.1f s", max(0.1, d.Seconds()))
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
