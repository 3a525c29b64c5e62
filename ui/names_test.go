package ui

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/gguf/library"
)

// TestNamesStayOnTheirLine: a name with line breaks takes one line of the
// screen like any other.
func TestNamesStayOnTheirLine(t *testing.T) {
	const name = "a\nb\tc\r\nd"
	e := newFakeEngine()
	e.info.Name, e.info.Arch = name, name
	m := chatWith(t, e)
	for _, w := range []int{60, 120} {
		m.resize(w, 24)
		m.hint = name
		m.o.Models = func(context.Context) ([]library.Model, error) {
			return []library.Model{{Name: name, Quant: name}, {Name: "x", Err: errors.New(name)}}, nil
		}
		for _, open := range []func(*Model) tea.Cmd{func(*Model) tea.Cmd { return nil }, (*Model).showPicker} {
			run(m, open(m))
			if n := strings.Count(m.View().Content, "\n"); n != 23 {
				t.Errorf("%d columns: %d line breaks on a screen of 24 lines", w, n)
			}
		}
		m.view = viewChat
	}
}

// TestCopiesAreExactAndSafe: the clipboard gets the source as it is, less
// what a terminal would obey.
func TestCopiesAreExactAndSafe(t *testing.T) {
	const source = "Use `x`:\n\n```go\nfunc f() {\n\treturn  // two  spaces\n}\n```\nand **that**.\n"
	e := newFakeEngine()
	m := chatWith(t, e)
	for _, h := range append(hostile, "") {
		it := newItem("assistant", source+h)
		for n, want := range []string{source, "func f() {\n\treturn  // two  spaces\n}\n"} {
			got := copied(m.copyItem(it, n))
			if !strings.HasPrefix(got, want) {
				t.Errorf("copy %d is %q", n, got)
			}
			checkSafe(t, "the clipboard", strings.ReplaceAll(got, "\t", " "))
		}
	}
}

// copied is the text that a command hands to the terminal's clipboard.
func copied(cmd tea.Cmd) string {
	return reflect.ValueOf(cmd().(tea.BatchMsg)[0]()).String()
}
