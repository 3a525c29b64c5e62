package ui

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/gguf/refs"
	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/infer/chat/store"
	"github.com/runnel-chat/runnel/infer/sample"
)

// timed measures what the screen's goroutine does for each event. The
// processor time is its own; the other also counts the waiting for a core.
type timed struct {
	*Model
	wall, cpu       time.Duration // the longest
	slowest, hidden string        // the event behind each
	events          int
}

func threadTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (m *timed) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start, used := time.Now(), threadTime()
	_, cmd := m.Model.Update(msg)
	_ = m.Model.View()
	if d := time.Since(start); d > m.wall {
		m.wall, m.slowest = d, fmt.Sprintf("%T", msg)
	}
	if d := threadTime() - used; d > m.cpu {
		m.cpu, m.hidden = d, fmt.Sprintf("%T", msg)
	}
	m.events++
	return m, cmd
}

// resident is the memory of the process, from the kernel.
func resident(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, pages int64
	if _, err := fmt.Fscan(bytes.NewReader(b), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// soakActions are what a restless user does: keys between blanks, each with
// Bubble Tea's name, or a word that is typed. Nothing of it leaves.
var soakActions = []string{
	"Once", "upon", "a", "time", "Lily", "enter", "enter", "enter", "esc", "esc", "esc esc x ctrl+c", "ctrl+j",
	"up", "down", "left", "right", "alt+b", "ctrl+a", "ctrl+e", "ctrl+w", "backspace", "pgup", "pgdown", "ctrl+home", "ctrl+end",
	"f1 esc", "f2", "ctrl+t", "ctrl+g", "ctrl+p esc", "ctrl+p figures enter", "ctrl+r esc", "ctrl+r a enter", "ctrl+s esc", "ctrl+s enter",
	"ctrl+l esc", "ctrl+l enter", "ctrl+n", "tab k k r", "tab k e esc", "tab left esc", "tab right esc", "tab d esc", "tab y esc", "tab g n / esc",
	"ctrl+u /undo enter", "ctrl+u /set space context space 300 enter", "ctrl+u /set space context space 200 enter", "ctrl+u /set space temperature space 1 enter",
	"ctrl+u /find space Lily enter esc", "ctrl+u /delete enter", "ctrl+u /undelete enter", "ctrl+u /und tab ctrl+u", "@ tab", "/nothing enter",
	"ctrl+u /system space Be space brief. enter",
}

// soakKey is the press of a named key, ok is false for a word.
func soakKey(name string) (tea.KeyPressMsg, bool) {
	if k, ok := map[string]tea.KeyPressMsg{
		"space": {Code: ' ', Text: " "}, "alt+b": {Code: 'b', Mod: tea.ModAlt},
		"ctrl+home": {Code: tea.KeyHome, Mod: tea.ModCtrl}, "ctrl+end": {Code: tea.KeyEnd, Mod: tea.ModCtrl},
	}[name]; ok {
		return k, true
	}
	switch name {
	case "enter", "esc", "tab", "up", "down", "left", "right", "f1", "f2", "pgup", "pgdown", "backspace":
		return named(name), true
	}
	if strings.HasPrefix(name, "ctrl+") {
		return named(name), true
	}
	return tea.KeyPressMsg{}, false
}

// TestSoak types, resizes, switches and cancels at random through the whole
// program with the engine behind it. RUNNEL_SOAK is for how long, a few
// seconds unless told; a run of minutes also checks that memory does not grow.
func TestSoak(t *testing.T) {
	length, long := 4*time.Second, false
	if s := os.Getenv("RUNNEL_SOAK"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		length, long = d, true
	}
	path := refs.Model(t, "stories260K.gguf")
	dir := t.TempDir()
	t.Chdir(dir)
	s, err := store.Open(filepath.Join(dir, "c.db"))
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.Theme, cfg.Context = "dark", 256
	model := New(t.Context(), Options{
		Config: cfg, Model: path, Store: s, Clipboard: func(string) error { return nil },
		Models: func(context.Context) ([]library.Model, error) {
			return []library.Model{{Name: "stories", Path: path, Bytes: 1 << 20}, {Name: "again", Path: path, Bytes: 1 << 20}}, nil
		},
		Open: func(ctx context.Context, path string, c config.Config) (Engine, error) {
			e, err := infer.Open(ctx, path, infer.Options{Context: c.Context, Threads: 1})
			if err != nil {
				return nil, err
			}
			return e, nil
		},
		Request: func(c config.Config, _ infer.Info) infer.Request {
			return infer.Request{Sample: sample.Options{Temperature: float32(c.Temperature)}, MaxTokens: 60}
		},
	})
	m := &timed{Model: model}
	keys, typist := io.Pipe()
	p := tea.NewProgram(m, tea.WithInput(keys), tea.WithOutput(io.Discard), tea.WithWindowSize(80, 24), tea.WithoutSignalHandler(),
		tea.WithEnvironment([]string{"TERM=xterm-256color"}))
	ended := make(chan error, 1)
	go func() { _, err := p.Run(); ended <- err }()

	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	start, warm, grown, goroutines, actions := time.Now(), int64(0), int64(0), 0, 0
	for time.Since(start) < length {
		for _, word := range strings.Fields(soakActions[r.IntN(len(soakActions))]) {
			if k, ok := soakKey(word); ok {
				p.Send(k)
				continue
			}
			for _, c := range word {
				p.Send(tea.KeyPressMsg{Code: c, Text: string(c)})
			}
		}
		if r.IntN(8) == 0 {
			p.Send(tea.WindowSizeMsg{Width: 1 + r.IntN(220), Height: 1 + r.IntN(70)})
		}
		actions++
		time.Sleep(time.Duration(r.IntN(60)) * time.Millisecond)
		select {
		case err := <-ended:
			t.Fatalf("seed %d: the program left after %d actions: %v", seed, actions, err)
		default:
		}
		if now := resident(t); warm == 0 && time.Since(start) > length/4 {
			warm = now
		} else if warm != 0 {
			grown, goroutines = now-warm, max(goroutines, runtime.NumGoroutine())
		}
	}
	_ = typist.Close()
	p.Quit()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := model.close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	t.Logf("seed %d: %d actions, %d events in %v; the longest took %v (%s), %v of the processor (%s); at most %d goroutines, memory grew by %.1f MiB",
		seed, actions, m.events, length, m.wall, m.slowest, m.cpu, m.hidden, goroutines, float64(grown)/(1<<20))
	if m.cpu > 50*time.Millisecond {
		t.Errorf("seed %d: an event of type %s took %v of the processor", seed, m.hidden, m.cpu)
	}
	if goroutines > 100 {
		t.Errorf("seed %d: %d goroutines", seed, goroutines)
	}
	if long && grown > 64<<20 {
		t.Errorf("seed %d: memory grew by %d bytes", seed, grown)
	}
}
