package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/runnel-chat/runnel/gguf/refs"
	"github.com/runnel-chat/runnel/infer/chat/store"
)

// TestKillInATerminal kills the program at random moments of a chat: each
// answer that the screen showed as finished, and its question, is stored.
// RUNNEL_KILLS is how many times, if not a few.
func TestKillInATerminal(t *testing.T) {
	kills := 4
	if n := os.Getenv("RUNNEL_KILLS"); n != "" {
		var err error
		if kills, err = strconv.Atoi(n); err != nil {
			t.Fatal(err)
		}
	}
	model, data := refs.Model(t, "stories260K.gguf"), t.TempDir()
	term := newTerminal(t, "RUNNEL_DATA="+data, "RUNNEL_SEED=1", "RUNNEL_MAX_TOKENS=64")
	term.tmux("set-option", "-g", "remain-on-exit", "on")
	term.tmux("resize-window", "-x", "80", "-y", "60")
	shown := map[string]string{} // answers by question
	for n := range kills {
		if n > 0 {
			term.tmux("respawn-pane")
		}
		maps.Copy(shown, term.chatAndDie(fmt.Sprintf("%s %s", program(t), model), n))
	}
	if len(shown) == 0 {
		t.Fatal("no answer was finished in time")
	}
	stored := storedAnswers(t, filepath.Join(data, "chats.db"))
	for question, answer := range shown {
		if got, ok := stored[question]; !ok || words(got) != words(answer) {
			t.Errorf("the screen had the answer to %q as finished:\n%s\nand the store has:\n%s", question, answer, got)
		}
	}
	t.Logf("%d kills: %d answers were shown as finished, and %d are stored", kills, len(shown), len(stored))
}

// chatAndDie chats in a fresh shell until a random moment, when the program
// is killed, and returns the answers that the screen showed as finished.
func (term *terminal) chatAndDie(command string, round int) map[string]string {
	term.t.Helper()
	term.keys("exec "+command, "Enter")
	term.until(`ready · .*stories260K`)
	pid, err := strconv.Atoi(strings.TrimSpace(term.tmux("display-message", "-p", "#{pane_pid}")))
	if err != nil {
		term.t.Fatal(err)
	}
	victim, err := os.FindProcess(pid)
	if err != nil {
		term.t.Fatal(err)
	}
	killed := make(chan error, 1)
	kill := func() {
		time.AfterFunc(time.Duration(rand.IntN(1500))*time.Millisecond, func() { killed <- victim.Kill() })
	}
	// From the start on, or, as a machine may be slow, from the first answer on.
	first := min(round%4, 1)
	for i := 0; ; i++ {
		if i == first {
			kill()
		}
		question := fmt.Sprintf("Tale %d of round %d", i, round)
		term.keys(question, "Enter")
		finished := regexp.MustCompile(`❯ ` + question + `\n(?s:.*)\(cut at max_tokens\)`)
		for !finished.MatchString(term.screen()) {
			select {
			case err := <-killed:
				if err != nil {
					term.t.Fatal(err)
				}
				for end := time.Now().Add(patience); strings.TrimSpace(term.tmux("display-message", "-p", "#{pane_dead}")) != "1"; {
					if time.Now().After(end) {
						term.t.Fatal("the program outlives a kill")
					}
				}
				return finishedAnswers(term.screen()) // what was written before its death
			case <-time.After(2 * time.Millisecond):
			}
		}
	}
}

var answered = regexp.MustCompile(`(?s)❯ (Tale \d+ of round \d+)\n([^❯]*?)\(cut at max_tokens\)`)

// finishedAnswers are those on a screen, by question.
func finishedAnswers(screen string) map[string]string {
	answers := map[string]string{}
	for _, m := range answered.FindAllStringSubmatch(screen, -1) {
		answers[m[1]] = m[2]
	}
	return answers
}

// storedAnswers are those that the store has as finished, by question.
func storedAnswers(t *testing.T, path string) map[string]string {
	t.Helper()
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Notice() != "" {
		t.Error(s.Notice())
	}
	list, err := s.List(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{}
	for _, c := range list {
		messages, err := s.Messages(c.ID)
		if err != nil {
			t.Fatal(err)
		}
		for pair := range slices.Chunk(messages, 2) {
			if len(pair) == 2 && pair[1].Role == "assistant" && !pair[1].Partial {
				answers[pair[0].Content] = pair[1].Content
			}
		}
	}
	return answers
}

// words leaves of a text what a screen does not change: no spaces, no marks.
func words(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\n*_`#>●", r) {
			return -1
		}
		return r
	}, text)
}
