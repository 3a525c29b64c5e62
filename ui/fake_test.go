package ui

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"go.uber.org/goleak"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/infer/chat"
	"github.com/runnel-chat/runnel/prefetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeEngine answers by script: a test appends to the stream it was asked
// for.
type fakeEngine struct {
	mu      sync.Mutex
	asked   [][]chat.Message
	request infer.Request
	stream  *infer.Stream
	ctx     context.Context
	stats   infer.Stats
	info    infer.Info
	layers  []infer.LayerMap
	closed  bool
	copied  string
}

func (f *fakeEngine) Generate(ctx context.Context, msgs []chat.Message, r infer.Request) *infer.Stream {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked, f.request, f.ctx = append(f.asked, msgs), r, ctx
	f.stream = infer.NewStream()
	return f.stream
}

func (f *fakeEngine) Stats() infer.Stats { return f.stats }
func (f *fakeEngine) Info() infer.Info   { return f.info }

func (f *fakeEngine) WeightMap(m []infer.LayerMap) []infer.LayerMap { return append(m, f.layers...) }

func (f *fakeEngine) SetMemory(bytes int64) error {
	if bytes < 1<<30 {
		return infer.ErrDoesNotFit
	}
	f.stats.BudgetBytes = bytes
	return nil
}

func (f *fakeEngine) Close() error {
	f.closed = true
	return nil
}

func newFakeEngine() *fakeEngine {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return &fakeEngine{
		info: infer.Info{Name: "Tiny Test", Arch: "llama", Params: 1_100_000_000, Quant: "Q4_K_M", Context: 2048, ContextTrain: 2048, Layers: 22, Vocab: 32000},
		stats: infer.Stats{
			At: at, ContextSize: 2048, ContextUsed: 512, WeightBytes: 636 << 20, KVBytes: 12 << 20, BudgetBytes: 8 << 30,
			Backend: "cpu", ISA: "avx512", Threads: 2, TimeToFirst: 420 * time.Millisecond,
			PromptTokens: 100, PromptDone: 100, PrefillDuration: time.Second, AnswerTokens: 41, DecodeDuration: 2 * time.Second,
			Cache: prefetch.Stats{HitsPinned: 1234, PinnedBytes: 636 << 20, LoadedBytes: 636 << 20, BytesRead: 636 << 20, UsedBytes: 700 << 20, Limiter: "compute"},
		},
	}
}

// chatWith returns a chat with an open engine.
func chatWith(t *testing.T, e *fakeEngine) *Model {
	t.Helper()
	c := config.Default()
	c.Theme = "dark"
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	m := New(t.Context(), Options{
		Config: c,
		Model:  "tiny",
		Now:    func() time.Time { return now },
		Models: func(context.Context) ([]library.Model, error) { return testModels(), nil },
		Fit:    func(m library.Model) string { return "fits" },
		Open: func(_ context.Context, path string, _ config.Config) (Engine, error) {
			if path == "broken" {
				return nil, errors.New("gguf: broken: not a model\nsecond line")
			}
			return e, nil
		},
		Clipboard: func(text string) error { e.copied = text; return nil },
		Request:   func(c config.Config, _ infer.Info) infer.Request { return infer.Request{MaxTokens: c.MaxTokens} },
	})
	m.ticking = true // no test waits for a clock
	run(m, m.openNamed("tiny"))
	if m.engine == nil {
		t.Fatal("the engine is not open")
	}
	return m
}

func testModels() []library.Model {
	return []library.Model{
		{Name: "tinyllama-1.1b", Path: "a", Bytes: 668 << 20, Params: 1_100_000_000, Arch: "llama", Quant: "Q4_K_M", Context: 2048},
		{Name: "qwen3-30b-a3b", Path: "b", Bytes: 18 << 30, Params: 30_500_000_000, Arch: "qwen3moe", Quant: "Q4_K_M", Context: 40960},
		{Name: "evil\x1b]52;c;aGk=\x07", Path: "broken", Bytes: 3, Err: errors.New("not a GGUF file\x1b[2J")},
	}
}

// run executes a command and all that follow from it, but for ticks.
func run(m *Model, cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case tea.BatchMsg:
		for _, c := range msg {
			run(m, c)
		}
	case tickMsg, nil:
	default:
		_, next := m.Update(msg)
		run(m, next)
	}
}

// press sends keys: names in angle brackets, or text.
func press(m *Model, keys ...string) (cmd tea.Cmd) {
	for _, k := range keys {
		if name, ok := strings.CutPrefix(k, "<"); ok && len(k) > 1 {
			_, cmd = m.Update(named(strings.TrimSuffix(name, ">")))
			continue
		}
		for _, r := range k {
			_, cmd = m.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
	return cmd
}

func named(name string) tea.KeyPressMsg {
	codes := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "left": tea.KeyLeft, "right": tea.KeyRight, "down": tea.KeyDown,
		"f1": tea.KeyF1, "f2": tea.KeyF2, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd,
		"backspace": tea.KeyBackspace,
	}
	if c, ok := codes[name]; ok {
		return tea.KeyPressMsg{Code: c}
	}
	if c, ok := strings.CutPrefix(name, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: rune(c[0]), Mod: tea.ModCtrl}
	}
	panic(name)
}

// answerWith lets the engine say text and end.
func answerWith(m *Model, e *fakeEngine, text, thinking string, r infer.Reason, err error) {
	e.stream.Append([]byte(text), []byte(thinking))
	e.stream.Finish(r, err)
	run(m, m.answer.wait())
}
