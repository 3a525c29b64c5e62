package ui

import (
	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"
)

func do(f func(m *Model)) func(*Model, string) tea.Cmd {
	return func(m *Model, _ string) tea.Cmd { f(m); return nil }
}

func quit(*Model, string) tea.Cmd { return tea.Quit }

func chatCommands() []command {
	return []command{
		{name: "interrupt", scope: anywhere, keys: "ctrl+c", help: "clear the text, stop the answer; twice to leave", run: (*Model).onInterrupt},
		{name: "back", scope: anywhere, keys: "esc", help: "stop the answer, close what is open", run: (*Model).onEscape},
		{name: "send", scope: inText, keys: "enter", help: "send", run: (*Model).onEnter},
		{name: "newline", scope: inText, keys: "ctrl+j shift+enter alt+enter", help: "a new line", run: do(func(m *Model) { m.write.insert("\n") })},
		{name: "help", scope: inChat, keys: "f1", slash: []string{"help", "?", "keys"}, help: "keys and commands", run: (*Model).toggleHelp},
		{name: "help-when-empty", scope: inEmpty, keys: "?", help: "keys and commands, when nothing is written", run: (*Model).toggleHelp},
		{name: "commands", scope: inChat, keys: "ctrl+p", slash: []string{"commands"}, help: "choose a command", run: (*Model).showPalette},
		{name: "model", scope: inChat, keys: "ctrl+l", slash: []string{"model", "load", "list"}, args: "[NAME]", help: "choose another model", run: (*Model).chooseModel},
		{name: "pull", scope: inChat, slash: []string{"pull"}, args: "REPO|URL", help: "download a model", run: (*Model).pull},
		{name: "new", scope: inChat, keys: "ctrl+n", slash: []string{"new", "clear"}, help: "a new conversation", run: (*Model).newChat},
		{name: "sessions", scope: inChat, keys: "ctrl+s", slash: []string{"sessions"}, args: "[WORDS]", help: "resume a conversation, or search all", run: (*Model).showSessions},
		{name: "rename", scope: inChat, slash: []string{"rename"}, args: "TITLE", help: "name this conversation", run: (*Model).renameChat},
		{name: "delete", scope: inChat, slash: []string{"delete"}, help: "delete this conversation", run: (*Model).deleteChat},
		{name: "undelete", scope: inChat, slash: []string{"undelete"}, help: "bring the deleted one back", run: (*Model).undeleteChat},
		{name: "export", scope: inChat, slash: []string{"export"}, args: "md|json [FILE]", help: "write this conversation to a file", run: (*Model).exportChat},
		{name: "stats", scope: inChat, keys: "f2", slash: []string{"stats"}, help: "figures: full, line, off", run: (*Model).cyclePanel},
		{name: "messages", scope: inChat, keys: "tab", slash: []string{"messages"}, help: "select a message", run: (*Model).startSelecting},
		{name: "think", scope: inChat, keys: "ctrl+t", slash: []string{"think"}, help: "show or fold the thinking of the last answer", run: (*Model).toggleThinking},
		{name: "regen", scope: inChat, keys: "ctrl+g", slash: []string{"regen"}, help: "answer the last message again", run: (*Model).regenerate},
		{name: "copy", scope: inChat, keys: "ctrl+y", slash: []string{"copy"}, args: "[N]", help: "copy the last answer, or its code block N", run: (*Model).copyLast},
		{name: "edit", scope: inChat, keys: "ctrl+o", slash: []string{"edit"}, help: "write in $EDITOR", run: (*Model).openEditor},
		{name: "read", scope: inChat, slash: []string{"read"}, args: "PATH", help: "attach a text file, as @PATH does", run: (*Model).attach},
		{name: "preset", scope: inChat, slash: []string{"preset"}, args: "[NAME] [TEXT]", help: "write a text of the configuration", run: (*Model).preset},
		{name: "history", scope: inChat, keys: "ctrl+r", slash: []string{"history"}, help: "search what was sent before", run: (*Model).showHistory},
		{name: "find", scope: inChat, slash: []string{"find"}, args: "WORDS", help: "select the newest message with these words", run: (*Model).find},
		{name: "undo", scope: inChat, slash: []string{"undo"}, help: "take back the last message and its answer", run: (*Model).undo},
		{name: "system", scope: inChat, slash: []string{"system"}, args: "[TEXT]", help: "show or set the system prompt", run: (*Model).setSystem},
		{name: "set", scope: inChat, slash: []string{"set"}, args: "[parameter] NAME VALUE", help: "change a setting, e.g. /set temperature 0.5", run: (*Model).setParameter},
		{name: "show", scope: inChat, slash: []string{"show"}, help: "what is known of the model", run: (*Model).showInfo},
		{name: "scroll-up", scope: inChat, keys: "pgup", help: "scroll up", run: scrollBy(-1)},
		{name: "scroll-down", scope: inChat, keys: "pgdown", help: "scroll down", run: scrollBy(+1)},
		{name: "scroll-home", scope: inChat, keys: "ctrl+home", help: "to the beginning", run: do(func(m *Model) { m.talk.home() })},
		{name: "scroll-end", scope: inChat, keys: "ctrl+end", help: "to the end, and follow it", run: do(func(m *Model) { m.talk.end() })},
		{name: "scroll-end-when-empty", scope: inEmpty, keys: "end", help: "to the end, when nothing is written", run: do(func(m *Model) { m.talk.end() })},
		{name: "suspend", scope: inChat, keys: "ctrl+z", help: "suspend the program", run: func(*Model, string) tea.Cmd { return tea.Suspend }},
		{name: "quit", scope: inChat, slash: []string{"quit", "bye", "exit"}, help: "leave", run: quit},
		{name: "quit-when-empty", scope: inEmpty, keys: "ctrl+d", help: "leave, when nothing is written", run: quit},
	}
}

func messageCommands() []command {
	on := func(f func(m *Model, i int) tea.Cmd) func(*Model, string) tea.Cmd {
		return func(m *Model, _ string) tea.Cmd { return f(m, m.picked) }
	}
	pick := func(f func(m *Model) (from, step int)) func(*Model, string) tea.Cmd {
		return do(func(m *Model) { m.pickItem(f(m)) })
	}
	list := []command{
		{name: "message-up", keys: "k up", help: "the message above", run: pick(func(m *Model) (int, int) { return m.picked - 1, -1 })},
		{name: "message-down", keys: "j down", help: "the message below", run: pick(func(m *Model) (int, int) { return m.picked + 1, +1 })},
		{name: "message-first", keys: "g home", help: "the first message", run: pick(func(*Model) (int, int) { return 0, +1 })},
		{name: "message-last", keys: "G shift+g end", help: "the last message", run: pick(func(m *Model) (int, int) { return len(m.talk.items) - 1, -1 })},
		{name: "copy-message", keys: "y c", help: "copy the message", run: on(func(m *Model, i int) tea.Cmd { return m.copyItem(m.talk.items[i], 0) })},
		{name: "copy-code", keys: "1 2 3 4 5 6 7 8 9", help: "copy code block 1 to 9", run: (*Model).copyCode},
		{name: "edit-message", keys: "e", help: "write another version of a message of yours", run: on((*Model).editItem)},
		{name: "regen-message", keys: "r", help: "answer it again", run: on((*Model).regenerateAt)},
		{name: "previous-version", keys: "left", help: "the version before", run: on(func(m *Model, _ int) tea.Cmd { return m.flip(-1) })},
		{name: "next-version", keys: "right", help: "the version after", run: on(func(m *Model, _ int) tea.Cmd { return m.flip(+1) })},
		{name: "table-left", keys: "h", help: "move wide tables back", run: do(func(m *Model) { m.talk.items[m.picked].scrollTables(-1) })},
		{name: "table-right", keys: "l", help: "show wide tables in full, and move along them", run: do(func(m *Model) { m.talk.items[m.picked].scrollTables(+1) })},
		{name: "delete-message", keys: "d delete", help: "delete the message", run: do(func(m *Model) { m.deleteItem(m.picked) })},
		{name: "unfold-message", keys: "space enter", help: "show or fold the thinking, or a long text", run: do(func(m *Model) { m.talk.items[m.picked].toggle() })},
		{name: "find-message", keys: "/", help: "find", run: do(func(m *Model) { m.stopSelecting(); m.find("") })},
		{name: "find-older", keys: "n", help: "find an older one", run: do(func(m *Model) { m.findFrom(m.picked - 1) })},
		{name: "leave-messages", keys: "tab q i", help: "back to writing", run: do((*Model).stopSelecting)},
	}
	return within(inMessage, list)
}

func listCommands() []command {
	move := func(by func(m *Model) int) func(*Model, string) tea.Cmd {
		return do(func(m *Model) { m.list().move(by(m)) })
	}
	page := func(m *Model) int { return max(1, m.place.chat.h-5) }
	const all = 1 << 30
	list := []command{
		{name: "list-up", keys: "up ctrl+p", help: "the line above", run: move(func(*Model) int { return -1 })},
		{name: "list-down", keys: "down ctrl+n", help: "the line below", run: move(func(*Model) int { return 1 })},
		{name: "list-page-up", keys: "pgup", help: "a page up", run: move(func(m *Model) int { return -page(m) })},
		{name: "list-page-down", keys: "pgdown", help: "a page down", run: move(page)},
		{name: "list-first", keys: "home", help: "the first line", run: move(func(*Model) int { return -all })},
		{name: "list-last", keys: "end", help: "the last line", run: move(func(*Model) int { return all })},
		{name: "list-choose", keys: "enter", help: "take the line", run: func(m *Model, _ string) tea.Cmd { return m.list().choose() }},
		{name: "list-delete", keys: "backspace", help: "delete the last letter of the filter", run: (*Model).shortenFilter},
		{name: "list-clear", keys: "ctrl+u", help: "clear the filter", run: func(m *Model, _ string) tea.Cmd { return m.list().narrow("") }},
	}
	return within(inList, list)
}

func completionCommands() []command {
	list := []command{
		{name: "complete", keys: "tab", help: "take the offer", run: (*Model).accept},
		{name: "complete-up", keys: "up", help: "the offer above", run: do(func(m *Model) { m.offer.move(-1) })},
		{name: "complete-down", keys: "down", help: "the offer below", run: do(func(m *Model) { m.offer.move(1) })},
	}
	return within(inOffer, list)
}

// editCommands are what the text area does by itself.
func editCommands() []command {
	type keys = textarea.KeyMap
	list := []command{
		{name: "left", keys: "left ctrl+b", help: "a character to the left", edit: func(k *keys) *key.Binding { return &k.CharacterBackward }},
		{name: "right", keys: "right ctrl+f", help: "a character to the right", edit: func(k *keys) *key.Binding { return &k.CharacterForward }},
		{name: "word-left", keys: "alt+left ctrl+left alt+b", help: "a word to the left", edit: func(k *keys) *key.Binding { return &k.WordBackward }},
		{name: "word-right", keys: "alt+right ctrl+right alt+f", help: "a word to the right", edit: func(k *keys) *key.Binding { return &k.WordForward }},
		{name: "up", keys: "up", help: "a line up; in the first line, what was sent before", edit: func(k *keys) *key.Binding { return &k.LinePrevious }},
		{name: "down", keys: "down", help: "a line down; in the last line, what was sent after", edit: func(k *keys) *key.Binding { return &k.LineNext }},
		{name: "line-start", keys: "home ctrl+a", help: "to the start of the line", edit: func(k *keys) *key.Binding { return &k.LineStart }},
		{name: "line-end", keys: "end ctrl+e", help: "to the end of the line", edit: func(k *keys) *key.Binding { return &k.LineEnd }},
		{name: "text-start", keys: "alt+<", help: "to the start of the text", edit: func(k *keys) *key.Binding { return &k.InputBegin }},
		{name: "text-end", keys: "alt+>", help: "to the end of the text", edit: func(k *keys) *key.Binding { return &k.InputEnd }},
		{name: "delete-left", keys: "backspace ctrl+h", help: "delete a character to the left", edit: func(k *keys) *key.Binding { return &k.DeleteCharacterBackward }},
		{name: "delete-right", keys: "delete ctrl+d", help: "delete a character to the right", edit: func(k *keys) *key.Binding { return &k.DeleteCharacterForward }},
		{name: "delete-word-left", keys: "ctrl+w alt+backspace ctrl+backspace", help: "delete a word to the left", edit: func(k *keys) *key.Binding { return &k.DeleteWordBackward }},
		{name: "delete-word-right", keys: "alt+d alt+delete ctrl+delete", help: "delete a word to the right", edit: func(k *keys) *key.Binding { return &k.DeleteWordForward }},
		{name: "delete-to-start", keys: "ctrl+u", help: "delete to the start of the line", edit: func(k *keys) *key.Binding { return &k.DeleteBeforeCursor }},
		{name: "delete-to-end", keys: "ctrl+k", help: "delete to the end of the line", edit: func(k *keys) *key.Binding { return &k.DeleteAfterCursor }},
		{name: "paste", keys: "ctrl+v", help: "paste", run: (*Model).pasteNative},
		{name: "uppercase", keys: "alt+u", help: "a word in capitals", edit: func(k *keys) *key.Binding { return &k.UppercaseWordForward }},
		{name: "lowercase", keys: "alt+l", help: "a word in small letters", edit: func(k *keys) *key.Binding { return &k.LowercaseWordForward }},
		{name: "capitalize", keys: "alt+c", help: "a word with a capital", edit: func(k *keys) *key.Binding { return &k.CapitalizeWordForward }},
		{name: "select-left", keys: "shift+left", help: "select to the left", edit: func(k *keys) *key.Binding { return &k.SelectCharacterBackward }},
		{name: "select-right", keys: "shift+right", help: "select to the right", edit: func(k *keys) *key.Binding { return &k.SelectCharacterForward }},
		{name: "select-word-left", keys: "ctrl+shift+left alt+shift+left", help: "select a word to the left", edit: func(k *keys) *key.Binding { return &k.SelectWordBackward }},
		{name: "select-word-right", keys: "ctrl+shift+right alt+shift+right", help: "select a word to the right", edit: func(k *keys) *key.Binding { return &k.SelectWordForward }},
		{name: "select-up", keys: "shift+up", help: "select a line up", edit: func(k *keys) *key.Binding { return &k.SelectLineUp }},
		{name: "select-down", keys: "shift+down", help: "select a line down", edit: func(k *keys) *key.Binding { return &k.SelectLineDown }},
		{name: "copy-selection", keys: "ctrl+shift+c", help: "copy what is selected", edit: func(k *keys) *key.Binding { return &k.CopySelection }},
	}
	return within(inText, list)
}

func within(s scope, list []command) []command {
	for i := range list {
		list[i].scope = s
	}
	return list
}
