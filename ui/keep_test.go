package ui

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/infer/chat"
	"github.com/runnel-chat/runnel/infer/chat/store"
)

// keptChat is a chat whose conversations are kept in a file of the test.
func keptChat(t *testing.T, e *fakeEngine) (*Model, *store.Store) {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "c.db"))
	if err != nil {
		t.Fatal(err)
	}
	m := chatWith(t, e)
	m.keeper = newKeeper(s)
	t.Cleanup(func() {
		if err := errors.Join(m.close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	return m, s
}

// settle waits for the jobs that were given so far.
func settle(m *Model) { m.keeper.do(func() tea.Msg { return nil })() }

func branch(t *testing.T, s *store.Store, conv int64) string {
	t.Helper()
	msgs, err := s.Messages(conv)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range msgs {
		out = append(out, m.Content)
	}
	return strings.Join(out, " ")
}

func TestConversationsAreKept(t *testing.T) {
	e := newFakeEngine()
	m, s := keptChat(t, e)
	press(m, "one", "<enter>")
	answerWith(m, e, "first", "hmm", infer.EndOfTurn, nil)
	press(m, "<ctrl+g>") // answered again: a second branch
	answerWith(m, e, "second", "", infer.EndOfTurn, nil)
	settle(m)
	cs, err := s.List(9)
	if err != nil || len(cs) != 1 || cs[0].Count != 3 || cs[0].Title != "one" || cs[0].Model != "Tiny Test" {
		t.Fatalf("%+v, %v", cs, err)
	}
	if got := branch(t, s, cs[0].ID); got != "one second" {
		t.Errorf("the branch is %q", got)
	}
	run(m, press(m, "/rename The ones", "<enter>"))
	run(m, press(m, "/new", "<enter>"))
	press(m, "two", "<enter>")
	answerWith(m, e, "other", "", infer.EndOfTurn, nil)
	run(m, press(m, "<ctrl+s>"))
	wantOnScreen(t, m, "Conversations", "▶ two", "The ones", "Tiny Test")
	for _, r := range "second" { // only in the text of the older one
		run(m, press(m, string(r)))
	}
	wantOnScreen(t, m, "▶ The ones", "second")
	run(m, press(m, "<enter>"))
	wantOnScreen(t, m, "❯ one", "● second")
	press(m, "more", "<enter>")
	answerWith(m, e, "third", "", infer.EndOfTurn, nil)
	settle(m)
	if got := branch(t, s, cs[0].ID); got != "one second more third" {
		t.Errorf("the resumed branch is %q", got)
	}

	path := filepath.Join(t.TempDir(), "out.md")
	run(m, press(m, "/export md "+path, "<enter>"))
	if b, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(b), "# The ones\n") {
		t.Errorf("exported %q, %v", b, err)
	}
	run(m, press(m, "/export md "+path, "<enter>"))
	wantOnScreen(t, m, "✗ open")
	run(m, press(m, "/delete", "<enter>"))
	if cs, err := s.List(9); err != nil || len(cs) != 1 || m.last("user") >= 0 {
		t.Errorf("after /delete: %+v, %v", cs, err)
	}
	run(m, press(m, "/undelete", "<enter>"))
	wantOnScreen(t, m, "● third")
	if cs, err := s.List(9); err != nil || len(cs) != 2 {
		t.Errorf("after /undelete: %+v, %v", cs, err)
	}
}

// TestThoughtIsKept: a resumed answer says how long it thought.
func TestThoughtIsKept(t *testing.T) {
	it := newAnswer()
	it.append("", "hmm")
	it.thought = 2300 * time.Millisecond
	it.append("So.", "")
	msg, _ := it.message()
	again := storedItems([]store.Message{{Message: msg}})[0]
	lines := strings.Join(again.thoughtLines(40, newTheme(true)), "\n")
	if !strings.Contains(lines, "thought for 2.3 s") {
		t.Errorf("a resumed answer shows\n%s", lines)
	}
}

// TestPartialIsKept: leaving in the middle of an answer keeps what is there.
func TestPartialIsKept(t *testing.T) {
	e := newFakeEngine()
	m, s := keptChat(t, e)
	press(m, "Go", "<enter>")
	e.stream.Append([]byte("half an"), nil)
	m.Update(m.answer.wait()())
	run(m, m.keep())
	cs, err := s.List(1)
	if err != nil || len(cs) != 1 {
		t.Fatalf("%+v, %v", cs, err)
	}
	msgs, err := s.Messages(cs[0].ID)
	if err != nil || len(msgs) != 2 || msgs[1].Content != "half an" || !msgs[1].Partial {
		t.Fatalf("%+v, %v", msgs, err)
	}
	answerWith(m, e, " answer", "", infer.EndOfTurn, nil)
	settle(m)
	if got := branch(t, s, cs[0].ID); got != "Go half an answer" {
		t.Errorf("%q", got)
	}
}

// fullStore is a store on a disk that may be full.
type fullStore struct {
	*store.Store
	full bool
}

func (f *fullStore) Append(conv, parent int64, msg chat.Message) (int64, error) {
	if f.full {
		return 0, errors.New("disk full")
	}
	return f.Store.Append(conv, parent, msg)
}

// TestFullDisk: the chat goes on, says so once, and stores all that is missing
// when there is room again.
func TestFullDisk(t *testing.T) {
	e := newFakeEngine()
	m, s := keptChat(t, e)
	settle(m)
	full := &fullStore{s, true}
	m.keeper.store = full
	run2 := func(text, reply string) {
		press(m, text, "<enter>")
		answerWith(m, e, reply, "", infer.EndOfTurn, nil)
		settle(m)
	}
	run2("one", "1")
	wantOnScreen(t, m, "disk full", "● 1")
	run2("two", "2")
	if n := strings.Count(screen(m), "disk full"); n != 1 {
		t.Errorf("said %d times", n)
	}
	full.full = false
	run2("three", "3")
	wantOnScreen(t, m, "kept on the disk again")
	cs, err := s.List(9)
	if err != nil || len(cs) != 1 {
		t.Fatalf("%+v, %v", cs, err)
	}
	if got := branch(t, s, cs[0].ID); got != "one 1 two 2 three 3" {
		t.Errorf("kept %q", got)
	}
}

// TestEndIsShownWhenStored: an answer stands as finished when the store has
// it; a disk that hangs delays that, and no more.
func TestEndIsShownWhenStored(t *testing.T) {
	for _, hangs := range []bool{false, true} {
		e := newFakeEngine()
		m, s := keptChat(t, e)
		press(m, "one", "<enter>")
		hold := make(chan struct{})
		m.keeper.add(func() { <-hold })
		_, cmd := m.Update(deltaMsg{m.answer, infer.Delta{Text: "first", Done: true, Reason: infer.EndOfTurn}})
		if m.answer == nil || m.panel.phase == "ready" {
			t.Error("the answer is shown as finished before it is stored")
		}
		if !hangs {
			close(hold)
		}
		m.Update(cmd())
		if m.answer != nil || m.panel.phase != "ready" {
			t.Errorf("hangs %v: the answer is not shown as finished", hangs)
		}
		if hangs {
			close(hold)
		}
		settle(m)
		if got := branch(t, s, 1); got != "one first" {
			t.Errorf("hangs %v: stored is %q", hangs, got)
		}
	}
}
