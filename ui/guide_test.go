package ui

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/pelletier/go-toml/v2"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/gguf/library"
)

// guideFacts are the answers that the built-in guide is trained on.
func guideFacts(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../assets/guide/facts.toml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Fact []struct {
			Answer string `toml:"answer"`
		} `toml:"fact"`
	}
	if err := toml.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range file.Fact {
		all.WriteString(f.Answer + "\n")
	}
	return all.String()
}

// shownKey is a key as the facts write it: ctrl+p is Ctrl-P.
func shownKey(key string) string {
	parts := strings.Split(key, "+")
	for i, p := range parts {
		switch {
		case p == "pgup":
			parts[i] = "PgUp"
		case p == "pgdown":
			parts[i] = "PgDn"
		case p == "left":
			parts[i] = "←"
		case p == "right":
			parts[i] = "→"
		case p == "space" || len(parts) == 1 && len(p) == 1:
		default:
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "-")
}

// TestGuideKnowsTheKeys compares the facts with the keys and commands of the
// chat, both ways. When it fails, correct the facts and train the guide anew:
// see assets/guide/README.md.
func TestGuideKnowsTheKeys(t *testing.T) {
	text := guideFacts(t)
	var keys, slash []string
	for _, c := range commands {
		known := false
		for _, s := range c.slash {
			slash = append(slash, s)
			known = known || regexp.MustCompile("`/"+regexp.QuoteMeta(s)+"[ `]").MatchString(text)
		}
		for k := range strings.FieldsSeq(c.keys) {
			keys = append(keys, shownKey(k))
			known = known || strings.Contains(text, "`"+shownKey(k)+"`")
		}
		// What moves in a list or edits a text does so as everywhere.
		usual := c.scope == inList || c.edit != nil
		if !known && !usual {
			t.Errorf("no fact names %s: %q or %q", c.name, c.slash, c.keys)
		}
	}
	for _, m := range regexp.MustCompile("`/([a-z]+)[ `]").FindAllStringSubmatch(text, -1) {
		if !slices.Contains(slash, m[1]) {
			t.Errorf("a fact names /%s, which does not exist", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`(?:Ctrl|Alt|Shift)-(?:[A-Z][a-z]+|[A-Z])|\bF(?:[1-9]|1[0-2])\b`).FindAllString(text, -1) {
		if !slices.Contains(keys, m) {
			t.Errorf("a fact names the key %s, which does nothing", m)
		}
	}
}

// TestGuideOpensByItself: with nothing else to choose, the guide is opened and
// greets; with a model on the machine, or once the user has gone elsewhere, it
// waits to be asked.
func TestGuideOpensByItself(t *testing.T) {
	guide := library.Model{Name: "guide", Path: "guide", Source: library.BuiltIn}
	for _, tt := range []struct {
		name   string
		models []library.Model
		before func(m *Model)
		opens  bool
	}{
		{"nothing else", []library.Model{guide}, nil, true},
		{"a model", []library.Model{testModels()[0], guide}, nil, false},
		{"gone elsewhere", []library.Model{guide}, func(m *Model) { press(m, "<esc>") }, false},
		{"chosen", []library.Model{testModels()[0], guide}, func(m *Model) { run(m, m.openNamed("guide")) }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newFakeEngine()
			m := New(t.Context(), Options{
				Guide: "guide", Greeting: "I am the guide.",
				Models: func(context.Context) ([]library.Model, error) { return tt.models, nil },
				Open: func(_ context.Context, path string, _ config.Config) (Engine, error) {
					e.info.Path = path
					return e, nil
				},
			})
			m.ticking = true // no test waits for a clock
			list := m.start()
			if tt.before != nil {
				tt.before(m)
			}
			run(m, list)
			screen := ansi.Strip(m.View().Content)
			if opened := m.engine != nil; opened != tt.opens || strings.Contains(screen, "I am the guide.") != tt.opens {
				t.Errorf("opened: %v, want %v; the screen:\n%s", opened, tt.opens, screen)
			}
		})
	}
}
