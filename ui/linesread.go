package ui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// spoken are the commands that select something on the screen, and in lines
// read it out.
var spoken = map[string]func(l *lines, arg string){
	"messages": func(l *lines, _ string) { l.offerMessages("") },
	"find":     (*lines).offerMessages,
	"think":    func(l *lines, _ string) { l.readThoughts() },
}

// beginning is how many cells of a message its line in a list has.
const beginning = 60

// offerMessages lists the messages that hold the words, which may be in any
// case; a number reads one of them whole.
func (l *lines) offerMessages(words string) {
	l.choices = nil
	for _, it := range l.talk.items {
		m, ok := it.message()
		if !ok || !strings.Contains(strings.ToLower(m.Content+"\n"+m.Thinking), strings.ToLower(words)) {
			continue
		}
		who := speaker(it)
		l.choices = append(l.choices, func() tea.Cmd {
			l.tell(who + it.text.Text().String())
			return nil
		})
		l.tell(fmt.Sprintf("%d. %s%s", len(l.choices), who, ansi.Truncate(oneLine(it.text.Text().String()), beginning, "...")))
	}
	switch {
	case len(l.choices) > 0:
		l.tell("Type a number to read one.")
	case words == "":
		l.tell("There are no messages yet.")
	default:
		l.tell("No message holds " + words + ".")
	}
}

// readThoughts reads what came before the last answer.
func (l *lines) readThoughts() {
	for i := len(l.talk.items) - 1; i >= 0; i-- {
		if it := l.talk.items[i]; it.thinking.Len() > 0 {
			l.tell("Thoughts: " + it.thinking.Text().String())
			return
		}
	}
	l.tell("There are no thoughts to read.")
}

// speaker is the name before what an item says.
func speaker(it *item) string {
	switch it.role {
	case "user":
		return "You: "
	case "assistant":
		return "Assistant: "
	case "system":
		return "System: "
	case roleError:
		return "Error: "
	}
	return "Note: "
}
