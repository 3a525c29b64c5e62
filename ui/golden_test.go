package ui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/infer/chat/store"
)

const goldenAnswer = "Weights are read **once** and kept, as far as memory allows:\n\n" +
	"1. what fits is *pinned*;\n2. the rest flows through a ring.\n\n" +
	"```go\nfor tile := range plan.Tiles {\n\tread(tile) // ahead of use\n}\n```\n\n" +
	"| memory | tokens/s |\n|---|--:|\n| 2 GiB | 0.5 |\n| 4 GiB | 7 |\n"

// sizes of the golden screens: a phone's, the classic, a laptop's, a desk's.
var sizes = [][2]int{{40, 12}, {80, 24}, {120, 40}, {200, 60}}

func conversation(t *testing.T) *Model {
	e := newFakeEngine()
	m := chatWith(t, e)
	press(m, "How does a model run that is bigger than memory?", "<enter>")
	answerWith(m, e, goldenAnswer, "They want the gist.", infer.EndOfTurn, nil)
	return m
}

// TestScreens compares whole screens; go test ./ui -update accepts new ones.
func TestScreens(t *testing.T) {
	screens := []struct {
		name string
		show func(m *Model)
	}{
		{"chat", func(m *Model) {}},
		{"writing", func(m *Model) {
			press(m, "And")
			m.write.insert("\n")
			press(m, "how fast?")
		}},
		{"line", func(m *Model) { press(m, "<f2>") }},
		{"off", func(m *Model) { press(m, "<f2>", "<f2>") }},
		{"picker", func(m *Model) { run(m, press(m, "<ctrl+l>")) }},
		{"help", func(m *Model) { press(m, "<f1>") }},
		{"selecting", func(m *Model) { press(m, "<tab>") }},
		{"palette", func(m *Model) { press(m, "<ctrl+p>", "conv") }},
		{"sessions", func(m *Model) { m.onSessions(sessionsMsg{testSessions()}) }},
		{"history", func(m *Model) { press(m, "<ctrl+r>", "bigger") }},
		{"offer", func(m *Model) { press(m, "/s") }},
		{"thinking", showThinking},
		{"table", func(m *Model) { showTable(m); press(m, "<tab>", "l", "l") }},
		{"versions", showVersions},
		{"streaming", showStreaming},
	}
	for _, s := range screens {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s/%dx%d", s.name, size[0], size[1]), func(t *testing.T) {
				m := conversation(t)
				m.resize(size[0], size[1])
				s.show(m)
				golden.RequireEqual(t, trimmed(ansi.Strip(m.View().Content)))
			})
		}
	}
	// Every look in every size; what the others show is made of the same.
	for _, s := range screens {
		if !slices.Contains([]string{"chat", "selecting", "sessions", "thinking", "table"}, s.name) {
			continue
		}
		for _, size := range sizes {
			for name, dark := range map[string]bool{"dark": true, "light": false} {
				t.Run(fmt.Sprintf("colours/%s/%s/%dx%d", name, s.name, size[0], size[1]), func(t *testing.T) {
					m := conversation(t)
					m.resize(size[0], size[1])
					m.setTheme(dark)
					s.show(m)
					golden.RequireEqual(t, trimmed(m.View().Content))
				})
			}
		}
	}
}

func testSessions() []store.Conversation {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return []store.Conversation{
		{ID: 3, Title: "How does a model run that is bigger than memory?", Model: "Tiny Test", Updated: at},
		{ID: 2, Title: "世界 in three languages\x1b[31m", Model: "qwen3-30b-a3b", Updated: at.Add(-time.Hour)},
		{ID: 1, Title: "A title that is so long that it cannot stand beside its time on any screen but the widest", Model: "tinyllama-1.1b", Updated: at.Add(-90 * 24 * time.Hour)},
	}
}

// showThinking has a thought that is folded, one that is not, and one that is
// still going on.
func showThinking(m *Model) {
	for _, folded := range []bool{true, false} {
		it := newAnswer()
		it.append("So it is.", "First this.\nThen that, which takes a few more words to say.")
		it.thought, it.folded = 2300*time.Millisecond, folded
		it.finish("")
		m.talk.add(it)
	}
	it := newAnswer()
	it.append("", "one\ntwo\nthree\nfour\nfive")
	m.talk.add(it)
}

func showTable(m *Model) {
	it := newAnswer()
	it.append("| file | what it is for | memory | tokens/s |\n|---|---|--:|--:|\n"+
		"| stories260K.gguf | a model of one megabyte that tells stories about dragons and gardens | 1 MiB | 5181 |\n"+
		"| qwen3-30b-a3b.gguf | one for a machine with more memory than most of those that stand on desks | 18 GiB | 12 |\n", "")
	it.finish("")
	m.talk.add(it)
}

// showVersions has messages with siblings, and the edge of the context.
func showVersions(m *Model) {
	items := m.talk.items
	items[1].fork, items[1].lines = fork{2, 3}, nil
	it := newItem("user", "And then?")
	m.talk.add(it)
	m.setInside(it)
	end := newAnswer()
	end.append("Then it runs.", "")
	end.finish("stopped")
	end.fork = fork{1, 2}
	m.talk.add(end)
}

// showStreaming has a model that does not fit, at work for some seconds.
func showStreaming(m *Model) {
	e := m.engine.(*fakeEngine)
	stream(e)
	m.panel.layers = e.layers
	for i := range 12 {
		e.stats.At = e.stats.At.Add(time.Second)
		e.stats.TotalDecoded += uint64(2 + i%3)
		e.stats.Cache.BytesRead += uint64(800+100*(i%5)) << 20
		e.stats.Cache.StallNanos += uint64(300+200*(i%4)) * 2e6
		m.panel.meter.look(e.stats, time.Duration(i)*time.Second)
	}
}

// trimmed drops the blanks at the ends of lines, which editors drop as well.
func trimmed(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// TestEveryScreenFits: no line is wider and no screen higher than the
// terminal, and the parts never overlap.
func TestEveryScreenFits(t *testing.T) {
	m := conversation(t)
	for _, show := range []func(){
		func() {}, func() { m.toggleHelp("") }, func() { m.view = viewPicker },
		func() { m.onSessions(sessionsMsg{testSessions()}) }, func() { m.showPalette("") }, func() { m.showHistory("") },
		func() { m.view = viewChat; press(m, "/s") }, func() { m.write.take(); showThinking(m); showVersions(m); showTable(m) },
		func() { press(m, "<tab>", "l") },
	} {
		show()
		for w := 1; w <= 240; w += 7 {
			for h := 1; h <= 70; h += 3 {
				m.resize(w, h)
				lines := strings.Split(m.View().Content, "\n")
				if len(lines) != h {
					t.Fatalf("%dx%d: %d lines", w, h, len(lines))
				}
				for i, line := range lines {
					if n := ansi.StringWidth(line); n > w {
						t.Fatalf("%dx%d: line %d has %d cells: %q", w, h, i, n, line)
					}
				}
			}
		}
	}
}

func TestLayout(t *testing.T) {
	for w := 20; w <= 400; w += 10 {
		for h := 5; h <= 120; h++ {
			for mode := range panelModes {
				for _, wanted := range []int{1, 4, 100} {
					l := newLayout(w, h, mode, wanted)
					sum := l.chat.h + l.status.h + l.composer.h + l.hint.h
					if sum != h || l.chat.h < 1 || l.composer.h < 1 || l.chat.w+l.panel.w != w || l.textWidth() > l.chat.w {
						t.Fatalf("%dx%d, mode %d, %d lines: %+v", w, h, mode, wanted, l)
					}
				}
			}
		}
	}
}

// BenchmarkKey is a key press and the frame after it; BenchmarkToken a token
// and its frame, at the end of a conversation of so many messages.
func BenchmarkKey(b *testing.B) {
	benchFrames(b, func(m *Model, i int) { press(m, "x"); press(m, "<backspace>") })
}

func BenchmarkToken(b *testing.B) {
	benchFrames(b, func(m *Model, i int) { m.talk.items[len(m.talk.items)-1].append("word ", "") })
}

func benchFrames(b *testing.B, step func(m *Model, i int)) {
	for _, n := range []int{200, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := New(b.Context(), Options{})
			for range n / 2 {
				m.talk.add(newItem("user", "A question of a few words?"))
				it := newAnswer()
				it.append(goldenAnswer, "")
				it.finish("")
				m.talk.add(it)
			}
			m.talk.add(newAnswer())
			m.resize(120, 40)
			for i := 0; b.Loop(); i++ {
				if i%2000 == 0 { // an answer of 10 kB, then a new one
					m.talk.items[len(m.talk.items)-1] = newAnswer()
				}
				step(m, i)
				_ = m.View()
			}
		})
	}
}
