package ui

import (
	"context"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/infer"
)

// hostile is what a model, a file or a paste may try on a terminal.
var hostile = []string{
	"\x1b]52;c;aGk=\x07", "\x1b]8;;http://evil\x1b\\x\x1b]8;;\x1b\\", "\x1b]0;owned\x07", "\x1b]50;x\x07",
	"\x1b[2J\x1b[H", "\x1b[8m", "\x1bc", "\u009b31m", "\u202e", "\b\b", "\a", "\x1bPq\x1b\\", "\x1b[6n",
	"\x1b_Gf=100;AAAA\x1b\\", "\u2028", "a\rb",
}

// checkSafe fails when s holds anything a terminal obeys but colours.
func checkSafe(t *testing.T, door, s string) {
	t.Helper()
	var state byte
	p := ansi.NewParser()
	for rest := s; rest != ""; {
		seq, _, n, next := ansi.DecodeSequence(rest, state, p)
		switch {
		case strings.HasPrefix(seq, "\x1b[") && strings.HasSuffix(seq, "m") && !strings.Contains(seq, "8m"):
		case seq == "\n":
		case seq != "" && (seq[0] < 0x20 || seq[0] == 0x7f || seq == "\u202e" || seq == "\u2028" || strings.HasPrefix(seq, "\u009b")):
			t.Errorf("%s passes %q", door, seq)
		}
		rest, state = rest[n:], next
	}
}

// TestNothingHostileReachesTheTerminal tries every door: the answer, its
// thinking, code, names of models and files, errors, notices, the title.
func TestNothingHostileReachesTheTerminal(t *testing.T) {
	for _, h := range hostile {
		e := newFakeEngine()
		e.info.Name, e.info.Arch, e.info.Quant = "n"+h, "a"+h, "q"+h
		e.info.TemplateNotice = "notice" + h
		m := chatWith(t, e)
		m.resize(120, 40)
		press(m, "Hi", "<enter>")
		answerWith(m, e, "text "+h+" and `"+h+"` and\n\n```go\n"+h+"\n```\n[l]("+h+")", "think "+h, infer.EndOfTurn, nil)
		m.say("said" + h)
		m.hint = "hint" + h
		v := m.View()
		checkSafe(t, "the chat", v.Content)
		checkSafe(t, "the title", v.WindowTitle)
		press(m, "/show", "<enter>", "/nothing"+strings.NewReplacer("\r", "", "\b", "").Replace(h), "<enter>")
		checkSafe(t, "a command", m.View().Content)
		m.o.Models = func(context.Context) ([]library.Model, error) {
			return []library.Model{{Name: "x" + h, Arch: h, Quant: h, Bytes: 1}}, nil
		}
		run(m, m.showPicker())
		m.pick.narrow(h)
		m.pick.narrow("x")
		checkSafe(t, "the picker", m.View().Content)
	}
}
