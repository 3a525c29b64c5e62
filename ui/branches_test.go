package ui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/infer"
)

// exchange sends a text and lets the engine answer.
func exchange(m *Model, e *fakeEngine, text, reply string) {
	press(m, text, "<enter>")
	answerWith(m, e, reply, "", infer.EndOfTurn, nil)
	settle(m)
}

// TestVersions: what is answered again or edited stays, says which of how many
// it is, and is one key away with all that followed it.
func TestVersions(t *testing.T) {
	e := newFakeEngine()
	m, s := keptChat(t, e)
	exchange(m, e, "one", "first")
	exchange(m, e, "two", "second")
	if strings.Contains(screen(m), "‹") {
		t.Error("a message without siblings counts them")
	}
	run(m, press(m, "<tab>", "k", "k")) // the first answer
	press(m, "r")
	answerWith(m, e, "FIRST", "", infer.EndOfTurn, nil)
	settle(m)
	wantOnScreen(t, m, "● FIRST", "‹ 2/2 ›")
	press(m, "<tab>")
	run(m, press(m, "<left>"))
	wantOnScreen(t, m, "▶ first", "‹ 1/2 ›", "❯ two", "● second")
	cs, err := s.List(1)
	if err != nil {
		t.Fatal(err)
	}
	if got := branch(t, s, cs[0].ID); got != "one first two second" {
		t.Errorf("the current branch is %q", got)
	}
	run(m, press(m, "<left>")) // there is none before the first
	wantOnScreen(t, m, "▶ first", "‹ 1/2 ›")

	// A message of the user, edited: three versions of the first message.
	press(m, "g", "e")
	press(m, "!", "<enter>")
	answerWith(m, e, "third", "", infer.EndOfTurn, nil)
	press(m, "<tab>", "g", "e")
	press(m, "!", "<enter>")
	answerWith(m, e, "fourth", "", infer.EndOfTurn, nil)
	settle(m)
	wantOnScreen(t, m, "❯ one!!", "‹ 3/3 ›", "● fourth")
	press(m, "<tab>", "g")
	run(m, press(m, "<left>"))
	wantOnScreen(t, m, "▶ one!", "‹ 2/3 ›", "● third")
	run(m, press(m, "<left>"))
	wantOnScreen(t, m, "▶ one", "‹ 1/3 ›", "● first", "‹ 1/2 ›", "● second")
	press(m, "<esc>")

	// What is said now goes on from there, and a resume sees the same.
	exchange(m, e, "three", "fifth")
	if got := branch(t, s, cs[0].ID); got != "one first two second three fifth" {
		t.Errorf("the current branch is %q", got)
	}
	run(m, m.newChat(""))
	run(m, m.resume(cs[0].ID))
	wantOnScreen(t, m, "❯ one", "‹ 1/3 ›", "‹ 1/2 ›", "● fifth")
	if msgs := e.asked[len(e.asked)-1]; len(msgs) != 5 || msgs[1].Content != "first" {
		t.Errorf("the engine was asked %+v", msgs)
	}
}

// TestFlipLate: a flip that comes back when an answer has begun changes
// nothing, and the answer stays in the branch it was asked in.
func TestFlipLate(t *testing.T) {
	e := newFakeEngine()
	m, s := keptChat(t, e)
	exchange(m, e, "one", "first")
	m.regenerate("")
	answerWith(m, e, "second", "", infer.EndOfTurn, nil)
	settle(m)
	press(m, "<tab>")
	late := press(m, "<left>")
	settle(m) // the store has been told
	press(m, "<esc>", "two", "<enter>")
	for _, c := range late().(tea.BatchMsg) {
		run(m, c)
	}
	wantOnScreen(t, m, "● second", "❯ two")
	answerWith(m, e, "third", "", infer.EndOfTurn, nil)
	settle(m)
	cs, err := s.List(1)
	if err != nil {
		t.Fatal(err)
	}
	if got := branch(t, s, cs[0].ID); got != "one second two third" {
		t.Errorf("the branch is %q", got)
	}
}
