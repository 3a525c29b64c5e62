package ui

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/infer/chat"
)

func screen(m *Model) string { return ansi.Strip(m.View().Content) }

func wantOnScreen(t *testing.T, m *Model, texts ...string) {
	t.Helper()
	s := screen(m)
	for _, text := range texts {
		if !strings.Contains(s, text) {
			t.Errorf("%q is not on the screen:\n%s", text, s)
		}
	}
}

func TestConversation(t *testing.T) {
	e := newFakeEngine()
	m := chatWith(t, e)
	press(m, "Hello", "<enter>")
	if want := [][]chat.Message{{{Role: "user", Content: "Hello"}}}; !reflect.DeepEqual(e.asked, want) {
		t.Fatalf("asked %+v", e.asked)
	}
	answerWith(m, e, "Hi **there**.", "", infer.EndOfTurn, nil)
	wantOnScreen(t, m, "❯ Hello", "● Hi there.")
	press(m, "More", "<enter>")
	want := []chat.Message{{Role: "user", Content: "Hello"}, {Role: "assistant", Content: "Hi **there**."}, {Role: "user", Content: "More"}}
	if got := e.asked[1]; !reflect.DeepEqual(got, want) {
		t.Errorf("asked %+v, want %+v", got, want)
	}
	answerWith(m, e, "", "", infer.Failed, errors.New("disk gone\nbadly"))
	wantOnScreen(t, m, "✗ disk gone badly")
	press(m, "<ctrl+g>") // again: neither the empty answer nor the error are messages
	if got := e.asked[2]; !reflect.DeepEqual(got, want) {
		t.Errorf("regenerating asked %+v", got)
	}
	answerWith(m, e, "Well", "hmm", infer.TokenLimit, nil)
	wantOnScreen(t, m, "Well", "(cut at max_tokens)", "▸ thoughts")
}

func TestStopKeepsTheText(t *testing.T) {
	e := newFakeEngine()
	m := chatWith(t, e)
	press(m, "Go", "<enter>")
	e.stream.Append([]byte("partial"), nil)
	wait := m.answer.wait()
	_, next := m.Update(wait())
	wantOnScreen(t, m, "partial")
	press(m, "<esc>")
	if e.ctx.Err() == nil {
		t.Fatal("Esc did not cancel")
	}
	e.stream.Finish(infer.Cancelled, nil)
	run(m, next)
	wantOnScreen(t, m, "partial", "(stopped)")
	if m.answer != nil {
		t.Error("the answer is still there")
	}
}

func TestInterruptOrder(t *testing.T) {
	e := newFakeEngine()
	m := chatWith(t, e)
	press(m, "text", "<ctrl+c>")
	if !m.write.empty() {
		t.Error("the first Ctrl-C did not clear the text")
	}
	press(m, "Go", "<enter>", "<ctrl+c>")
	if e.ctx.Err() == nil {
		t.Error("Ctrl-C did not stop the answer")
	}
	answerWith(m, e, "x", "", infer.Cancelled, nil)
	if cmd := press(m, "<ctrl+c>"); cmd != nil {
		t.Error("one Ctrl-C leaves")
	}
	wantOnScreen(t, m, "press Ctrl-C again to leave")
	if cmd := press(m, "<ctrl+c>"); cmd == nil {
		t.Error("two do not")
	} else if _, ok := cmd().(tea.QuitMsg); !ok {
		t.Error("two do something else")
	}
	if cmd := press(m, "<ctrl+d>"); cmd == nil {
		t.Error("Ctrl-D on nothing stays")
	}
}

// TestPickerBeforeItsList: Enter before the models are known says so.
func TestPickerBeforeItsList(t *testing.T) {
	m := chatWith(t, newFakeEngine())
	m.pick = picker{theme: m.theme}
	m.view = viewPicker
	press(m, "<enter>")
	wantOnScreen(t, m, "still looking for models")
}

func TestPicker(t *testing.T) {
	e := newFakeEngine()
	m := chatWith(t, e)
	run(m, press(m, "<ctrl+l>"))
	wantOnScreen(t, m, "tinyllama-1.1b", "qwen3-30b-a3b", "30.5B", "fits", "not a GGUF file")
	press(m, "q30")
	if s := screen(m); strings.Contains(s, "tinyllama-1.1b") || !strings.Contains(s, "qwen3") {
		t.Errorf("the filter shows\n%s", s)
	}
	run(m, press(m, "<enter>"))
	if !e.closed || m.engine == nil || m.view != viewChat {
		t.Errorf("closed %v, engine %v, view %v", e.closed, m.engine, m.view)
	}
	run(m, press(m, "<ctrl+l>"))
	press(m, "evil", "<enter>")
	wantOnScreen(t, m, "not a GGUF file")
	run(m, m.openNamed("broken"))
	wantOnScreen(t, m, "✗ gguf: broken: not a model second line")
	press(m, "x", "<enter>")
	wantOnScreen(t, m, "no model is open")
}

func TestSlashCommands(t *testing.T) {
	e := newFakeEngine()
	m := chatWith(t, e)
	press(m, "/set temperature 0.25", "<enter>")
	if m.cfg.Temperature != 0.25 {
		t.Errorf("temperature %g", m.cfg.Temperature)
	}
	press(m, "/set parameter num_predict 7", "<enter>", "/set temperature 99", "<enter>", "/modle", "<enter>")
	wantOnScreen(t, m, "max_tokens is now 7", "✗ temperature = 99 is outside 0..5", "The nearest is /model")
	press(m, "/system Be brief.", "<enter>", "/etc/passwd is a file", "<enter>")
	want := []chat.Message{{Role: "system", Content: "Be brief."}, {Role: "user", Content: "/etc/passwd is a file"}}
	if !reflect.DeepEqual(e.asked[0], want) {
		t.Errorf("asked %+v", e.asked[0])
	}
	if e.request.MaxTokens != 7 {
		t.Errorf("max tokens %d", e.request.MaxTokens)
	}
	answerWith(m, e, "ok", "", infer.EndOfTurn, nil)
	press(m, "/undo", "<enter>")
	if m.write.value() != "/etc/passwd is a file" || m.last("assistant") >= 0 {
		t.Errorf("undo left %q", m.write.value())
	}
	press(m, "<ctrl+c>", "/new", "<enter>")
	if n := len(m.talk.items); n != 1 { // the system prompt
		t.Errorf("%d items after /new", n)
	}
	if cmd := press(m, "/bye", "<enter>"); cmd == nil {
		t.Error("/bye stays")
	}
}

func TestHistory(t *testing.T) {
	e := newFakeEngine()
	m := chatWith(t, e)
	for _, s := range []string{"one", "two"} {
		press(m, s, "<enter>")
		answerWith(m, e, "a", "", infer.EndOfTurn, nil)
	}
	press(m, "draft", "<up>")
	if got := m.write.value(); got != "two" {
		t.Errorf("↑ shows %q", got)
	}
	press(m, "<up>", "<up>")
	if got := m.write.value(); got != "one" {
		t.Errorf("↑↑ shows %q", got)
	}
	press(m, "<down>", "<down>")
	if got := m.write.value(); got != "draft" {
		t.Errorf("↓ shows %q", got)
	}
}

func TestSelecting(t *testing.T) {
	e := newFakeEngine()
	m := chatWith(t, e)
	for _, s := range []string{"one", "two"} {
		press(m, s, "<enter>")
		answerWith(m, e, s+" answered\n\n```sh\nls "+s+"\n```\n", "deep thought", infer.EndOfTurn, nil)
	}
	press(m, "<tab>")
	if m.picked != 3 {
		t.Fatalf("item %d is selected", m.picked)
	}
	wantOnScreen(t, m, "▶ ▸ thoughts")
	if s := screen(m); strings.Contains(s, "deep thought") {
		t.Error("the thinking is unfolded")
	}
	press(m, " ")
	press(m, "<enter>")
	press(m, "<enter>")
	if cmd := press(m, "y"); cmd == nil || m.hint != "copied the message" {
		t.Errorf("copying: %q", m.hint)
	}
	run(m, press(m, "1"))
	if e.copied != "ls two\n" {
		t.Errorf("the clipboard holds %q", e.copied)
	}
	if m.hint != "copied the code block 1" {
		t.Errorf("copying code: %q", m.hint)
	}
	press(m, "2")
	if m.hint != "the message has 1 code blocks" {
		t.Errorf("copying code that is not there: %q", m.hint)
	}
	press(m, "k", "e")
	if m.write.value() != "two" || len(m.talk.items) != 4 || m.selecting() {
		t.Errorf("editing: %q, %d items", m.write.value(), len(m.talk.items))
	}
	wantOnScreen(t, m, "editing · Enter sends it as another version")
	press(m, "<esc>")
	if !m.write.empty() || len(m.talk.items) != 4 {
		t.Errorf("editing given up: %q, %d items", m.write.value(), len(m.talk.items))
	}
	press(m, "<tab>", "k", "e", "!", "<enter>")
	if len(m.talk.items) != 4 || m.talk.items[2].raw != "two!" {
		t.Errorf("edited: %d items, %q", len(m.talk.items), m.talk.items[2].raw)
	}
	answerWith(m, e, "two again", "", infer.EndOfTurn, nil)
	press(m, "<tab>", "g", "d")
	if len(m.talk.items) != 3 || m.talk.items[0].role != "assistant" {
		t.Errorf("deleting left %d items", len(m.talk.items))
	}
	press(m, "<esc>")
	if m.selecting() {
		t.Error("Esc does not leave message mode")
	}
}

// TestIdleIsIdle: nothing ticks when nothing goes on.
func TestIdleIsIdle(t *testing.T) {
	e := newFakeEngine()
	m := chatWith(t, e)
	m.ticking = false
	if cmd := m.onTick(); cmd != nil {
		t.Error("an idle chat goes on ticking")
	}
	press(m, "Go", "<enter>")
	m.ticking = false
	if cmd := m.onTick(); cmd == nil {
		t.Error("a busy one does not tick")
	}
	answerWith(m, e, "x", "", infer.EndOfTurn, nil)
}

// TestBudgetWhileOpen: a new budget reaches the open model, or an error says
// why not.
func TestBudgetWhileOpen(t *testing.T) {
	e := newFakeEngine()
	m := chatWith(t, e)
	run(m, press(m, "/set memory 2GiB", "<enter>"))
	if e.stats.BudgetBytes != 2<<30 {
		t.Errorf("the budget is %d", e.stats.BudgetBytes)
	}
	run(m, press(m, "/set memory 1MiB", "<enter>"))
	wantOnScreen(t, m, "the memory budget is now 2.0 GiB", "✗ does not fit")
}

// stream has an engine's weights not fit its budget.
func stream(e *fakeEngine) {
	e.stats.BudgetBytes, e.stats.Cache.UsedBytes = 450<<20, 431<<20
	c := &e.stats.Cache
	c.StreamedBytes, c.PinnedBytes, c.LoadedBytes, c.RingBytes = 300<<20, 336<<20, 336<<20, 64<<20
	c.Limiter, c.DiskBytesPerSecond, c.GainPerGiB, c.BoundRatio = "disk", 1.1e9, 1.43, 0.97
	for l := range 22 {
		lm := infer.LayerMap{Layer: l, Total: 30 << 20, Pinned: 15 << 20}
		if l == 3 {
			lm.Ring = 15 << 20
		}
		if l == 4 {
			lm.Reading, lm.Ring = 4<<20, 8<<20
		}
		e.layers = append(e.layers, lm)
	}
}

// TestStreamingPanel: what streams, where it is, and what would help.
func TestStreamingPanel(t *testing.T) {
	e := newFakeEngine()
	stream(e)
	m := chatWith(t, e)
	m.resize(140, 50)
	wantOnScreen(t, m, "▅▅▅█▇▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅", "limited by disk, 1.1 GB/s; +1", "GiB of memory would give 1.4x", "97 %")
}
