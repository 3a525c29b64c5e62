package ui

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/infer/chat"
)

// drafting is an engine that reads ahead; a test decides for how long.
type drafting struct {
	*fakeEngine
	read  chan readCall
	price infer.Price
}

// readCall is a call of ReadAhead in progress.
type readCall struct {
	ctx  context.Context
	msgs []chat.Message
	end  chan error
}

func (e *drafting) ReadAhead(ctx context.Context, msgs []chat.Message, _ infer.Request) error {
	c := readCall{ctx, msgs, make(chan error, 1)}
	e.read <- c
	select {
	case err := <-c.end:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *drafting) Price(msgs []chat.Message, _ infer.Request) (infer.Price, error) {
	p := e.price
	p.Typed = len(msgs[len(msgs)-1].Content)
	return p, nil
}

func draftingChat(t *testing.T) (*Model, *drafting) {
	m := chatWith(t, newFakeEngine())
	e := &drafting{fakeEngine: m.engine.(*fakeEngine), read: make(chan readCall, 8)}
	m.engine = e
	return m, e
}

// start runs a command in the background and returns what it will say.
func start(cmd tea.Cmd) <-chan tea.Msg {
	c := make(chan tea.Msg, 1)
	go func() { c <- cmd() }()
	return c
}

// pause is what the clock says after the last edit. It returns the reading
// ahead that follows the price, nil for none.
func pause(m *Model) tea.Cmd {
	cmd := m.onPaused(pausedMsg{m.draft.edits})
	if cmd == nil || !m.cfg.TypeAhead {
		run(m, cmd)
		return nil
	}
	// A sequence is a type of its own that only the program looks into.
	steps := reflect.ValueOf(cmd())
	run(m, steps.Index(0).Interface().(tea.Cmd))
	return steps.Index(1).Interface().(tea.Cmd)
}

func TestTypeAheadReadsWhatIsTyped(t *testing.T) {
	m, e := draftingChat(t)
	cmd := press(m, "Why is ")
	if cmd == nil {
		t.Fatal("a key asks for no pause")
	}
	began := time.Now()
	if msg, ok := cmd().(pausedMsg); !ok || msg.edits != m.draft.edits || time.Since(began) < draftPause {
		t.Fatalf("the last key gives %#v after %v", msg, time.Since(began))
	}
	if cmd := m.onPaused(pausedMsg{m.draft.edits - 1}); cmd != nil {
		t.Error("an earlier pause counts")
	}
	first := start(pause(m))
	call := <-e.read
	if n := len(call.msgs); n != 1 || call.msgs[0].Role != "user" || call.msgs[0].Content != "Why is " {
		t.Errorf("reads %+v", call.msgs)
	}
	press(m, "the")
	if call.ctx.Err() != nil {
		t.Error("typing on gives up what is still wanted")
	}
	press(m, "<backspace>", "<backspace>", "<backspace>", "<backspace>")
	if call.ctx.Err() == nil {
		t.Error("another text is still being read")
	}
	m.Update(<-first)
	if n := len(m.talk.items); n != 0 {
		t.Errorf("%d items tell of a draft", n)
	}
}

func TestTypeAheadAndEnter(t *testing.T) {
	m, e := draftingChat(t)
	press(m, "Hello")
	read := start(pause(m))
	call := <-e.read
	press(m, "<enter>")
	if call.ctx.Err() != nil {
		t.Error("sending the text gives up the reading of it")
	}
	press(m, "And")
	if m.onPaused(pausedMsg{m.draft.edits}) != nil {
		t.Error("reads ahead while an answer is made")
	}
	call.end <- nil
	m.Update(<-read)
	e.stream.Append([]byte("Hi"), nil)
	e.stream.Finish(infer.EndOfTurn, nil)
	before := m.draft.edits
	m.Update(m.answer.wait()())
	if m.draft.edits == before {
		t.Fatal("after the answer, nobody looks at what was typed during it")
	}
	read = start(pause(m))
	call = <-e.read
	if n := len(call.msgs); n != 3 || call.msgs[1].Content != "Hi" || call.msgs[2].Content != "And" {
		t.Errorf("reads %+v", call.msgs)
	}
	call.end <- &infer.InternalError{Value: "index out of range"}
	m.Update(<-read)
	if it := m.talk.items[len(m.talk.items)-1]; it.role != roleError {
		t.Errorf("a bug of ours is not shown, but %+v", it)
	}
}

func TestNothingToReadAhead(t *testing.T) {
	for name, text := range map[string]string{"a command": "/model x", "blanks": "  ", "nothing": ""} {
		m, _ := draftingChat(t)
		m.write.insert(text)
		if m.typed(); pause(m) != nil {
			t.Errorf("%s is read", name)
		}
	}
	m, _ := draftingChat(t)
	m.cfg.TypeAhead = false
	if press(m, "Hello"); pause(m) != nil {
		t.Error("reads although it is off")
	}
	m = chatWith(t, newFakeEngine())
	if cmd := press(m, "Hello"); cmd != nil {
		t.Error("an engine that cannot read ahead is asked to")
	}
	if m.onRead(readMsg{0, errors.Join(infer.ErrBusy)}); len(m.talk.items) != 0 {
		t.Error("a draft that gave way is reported")
	}
}

// TestPriceTag looks at what is said of a text before it is sent.
func TestPriceTag(t *testing.T) {
	for _, tt := range []struct {
		price infer.Price
		want  string
	}{
		{infer.Price{Tokens: 900, Reused: 100}, "5 tokens"},
		{infer.Price{Tokens: 900, Reused: 100, First: 1840 * time.Millisecond}, "5 tokens · first token in ~1.8 s"},
		{infer.Price{Tokens: 900, First: 95 * time.Second, Bytes: 63 << 30}, "5 tokens · first token in ~1m35s · 63.0 GiB to read"},
		{infer.Price{Tokens: 900, Reused: 900}, "5 tokens · read ahead: the first token comes at once"},
		{infer.Price{Tokens: 2048}, "2048 tokens in all do not fit the context of 2048"},
	} {
		m, e := draftingChat(t)
		m.cfg.TypeAhead = false
		e.price = tt.price
		press(m, "Hello")
		pause(m)
		for _, h := range []int{24, 12} { // with and without a line of keys
			m.resize(80, h)
			lines := strings.Split(ansi.Strip(m.View().Content), "\n")
			found := false
			for _, line := range lines {
				found = found || strings.TrimSpace(line) == tt.want
			}
			if !found {
				t.Errorf("%d lines do not say %q:\n%s", h, tt.want, strings.Join(lines, "\n"))
			}
		}
		press(m, "<backspace>", "<backspace>", "<backspace>", "<backspace>", "<backspace>")
		if m.tag() != "" {
			t.Error("nothing is typed, but its price is said")
		}
	}
}
