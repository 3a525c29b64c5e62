package chat

import (
	"fmt"
	"strings"
)

// Error is a template that cannot be read or rendered, with the line where;
// Line is 0 where there is none to name.
type Error struct {
	Line int
	Err  error
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("chat: template: %v", e.Err)
	}
	return fmt.Sprintf("chat: template line %d: %v", e.Line, e.Err)
}

// Unwrap returns what went wrong, without the line.
func (e *Error) Unwrap() error { return e.Err }

// Refusal is a template's own objection to a conversation, such as two user
// messages in a row. Its text comes from the template.
type Refusal struct{ Text string }

func (e *Refusal) Error() string { return "the template refuses: " + clip(e.Text) }

// clip keeps the names and texts of a template short where they are quoted.
func clip(s string) string {
	const most = 200
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
