package ui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/infer"
)

func TestLongPastesBecomeChips(t *testing.T) {
	e := newFakeEngine()
	m := chatWith(t, e)
	long := strings.Repeat("\tx := 1 // [Pasted #2, 1 line]\n", 20)
	wide := strings.Repeat("ä", chipRunes+1)
	press(m, "look ")
	m.Update(tea.PasteMsg{Content: strings.ReplaceAll(long, "\n", "\r")})
	press(m, " and ")
	m.Update(tea.PasteMsg{Content: wide})
	m.Update(tea.PasteMsg{Content: " short"})
	wantOnScreen(t, m, "look [Pasted #1, 20 lines] and [Pasted #2, 1 line] short")
	want := "look " + long + " and " + wide + " short"
	for range 2 { // the second time from the history
		press(m, "<enter>")
		if got := e.asked[len(e.asked)-1]; got[len(got)-1].Content != want {
			t.Fatalf("sent %q", got[len(got)-1].Content)
		}
		answerWith(m, e, "ok", "", infer.EndOfTurn, nil)
		press(m, "<up>")
	}
}
