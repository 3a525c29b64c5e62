package ui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/config"
)

// command is something a user can do by key, by slash command or both. This
// table is the only place where they are named: the help shows it and the
// keys are looked up in it.
type command struct {
	keys  []string // as tea.Key.String writes them
	slash []string // without the slash; the first is the one shown
	args  string   // of the slash command
	help  string
	run   func(m *Model, arg string) tea.Cmd
}

// commands is filled in init: the help command shows the table itself.
var commands []command

func init() {
	commands = []command{
		{[]string{"f1"}, []string{"help", "?"}, "", "keys and commands", (*Model).toggleHelp},
		{[]string{"ctrl+p"}, []string{"commands"}, "", "choose a command", (*Model).showPalette},
		{[]string{"ctrl+l"}, []string{"model", "load", "list"}, "[NAME]", "choose another model", (*Model).chooseModel},
		{[]string{"ctrl+n"}, []string{"new", "clear"}, "", "a new conversation", (*Model).newChat},
		{[]string{"ctrl+s"}, []string{"sessions"}, "[WORDS]", "resume a conversation, or search all", (*Model).showSessions},
		{nil, []string{"rename"}, "TITLE", "name this conversation", (*Model).renameChat},
		{nil, []string{"delete"}, "", "delete this conversation", (*Model).deleteChat},
		{nil, []string{"undelete"}, "", "bring the deleted one back", (*Model).undeleteChat},
		{nil, []string{"export"}, "md|json [FILE]", "write this conversation to a file", (*Model).exportChat},
		{[]string{"f2"}, []string{"stats"}, "", "figures: full, line, off", (*Model).cyclePanel},
		{[]string{"tab"}, []string{"messages"}, "", "select a message", (*Model).startSelecting},
		{[]string{"ctrl+t"}, []string{"think"}, "", "show or fold the thinking of the last answer", (*Model).toggleThinking},
		{[]string{"ctrl+g"}, []string{"regen"}, "", "answer the last message again", (*Model).regenerate},
		{[]string{"ctrl+y"}, []string{"copy"}, "[N]", "copy the last answer, or its code block N", (*Model).copyLast},
		{[]string{"ctrl+o"}, []string{"edit"}, "", "write in $EDITOR", (*Model).openEditor},
		{nil, []string{"find"}, "WORDS", "select the newest message with these words", (*Model).find},
		{nil, []string{"undo"}, "", "take back the last message and its answer", (*Model).undo},
		{nil, []string{"system"}, "[TEXT]", "show or set the system prompt", (*Model).setSystem},
		{nil, []string{"set"}, "[parameter] NAME VALUE", "change a setting, e.g. /set temperature 0.5", (*Model).setParameter},
		{nil, []string{"show"}, "", "what is known of the model", (*Model).showInfo},
		{[]string{"pgup"}, nil, "", "scroll up", scrollBy(-1)},
		{[]string{"pgdown"}, nil, "", "scroll down", scrollBy(+1)},
		{[]string{"ctrl+home"}, nil, "", "to the beginning", func(m *Model, _ string) tea.Cmd { m.talk.home(); return nil }},
		{[]string{"ctrl+end", "end"}, nil, "", "to the end, and follow it", func(m *Model, _ string) tea.Cmd { m.talk.end(); return nil }},
		{[]string{"ctrl+z"}, nil, "", "suspend the program", func(*Model, string) tea.Cmd { return tea.Suspend }},
		{nil, []string{"quit", "bye", "exit"}, "", "leave", func(*Model, string) tea.Cmd { return tea.Quit }},
	}
}

// bindings maps keys to commands.
func bindings() map[string]*command {
	keys := map[string]*command{}
	for i := range commands {
		for _, k := range commands[i].keys {
			keys[k] = &commands[i]
		}
	}
	return keys
}

// slash runs a line that begins with a slash. ok is false when the line is no
// command but text, such as the path of a file.
func (m *Model) slash(line string) (cmd tea.Cmd, ok bool) {
	if !strings.HasPrefix(line, "/") || strings.ContainsRune(line, '\n') {
		return nil, false
	}
	name, arg, _ := strings.Cut(strings.TrimSpace(line[1:]), " ")
	if strings.ContainsRune(name, '/') {
		return nil, false
	}
	for i := range commands {
		if slices.Contains(commands[i].slash, name) {
			return commands[i].run(m, strings.TrimSpace(arg)), true
		}
	}
	m.talk.end()
	m.say("There is no command /" + name + ". The nearest is /" + nearest(name) + "; /help lists all.")
	return nil, true
}

// nearest is the slash command that a wrong one probably meant.
func nearest(name string) string {
	var names []string
	for _, c := range commands {
		names = append(names, c.slash...)
	}
	return config.Nearest(name, names)
}
