package ui

import (
	"context"
	"errors"
	"maps"
	"testing"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/infer"
)

// settingChat is a kept chat that remembers what its engines were opened with.
func settingChat(t *testing.T, e *fakeEngine) (m *Model, opened *[]config.Config, settings func() map[string]string) {
	m, s := keptChat(t, e)
	opened = &[]config.Config{}
	m.o.Open = func(_ context.Context, _ string, c config.Config) (Engine, error) {
		if c.Context == 666 {
			return nil, errors.New("it does not fit")
		}
		*opened = append(*opened, c)
		return e, nil
	}
	return m, opened, func() map[string]string {
		t.Helper()
		settle(m)
		cs, err := s.List(1)
		if err != nil || len(cs) != 1 {
			t.Fatalf("%+v, %v", cs, err)
		}
		got, err := s.Settings(cs[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
}

// TestSettingsOfAConversation: what is set is stored with the conversation and
// counts again, for the engine as well, when it is resumed, and only there.
func TestSettingsOfAConversation(t *testing.T) {
	e := newFakeEngine()
	m, opened, stored := settingChat(t, e)
	run(m, press(m, "/set temperature 0.2", "<enter>"))
	exchange(m, e, "one", "first")
	if got := stored(); !maps.Equal(got, map[string]string{"temperature": "0.2"}) {
		t.Errorf("stored %v", got)
	}
	run(m, press(m, "/set num_ctx 1024", "<enter>"))
	wantOnScreen(t, m, "context is now 1024; the model is opened again")
	if len(*opened) != 1 || (*opened)[0].Context != 1024 || m.engine == nil {
		t.Fatalf("opened with %+v", *opened)
	}
	run(m, press(m, "/set memory 2GiB", "<enter>"))
	run(m, press(m, "/set memory 1MiB", "<enter>")) // refused
	want := map[string]string{"temperature": "0.2", "context": "1024"}
	run(m, press(m, "/set threads 3", "<enter>"))
	want["threads"] = "3"
	run(m, m.keep())
	if got := stored(); !maps.Equal(got, want) {
		t.Errorf("stored %v, want %v", got, want)
	}
	run(m, press(m, "/set context 666", "<enter>"))
	wantOnScreen(t, m, "✗ it does not fit", "The settings are again what they were.")
	if got := stored(); !maps.Equal(got, want) || m.engine == nil || m.cfg.Context != 1024 {
		t.Errorf("after a failure: stored %v, context %d", got, m.cfg.Context)
	}
	first := m.keeper.conv

	// Another conversation, in another run: nothing of it counts.
	m.cfg, m.changed = m.o.Config, nil
	run(m, m.newChat(""))
	exchange(m, e, "two", "second")
	if got := stored(); got != nil {
		t.Errorf("the other conversation has %v", got)
	}
	other := m.keeper.conv
	*opened = nil
	run(m, m.resume(first))
	wantOnScreen(t, m, "Settings of this conversation: context 1024, temperature 0.2, threads 3.")
	if len(*opened) != 0 || m.cfg.Temperature != 0.2 || m.cfg.Threads != 3 {
		t.Errorf("opened %d times, %+v", len(*opened), m.cfg) // it has these already
	}
	run(m, m.resume(other))
	if len(*opened) != 1 || (*opened)[0].Context != 0 || m.cfg.Temperature != config.Default().Temperature {
		t.Errorf("opened with %+v, %+v", *opened, m.cfg)
	}
}

// TestSettingsDuringAnAnswer: sampling may change for the next answer; what
// opens the model again waits.
func TestSettingsDuringAnAnswer(t *testing.T) {
	e := newFakeEngine()
	m, opened, _ := settingChat(t, e)
	press(m, "one", "<enter>")
	press(m, "/set context 512", "<enter>")
	if m.cfg.Context != 0 || len(*opened) != 0 || m.hint == "" {
		t.Errorf("context %d, %q", m.cfg.Context, m.hint)
	}
	press(m, "/set temperature 0", "<enter>")
	if m.cfg.Temperature != 0 {
		t.Error("the temperature did not change")
	}
	answerWith(m, e, "x", "", infer.EndOfTurn, nil)
}

// TestSystemPromptIsKept: it is a message of the conversation, and a new one
// makes another version of it.
func TestSystemPromptIsKept(t *testing.T) {
	e := newFakeEngine()
	m, s := keptChat(t, e)
	press(m, "/system Be brief.", "<enter>")
	exchange(m, e, "one", "first")
	run(m, press(m, "/set system Be kind.", "<enter>"))
	settle(m)
	if got := branch(t, s, m.keeper.conv); got != "Be kind. one first" {
		t.Errorf("the branch is %q", got)
	}
	wantOnScreen(t, m, "⚙ Be kind.", "‹ 2/2 ›")
	run(m, m.newChat(""))
	run(m, m.resume(0))
	wantOnScreen(t, m, "⚙ Be kind.")
}

// TestOpensWithResumedSettings: with --continue the conversation comes first.
func TestOpensWithResumedSettings(t *testing.T) {
	e := newFakeEngine()
	m, opened, _ := settingChat(t, e)
	run(m, press(m, "/set context 1024", "<enter>"))
	exchange(m, e, "one", "first")
	run(m, m.keep())
	*opened = nil
	m.engine, m.cfg, m.changed, m.o.Continue = nil, m.o.Config, nil, true
	m.cfg.Theme = "dark"
	if m.Init(); m.opening != nil {
		t.Fatal("the model is opened before its settings are known")
	}
	run(m, m.resume(0))
	_, cmd := m.Update(startMsg{})
	run(m, cmd)
	if len(*opened) != 1 || (*opened)[0].Context != 1024 {
		t.Errorf("opened with %+v", *opened)
	}
}
