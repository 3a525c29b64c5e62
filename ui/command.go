package ui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/config"
)

// scope says where a key counts.
type scope uint8

const (
	anywhere  scope = iota
	inChat          // the transcript and the composer are on the screen
	inEmpty         // the same, with nothing written; goes before inText
	inText          // while writing
	inMessage       // message mode
	inList          // models, commands, conversations, what was sent
	inOffer         // completions are offered; goes before all but anywhere
	scopes
)

// command is something a user can do by key, by slash command or both. The
// table of them is the only place where they are named: keys, slash commands,
// palette, help, [keys] in the configuration and the README follow it.
type command struct {
	name  string // in [keys]
	scope scope
	keys  string   // as tea.Key.String writes them, between blanks
	slash []string // without the slash; the first is the one shown
	args  string   // of the slash command
	help  string
	run   func(m *Model, arg string) tea.Cmd

	// edit is the editing action that the keys are for, in the place of run.
	edit func(k *textarea.KeyMap) *key.Binding
}

// commands is filled in init: the help command shows the table itself.
var commands []command

func init() {
	commands = slices.Concat(chatCommands(), messageCommands(), listCommands(), completionCommands(), editCommands())
}

// parseSlash takes a line with a slash command apart; c is nil when there is
// none of that name. ok is false when the line is no command but text, such as
// the path of a file.
func parseSlash(line string) (c *command, name, arg string, ok bool) {
	if !strings.HasPrefix(line, "/") || strings.ContainsRune(line, '\n') {
		return nil, "", "", false
	}
	name, arg, _ = strings.Cut(strings.TrimSpace(line[1:]), " ")
	if strings.ContainsRune(name, '/') {
		return nil, "", "", false
	}
	if i := slices.IndexFunc(commands, func(c command) bool { return slices.Contains(c.slash, name) }); i >= 0 {
		c = &commands[i]
	}
	return c, name, strings.TrimSpace(arg), true
}

// slash runs a line with a slash command. ok is false when it is text.
func (m *Model) slash(line string) (cmd tea.Cmd, ok bool) {
	c, name, arg, ok := parseSlash(line)
	switch {
	case !ok:
		return nil, false
	case c != nil:
		return c.run(m, arg), true
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
