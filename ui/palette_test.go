package ui

import (
	"testing"

	"github.com/runnel-chat/runnel/infer"
)

func TestPalette(t *testing.T) {
	m := chatWith(t, newFakeEngine())
	press(m, "draft", "<ctrl+p>")
	wantOnScreen(t, m, "Commands", "choose another model", "/model [NAME]")
	press(m, "figures")
	wantOnScreen(t, m, "▶ figures: full, line, off")
	press(m, "<enter>")
	if m.mode != panelLine || m.view != viewChat || m.write.value() != "draft" {
		t.Errorf("mode %d, view %d, text %q", m.mode, m.view, m.write.value())
	}
	press(m, "<ctrl+p>", "change a setting", "<enter>")
	if got := m.write.value(); got != "/set " {
		t.Errorf("a command with arguments leaves %q", got)
	}
	press(m, "<ctrl+p>", "zzzz", "<enter>")
	wantOnScreen(t, m, "nothing matches")
	press(m, "<esc>")
	if m.view != viewChat {
		t.Error("Esc does not close it")
	}
	for _, h := range hostile {
		press(m, "<ctrl+p>")
		m.palette.narrow(m.keys, h)
		checkSafe(t, "the palette", m.View().Content)
		press(m, "<esc>")
	}
}

func TestFind(t *testing.T) {
	e := newFakeEngine()
	m := chatWith(t, e)
	for _, s := range []string{"red apple", "green pear", "blue APPLE"} {
		press(m, s, "<enter>")
		answerWith(m, e, "yes", "", infer.EndOfTurn, nil)
	}
	press(m, "/find apple", "<enter>")
	if m.picked != 4 {
		t.Fatalf("item %d is selected", m.picked)
	}
	press(m, "n")
	if m.picked != 0 {
		t.Errorf("the next is item %d", m.picked)
	}
	press(m, "n")
	if m.picked != 0 || m.hint != "no message holds “apple”" {
		t.Errorf("after the last: item %d, %q", m.picked, m.hint)
	}
	press(m, "/")
	if m.selecting() || m.write.value() != "/find " {
		t.Errorf("/ leaves %q", m.write.value())
	}
}
