package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/runnel-chat/runnel/gguf/refs"
)

// terminal is a real one, in tmux, with a shell in it.
type terminal struct {
	t      *testing.T
	socket string
}

func newTerminal(t *testing.T, env ...string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("no tmux on this machine")
	}
	term := &terminal{t, filepath.Join(t.TempDir(), "tmux")}
	args := []string{
		"-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "env", "-i", "TERM=tmux-256color",
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "PS1=$ ", "HOME=" + t.TempDir(), asProgram,
	}
	term.tmux(append(append(args, env...), "sh")...)
	t.Cleanup(func() { term.tmux("kill-server") })
	return term
}

// tmux runs one of its commands and returns what it prints.
func (term *terminal) tmux(args ...string) string {
	term.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "tmux", append([]string{"-u", "-S", term.socket}, args...)...).CombinedOutput()
	if err != nil {
		term.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

func (term *terminal) keys(keys ...string) {
	term.t.Helper()
	term.tmux(append([]string{"send-keys"}, keys...)...)
}

func (term *terminal) screen() string { return term.tmux("capture-pane", "-p") }

// patience is for machines with other things to do; nothing waits that long.
const patience = 60 * time.Second

// until waits for a screen that matches and returns it.
func (term *terminal) until(pattern string) string {
	term.t.Helper()
	return term.when(fmt.Sprintf("shows %q", pattern), regexp.MustCompile(pattern).MatchString)
}

// when waits for a screen of which something is true, and returns it.
func (term *terminal) when(what string, is func(screen string) bool) string {
	term.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if s := term.screen(); is(s) {
			return s
		}
	}
	term.t.Fatalf("the screen never %s:\n%s", what, term.screen())
	return ""
}

// modes are the terminal's: what a program that left has to give back.
func (term *terminal) modes() string {
	return term.tmux("display-message", "-p", "alternate #{alternate_on} cursor #{cursor_flag} mouse #{mouse_any_flag} keypad #{keypad_flag}")
}

// asProgram makes the test's own binary the program: what is driven is the
// code under test, without a second build.
const asProgram = "RUNNEL_TEST_MAIN=1"

func TestMain(m *testing.M) {
	if name, value, _ := strings.Cut(asProgram, "="); os.Getenv(name) == value {
		main()
	}
	os.Exit(m.Run())
}

// program is the path of it.
func program(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestChatInATerminal drives the program as a person does: it starts without
// arguments, picks a model, asks, stops, asks again, resizes and leaves.
func TestChatInATerminal(t *testing.T) {
	model := refs.Model(t, "stories260K.gguf")
	// A context beyond the trained one keeps the little model talking.
	term := newTerminal(t, "RUNNEL_MODEL_DIRS="+filepath.Dir(model), "RUNNEL_CONTEXT=200000", "RUNNEL_SEED=1")
	before := term.modes()
	term.keys("cd; stty -g > before; "+program(t)+"; echo left $?; stty -g > after; cmp before after && echo same", "Enter")

	term.until(`(?s)Models on this machine.*stories260K +1 MiB +260K`)
	term.keys("stor", "Enter")
	term.until(`ready · .*stories260K`)

	term.keys("Once upon a time", "Enter")
	term.until(`❯ Once upon a time`)
	first := position(term.until(`writing · [0-9.]+ tok/s · ctx \d{3,}/200000`))
	term.when("moves its figures", func(s string) bool { return position(s) > first })
	term.keys("Escape")
	term.until(`(?s)\(stopped\).*ready`)

	term.keys("One day", "Enter")
	term.until(`writing`)
	for _, size := range [][2]string{{"120", "40"}, {"40", "12"}, {"200", "60"}, {"20", "5"}, {"80", "24"}} {
		term.tmux("resize-window", "-x", size[0], "-y", size[1])
		time.Sleep(100 * time.Millisecond)
	}
	term.until(`writing · [0-9.]+ tok/s`)
	term.keys("C-c")
	term.until(`ready`)

	term.keys("F1")
	term.until(`Keys and commands`)
	term.keys("Escape")
	term.until(`\(stopped\)`)
	term.keys("C-n")
	term.until(`Write, and Enter sends`)
	term.keys("C-d")
	term.until(`left 0\n+same\n`)
	if after := term.modes(); after != before {
		t.Errorf("the terminal is left with %safter %s", after, before)
	}
}

// position is how much of the context a screen says is used.
func position(screen string) int {
	m := regexp.MustCompile(`ctx (\d+)/`).FindStringSubmatch(screen)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1]) // digits only
	return n
}

// TestHostileNamesInATerminal: what a file is called reaches the terminal as
// text only.
func TestHostileNamesInATerminal(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a\x1b]0;owned\x07.gguf", "b\x1b[2J\x1b[31m.gguf", "c\u009b31m.gguf", "d\u202e.gguf"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("GGUF"), 0o600); err != nil {
			t.Skipf("this file system refuses the name: %v", err)
		}
	}
	term := newTerminal(t, "RUNNEL_MODEL_DIRS="+dir)
	term.keys(program(t), "Enter")
	s := term.until(`(?s)Models on this machine.*a.*b.*c.*d`)
	if !strings.Contains(s, "U+202E") {
		t.Errorf("the reversing character is not spelled out:\n%s", s)
	}
	if title := term.tmux("display-message", "-p", "#{pane_title}"); strings.Contains(title, "owned") {
		t.Errorf("the title is %q", title)
	}
	if raw := term.tmux("capture-pane", "-p", "-e"); strings.Contains(raw, "\x1b[31m") && !strings.Contains(raw, "[91m") {
		t.Errorf("a name colours the screen:\n%q", raw)
	}
	term.keys("C-d")
}

// TestWrongFile: one plain line, and the chat stays usable.
func TestWrongFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.gguf")
	if err := os.WriteFile(path, []byte("no"), 0o600); err != nil {
		t.Fatal(err)
	}
	term := newTerminal(t)
	term.keys(program(t)+" "+path+"; echo left $?", "Enter")
	term.until(`(?s)✗ .*Ctrl-L shows the models`)
	term.keys("C-d")
	term.until(`left 0\n`)
}
