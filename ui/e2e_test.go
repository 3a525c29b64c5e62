package ui_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/runnel-chat/runnel/gguf/refs"
)

// terminal is the real binary in a tmux pane.
type terminal struct {
	t      *testing.T
	socket string
}

func (x terminal) tmux(args ...string) string {
	x.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", x.socket}, args...)...).CombinedOutput()
	if err != nil {
		x.t.Fatalf("tmux %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (x terminal) send(keys ...string) { x.tmux(append([]string{"send-keys", "-t", "r"}, keys...)...) }
func (x terminal) screen() string      { return x.tmux("capture-pane", "-p", "-t", "r") }

// until waits for a screen that satisfies ok.
func (x terminal) until(what string, ok func(screen string) bool) string {
	x.t.Helper()
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(30 * time.Millisecond) {
		s := x.screen()
		if ok(s) {
			return s
		}
		if time.Now().After(end) {
			x.t.Fatalf("never seen: %s\n%s", what, s)
		}
	}
}

func (x terminal) sees(text string) {
	x.t.Helper()
	x.until(text, func(s string) bool { return strings.Contains(s, text) })
}

// start builds the program and opens a shell in a terminal of that size.
func start(t *testing.T, w, h string) terminal {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the program")
	}
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed")
	}
	dir := t.TempDir()
	bin := filepath.Join(dir, "runnel")
	if out, err := exec.Command("go", "build", "-o", bin, "..").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	x := terminal{t, filepath.Join(dir, "s")}
	x.tmux("-f", os.DevNull, "new-session", "-d", "-s", "r", "-x", w, "-y", h, "env", "-i", "PS1=shell> ", "TERM=xterm-256color",
		"PATH="+dir+":/usr/bin:/bin", "HOME="+dir, "LANG=C.UTF-8", "sh")
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", x.socket, "kill-server").Run() })
	x.sees("shell>")
	return x
}

// TestChatInATerminal is a first visit: pick a model, ask, stop, ask again,
// resize, leave.
func TestChatInATerminal(t *testing.T) {
	models := filepath.Dir(refs.Model(t, "stories260K.gguf"))
	x := start(t, "110", "30")
	x.send("RUNNEL_MODEL_DIRS="+models+" runnel", "Enter")
	x.sees("Models on this machine")
	x.send("stories")
	x.sees("▶ stories260K")
	x.send("Enter")
	x.sees("Write, and Enter sends")
	x.send("Once upon a time", "Enter")
	x.sees("❯ Once upon a time")
	x.until("an answer that moves the panel", func(s string) bool {
		return strings.Contains(s, "● ") && strings.Contains(s, "first token") && strings.Contains(s, "tokens/s")
	})
	x.until("its end", func(s string) bool { return strings.Contains(s, "ready") })
	x.send("C-n")
	x.sees("Write, and Enter sends")
	x.send("The cat", "Enter")
	x.send("Escape")
	x.tmux("resize-window", "-t", "r", "-x", "50", "-y", "14")
	x.until("the answer's end on a small screen", func(s string) bool { return strings.Contains(s, "ready ·") })
	x.send("F1")
	x.sees("Keys and commands")
	x.send("Escape")
	x.until("the chat again", func(s string) bool { return !strings.Contains(s, "Keys and commands") })
	x.send("C-c")
	x.sees("press Ctrl-C again")
	x.send("C-c")
	x.until("the shell again", func(s string) bool {
		return strings.Contains(s, "shell>") && !strings.Contains(s, "Keys and commands")
	})
	x.send("stty -a | grep -o ' echo '; echo left-$((40+2))", "Enter")
	x.until("a terminal in order", func(s string) bool { return strings.Contains(s, "left-42") && strings.Contains(s, "\n echo\n") })
}

// TestWrongFile: one plain line, and the chat stays usable.
func TestWrongFile(t *testing.T) {
	x := start(t, "100", "24")
	x.send("echo no > bad.gguf; runnel ./bad.gguf", "Enter")
	x.sees("✗ ")
	x.sees("Ctrl-L shows the models")
	x.send("C-d")
	x.sees("shell>")
}
