package ui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// spoken are the commands that select something on the screen, and in lines
// read it out.
var spoken = map[string]func(l *lines, arg string) tea.Cmd{
	"messages": func(l *lines, _ string) tea.Cmd { return l.offerMessages("") },
	"find":     (*lines).offerMessages,
	"think":    func(l *lines, _ string) tea.Cmd { return l.readThoughts() },
	"history":  func(l *lines, _ string) tea.Cmd { return l.askHistory() },
}

// beginning is how many cells of a message its line in a list has.
const beginning = 60

// offerMessages lists the messages that hold the words, which may be in any
// case; a number reads one of them whole.
func (l *lines) offerMessages(words string) tea.Cmd {
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
	return nil
}

// offered is how many of the texts sent before are listed.
const offered = 20

// askHistory looks for what was sent, in this run and in those before.
func (l *lines) askHistory() tea.Cmd {
	cmd := l.showHistory("")
	l.view = viewChat
	if l.asking = cmd != nil; !l.asking {
		l.offerHistory()
	}
	return cmd
}

// offerHistory lists what was sent, the newest first; a number sends it again.
func (l *lines) offerHistory() {
	l.asking, l.choices = false, nil
	for _, text := range l.recall.all[:min(offered, len(l.recall.all))] {
		text = l.Model.write.chips.expand(text)
		l.choices = append(l.choices, func() tea.Cmd {
			l.tell("You: " + text)
			return l.send(text)
		})
		l.tell(fmt.Sprintf("%d. %s", len(l.choices), ansi.Truncate(oneLine(text), beginning, "...")))
	}
	if len(l.choices) == 0 {
		l.tell("Nothing was sent yet.")
		return
	}
	l.tell("Type a number to send it again.")
}

// readThoughts reads what came before the last answer.
func (l *lines) readThoughts() tea.Cmd {
	for i := len(l.talk.items) - 1; i >= 0; i-- {
		if it := l.talk.items[i]; it.thinking.Len() > 0 {
			l.tell("Thoughts: " + it.thinking.Text().String())
			return nil
		}
	}
	l.tell("There are no thoughts to read.")
	return nil
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
