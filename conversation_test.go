package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestConversationsInATerminal: a conversation is named, found by its text
// among others, exported, deleted and brought back.
func TestConversationsInATerminal(t *testing.T) {
	term := openChat(t)
	term.ask("Once upon a time")
	term.keys("/rename The bedtime story", "Enter")
	term.until(`Renamed\.`)
	term.keys("C-n")
	term.until(`Write, and Enter sends`)
	term.ask("One day")
	term.keys("C-s")
	term.until(`(?s)Conversations.*One day.*The bedtime story`)
	term.keys("upon")
	term.until(`(?s)upon.*▶ The bedtime story`)
	term.keys("Enter")
	term.until(`❯ Once upon a time`)

	file := filepath.Join(t.TempDir(), "story.md")
	term.keys("/export md "+file, "Enter")
	term.until(`story\.md`)
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "Once upon a time") {
		t.Errorf("exported %q, %v", text, err)
	}
	term.keys("/delete", "Enter")
	term.until(`Write, and Enter sends|undelete`)
	term.keys("C-s")
	term.until(`(?s)Conversations.*One day`)
	if s := term.screen(); strings.Contains(s, "bedtime") {
		t.Errorf("a deleted conversation is listed:\n%s", s)
	}
	term.keys("Escape")
	term.until(`Enter send`)
	term.keys("/undelete", "Enter")
	term.until(`❯ Once upon a time`)
	term.keys("C-d")
	term.until(`left 0\n`)
}

// TestMessagesInATerminal: one message is selected, copied, rewritten, found
// and deleted; what is copied is in the terminal's clipboard as it was written.
func TestMessagesInATerminal(t *testing.T) {
	term := openChat(t)
	term.tmux("set-option", "-s", "set-clipboard", "on")
	term.ask("Once upon a time")
	term.keys("Tab", "k", "y")
	term.until(`copied the message`)
	if got := term.tmux("show-buffer"); got != "Once upon a time" {
		t.Errorf("copied %q", got)
	}
	term.keys("e")
	term.until(`❯ Once upon a time\n?`)
	term.keys(" there")
	term.keys("Enter")
	term.until(`(?s)Once upon a time there.*‹ 2/2 ›.*ready`)
	term.ask("One day")
	term.keys("/find upon", "Enter")
	term.until(`(?s)▶ Once upon a time there.*n finds an older one`)
	term.keys("y")
	term.until(`copied the message`)
	if got := term.tmux("show-buffer"); got != "Once upon a time there" {
		t.Errorf("found %q", got)
	}
	term.keys("d")
	term.when("loses the message", func(s string) bool { return !strings.Contains(s, "Once upon a time there") })
	term.keys("Escape")
	term.until(`Enter send`)
	term.keys("/undo", "Enter")
	term.until(`❯ One day`)
	term.keys("C-c", "C-d")
	term.until(`left 0\n`)
}

// TestWritingInATerminal: the user's editor, a long paste, what was sent
// before, and the forecast of what is written.
func TestWritingInATerminal(t *testing.T) {
	dir := t.TempDir()
	editor := filepath.Join(dir, "editor")
	if err := os.WriteFile(editor, []byte("#!/bin/sh\necho and so on >> \"$1\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	term := openChat(t, "EDITOR="+editor)
	term.keys("It was late", "C-o")
	term.until(`(?s)❯ It was late\s*and so on`)
	term.until(`\d+ tokens`) // the forecast
	term.keys("C-c")
	term.tmux("set-buffer", strings.Repeat("one more line\n", 40))
	term.tmux("paste-buffer", "-p")
	term.until(`❯ \[Pasted #1, 40 lines\]`)
	term.keys("Enter")
	term.until(`(?s)one more line.*\(cut at max_tokens\).*ready`)
	term.keys("/nothing", "Enter")
	term.until(`There is no command /nothing`)
	term.keys("Up")
	term.until(`❯ /nothing`)
	term.keys("C-c", "C-p")
	term.until(`Commands`)
	term.keys("figures")
	term.until(`▶ .*figures: full, line, off`)
	term.keys("Enter")
	if s := term.until(`ready`); regexp.MustCompile(`tile hits`).MatchString(s) {
		t.Errorf("the panel does not change:\n%s", s)
	}
	term.keys("C-d")
	term.until(`left 0\n`)
}

// TestLooksInATerminal: colours where they are wanted, the mouse wheel, and
// another model and system prompt within a conversation.
func TestLooksInATerminal(t *testing.T) {
	term := openChat(t, "RUNNEL_MAX_TOKENS=200", "RUNNEL_THEME=light")
	coloured := regexp.MustCompile(`\x1b\[(\d+;)*(3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]`)
	if raw := term.tmux("capture-pane", "-p", "-e"); !coloured.MatchString(raw) {
		t.Errorf("no colour is seen:\n%q", raw)
	}
	term.keys("/set theme dark", "Enter")
	term.until(`theme is now dark`)
	term.keys("/system Be brief.", "Enter")
	term.until(`Be brief\.`)
	term.keys("Once upon a time", "Enter")
	term.until(`(?s)\(cut at max_tokens\).*ready`)
	term.keys("More", "Enter")
	term.until(`(?s)❯ More.*\(cut at max_tokens\).*ready`)
	for range 20 {
		term.tmux("send-keys", "-l", "\x1b[<64;10;5M") // the wheel, away from the user
	}
	term.until(`❯ Once upon a time`)
	term.keys("End")
	term.until(`\(cut at max_tokens\)\n`)
	term.keys("C-l")
	term.until(`(?s)Models on this machine.*guide .*KiB`)
	term.keys("guide", "Enter")
	term.until(`(?s)cut at max_tokens.*ready · .*guide`)
	term.keys("what is a token?", "Enter")
	term.until(`(?s)❯ what is a token\?.*how fast the answer comes`)
	term.keys("C-d")
	term.until(`left 0\n`)

	term = openChat(t, "NO_COLOR=1")
	if raw := term.tmux("capture-pane", "-p", "-e"); coloured.MatchString(raw) {
		t.Errorf("a colour is seen:\n%q", raw)
	}
	term.keys("C-d")
}
