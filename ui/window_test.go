package ui

import (
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/infer"
)

// TestEdgeOfTheContext: a line tells what the model no longer sees, the next
// question goes without it, and all stays in the conversation.
func TestEdgeOfTheContext(t *testing.T) {
	e := newFakeEngine()
	m, s := keptChat(t, e)
	press(m, "/system Be brief.", "<enter>")
	for _, q := range []string{"one", "two", "three"} {
		exchange(m, e, q, "re "+q)
	}
	if !e.request.LeaveOut {
		t.Fatal("the engine may not leave anything out")
	}
	press(m, "four", "<enter>")
	e.stream.LeaveOut(4) // one, two and their answers
	answerWith(m, e, "re four", "", infer.EndOfTurn, nil)
	m.resize(80, 50)
	wantOnScreen(t, m, "❯ one", edgeWords+"\n")
	if before, after, _ := strings.Cut(screen(m), edgeWords); !strings.Contains(before, "● re two") || !strings.Contains(after, "❯ three") {
		t.Errorf("the line is in the wrong place:\n%s", screen(m))
	}
	exchange(m, e, "five", "re five")
	msgs := e.asked[len(e.asked)-1]
	if len(msgs) != 6 || msgs[0].Role != "system" || msgs[1].Content != "three" {
		t.Errorf("the engine is told %+v", msgs)
	}
	press(m, "six", "<enter>")
	e.stream.LeaveOut(2)
	answerWith(m, e, "re six", "", infer.EndOfTurn, nil)
	if before, after, _ := strings.Cut(screen(m), edgeWords); !strings.Contains(before, "● re three") || !strings.Contains(after, "❯ four") || strings.Contains(after, edgeWords) {
		t.Errorf("the line has not moved:\n%s", screen(m))
	}
	settle(m)
	if got := branch(t, s, m.keeper.conv); !strings.HasPrefix(got, "Be brief. one re one two") {
		t.Errorf("the branch is %q", got)
	}
	// Another model has another context.
	run(m, m.openNamed("tiny"))
	if s := screen(m); strings.Contains(s, edgeWords) {
		t.Error("the line stays for another model")
	}
	exchange(m, e, "seven", "re seven")
	if msgs := e.asked[len(e.asked)-1]; len(msgs) != 14 {
		t.Errorf("the other model is told %d messages", len(msgs))
	}
	// An edited message inside goes without what is outside, and one outside
	// brings all back.
	m.leaveOut(4)
	m.editing = m.talk.items[5]
	if msgs := m.messages(); len(msgs) != 1 {
		t.Errorf("editing the first inside tells %+v", msgs)
	}
	m.editing = m.talk.items[3]
	press(m, "two!", "<enter>")
	if msgs := e.asked[len(e.asked)-1]; len(msgs) != 4 || msgs[3].Content != "two!" {
		t.Errorf("editing outside tells %+v", msgs)
	}
	answerWith(m, e, "re two!", "", infer.EndOfTurn, nil)
}
