package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/gguf/refs"
	"github.com/runnel-chat/runnel/gguf/synth"
)

// openChat starts the chat with the little model, which says a few words at a
// time.
func openChat(t *testing.T, env ...string) *terminal {
	t.Helper()
	model := refs.Model(t, "stories260K.gguf")
	env = append([]string{"RUNNEL_MODEL_DIRS=" + filepath.Dir(model), "RUNNEL_SEED=1", "RUNNEL_MAX_TOKENS=12"}, env...)
	term := newTerminal(t, env...)
	term.keys(program(t)+" stories260K; echo left $?", "Enter")
	term.until(`ready · .*stories260K`)
	return term
}

// ask sends a text and waits for the end of the answer.
func (term *terminal) ask(text string) {
	term.t.Helper()
	term.keys(text, "Enter")
	term.until(`(?s)❯ ` + text + `.*\(cut at max_tokens\).*ready`)
}

// TestVersionsInATerminal: an answer made again is one of two, and one key
// goes from one to the other, also in a later run.
func TestVersionsInATerminal(t *testing.T) {
	term := openChat(t)
	term.ask("Once upon a time")
	term.keys("C-g")
	term.until(`(?s)‹ 2/2 ›.*ready`)
	term.keys("Tab", "Left")
	term.until(`‹ 1/2 ›`)
	term.keys("Right")
	term.until(`‹ 2/2 ›`)
	term.keys("Left", "Escape")
	term.until(`(?s)‹ 1/2 ›.*Enter send`)
	term.keys("C-d")
	term.until(`left 0\n`)
	term.keys("clear; "+program(t)+" -c stories260K", "Enter")
	term.until(`(?s)Once upon a time.*‹ 1/2 ›`)
	term.keys("C-d")
}

// TestKeysInATerminal: what the configuration binds counts, and what it
// cannot bind is said before the screen is touched.
func TestKeysInATerminal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.toml")
	configure := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	configure("[keys]\nhelp = \"F5\"\nquit-when-empty = \"q\"\n")
	term := openChat(t, "RUNNEL_CONFIG="+file)
	term.until(`F5 help`)
	term.keys("F5")
	term.until(`F5, /help`)
	term.keys("Escape")
	term.until(`Enter send`)
	term.keys("q")
	term.until(`left 0\n`)
	configure("seed = 1\n[keys]\nhelp = \"ctrl+s\"\n")
	term.keys("clear; "+program(t)+"; echo left $?", "Enter")
	term.until(`(?s)config.toml:3: keys.help:\s+ctrl\+s belongs to\s+sessions.*left 1`)
}

// TestFilesInATerminal: files are completed, shown as chips and sent; presets
// and what was sent before can be written again.
func TestFilesInATerminal(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"home/notes.txt": "a\nb\n", "home/nose.bin": "\x00", "home/ev\x1b]0;owned\x07il.txt": "x",
		"config.toml": "[presets]\nshort = \"In one sentence:\"\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Skipf("this file system refuses the name: %v", err)
		}
	}
	term := openChat(t, "RUNNEL_CONFIG="+filepath.Join(dir, "config.toml"), "HOME="+filepath.Join(dir, "home"))
	term.keys("see @~/")
	term.until(`(?s)▶ evil.txt.*nose.bin.*notes.txt.*Tab take it`)
	term.keys("not")
	term.until(`▶ notes.txt`)
	term.keys("Tab")
	term.until(`❯ see \[notes.txt, 2 lines\]`)
	term.keys("Enter")
	term.until(`(?s)❯ see File ~/notes.txt:.*a.*b.*\(cut at max_tokens\)`)
	term.keys("/read ~/nose.bin", "Enter")
	term.until(`✗ ~/nose.bin is no text in UTF-8`)
	term.keys("/preset short", "Enter")
	term.until(`❯ In one sentence:`)
	term.keys("C-c")
	term.keys("C-r")
	term.until(`(?s)Sent before.*▶ .*see`)
	term.keys("sentence", "Enter")
	term.until(`❯ In one sentence:`)
	if title := term.tmux("display-message", "-p", "#{pane_title}"); strings.Contains(title, "owned") {
		t.Errorf("the title is %q", title)
	}
	term.keys("C-c", "C-d")
	term.until(`left 0\n`)
}

// TestSettingsInATerminal: what is set in a conversation counts at once, and
// again when it is resumed.
func TestSettingsInATerminal(t *testing.T) {
	term := openChat(t)
	term.ask("Once upon a time")
	term.keys("/set num_ctx 300", "Enter")
	term.until(`(?s)context is now 300; the model is opened again.*ready · .*/300`)
	term.keys("/set temperature 0", "Enter")
	term.until(`temperature is now 0`)
	term.keys("C-d")
	term.until(`left 0\n`)
	term.keys("clear; "+program(t)+" -c stories260K; echo left $?", "Enter")
	term.until(`(?s)Once upon a time.*Settings of this conversation: context 300, temperature 0\..*ready · .*/300`)
	term.keys("C-d")
	term.until(`left 0\n`)
}

// TestFullContextInATerminal: a conversation goes on when it outgrows the
// context, and says what the model no longer sees.
func TestFullContextInATerminal(t *testing.T) {
	term := openChat(t, "RUNNEL_CONTEXT=100")
	for _, text := range []string{"Once upon a time", "One day", "Then", "Later"} {
		term.ask(text)
	}
	term.until(`— earlier messages are outside the context —`)
	term.keys("C-d")
	term.until(`left 0\n`)
}

// TestChatPullsInATerminal: with no model on the machine the chat says what to type,
// downloads and opens it; and downloads another while that one is open.
func TestChatPullsInATerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "small.gguf")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(synth.Write(f, "tiny", "Q8_0", 1), f.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, filepath.Join(filepath.Dir(path), "other.gguf")); err != nil {
		t.Skipf("this file system has no links: %v", err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(path))))
	t.Cleanup(server.Close)
	term := newTerminal(t)
	term.keys("cd; clear; "+program(t)+"; echo left $?", "Enter")
	term.until(`ready · .*guide`) // it opens by itself where there is no other
	term.keys("C-l")
	term.until(`type org/repo`)
	term.keys(server.URL + "/small.gguf")
	term.until(`▶ download http`)
	term.keys("Enter")
	term.until(`(?s)small.gguf is here.*ready · .*tiny`)
	term.keys("/pull "+server.URL+"/other.gguf", "Enter")
	term.until(`(?s)other.gguf is here; +Ctrl-L +opens it`)
	term.keys("C-d")
	term.until(`left 0\n`)
}
