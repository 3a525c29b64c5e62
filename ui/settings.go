package ui

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/config"
)

// What is set in the chat belongs to the conversation: it is stored with it
// and counts again when it is resumed. The system prompt is its first message.

// parameterNames maps the names that people know from elsewhere to ours.
var parameterNames = map[string]string{"num_predict": "max_tokens", "num_ctx": "context", "num_gpu": "gpu", "num_thread": "threads"}

// ofConversation are the settings that are kept with it. Those of the engine
// count when the model is opened.
var (
	ofEngine       = []string{"context", "threads", "gpu", "kv", "speculate"}
	ofConversation = append([]string{
		"memory", "max_tokens", "temperature", "top_k", "top_p", "min_p", "repeat_penalty", "repeat_last_n", "seed",
	}, ofEngine...)
)

// engineSettings are what an engine was opened with.
func engineSettings(c config.Config) [5]any {
	return [5]any{c.Context, c.Threads, c.GPU, c.KV, c.Speculate}
}

// setParameter changes a setting at once. Those of the engine open the model
// again; the conversation stays.
func (m *Model) setParameter(arg string) tea.Cmd {
	f := strings.Fields(arg)
	if len(f) > 0 && f[0] == "parameter" {
		f = f[1:]
	}
	if len(f) < 2 {
		m.say("A setting and its value are needed, such as /set temperature 0.5.")
		return nil
	}
	name, value := f[0], strings.Join(f[1:], " ")
	if n, ok := parameterNames[name]; ok {
		name = n
	}
	if name == "system" {
		return m.setSystem(value)
	}
	before := inForce{m.cfg, m.changed}
	key, err := config.Find(name)
	if err == nil {
		err = key.Set(&m.cfg, value)
	}
	if err != nil {
		m.fail(err)
		return nil
	}
	reopen := m.engine != nil && engineSettings(m.cfg) != engineSettings(before.cfg)
	if reopen && m.answer != nil {
		m.cfg = before.cfg
		m.hint = m.busyHint()
		return nil
	}
	if slices.Contains(ofConversation, name) {
		m.changed = maps.Clone(m.changed) // a job may be reading the old one
		if m.changed == nil {
			m.changed = map[string]string{}
		}
		m.changed[name] = value
	}
	note := name + " is now " + value
	switch {
	case name == "memory" && m.engine != nil:
		return tea.Batch(m.setMemory(before.cfg.Memory), m.keep())
	case reopen:
		m.say(note + "; the model is opened again")
		return tea.Batch(m.reopen(&before), m.keep())
	case name == "theme":
		if value == "auto" {
			return tea.RequestBackgroundColor
		}
		m.setTheme(value != "light")
	case name == "panel":
		m.mode = panelModeOf(value)
	}
	m.say(note)
	return m.keep()
}

// inForce are the settings that count.
type inForce struct {
	cfg     config.Config
	changed map[string]string
}

// reopen opens the model with the settings as they are now; if it does not,
// those before come back.
func (m *Model) reopen(before *inForce) tea.Cmd {
	cmd := m.openNamed(m.opened)
	if m.opening != nil {
		m.opening.before = before
	}
	return cmd
}

// undoReopen opens the model with the settings that it had.
func (m *Model) undoReopen(before *inForce) tea.Cmd {
	m.cfg, m.changed = before.cfg, before.changed
	m.say("The settings are again what they were.")
	return tea.Batch(m.openNamed(m.opened), m.keep())
}

// applySettings makes the settings of a resumed conversation count.
func (m *Model) applySettings(settings map[string]string) tea.Cmd {
	before := m.cfg
	m.cfg, m.changed = m.o.Config, settings
	m.cfg.System = before.System
	var words []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		key, err := config.Find(name)
		if err == nil {
			err = key.Set(&m.cfg, settings[name])
		}
		if err != nil {
			m.fail(fmt.Errorf("a setting of this conversation does not count: %w", err))
			continue
		}
		words = append(words, name+" "+settings[name])
	}
	if len(words) > 0 {
		m.say("Settings of this conversation: " + strings.Join(words, ", ") + ".")
	}
	switch {
	case m.engine == nil:
		return nil
	case engineSettings(m.cfg) != engineSettings(m.openedWith):
		return m.reopen(nil)
	case m.cfg.Memory != before.Memory:
		return m.setMemory(before.Memory)
	}
	return nil
}

func (m *Model) setSystem(text string) tea.Cmd {
	has := len(m.talk.items) > 0 && m.talk.items[0].role == "system"
	switch {
	case text == "" && has:
		m.say("System prompt: " + m.talk.items[0].raw)
		return nil
	case text == "":
		m.say("There is no system prompt; /system TEXT sets one.")
		return nil
	case m.answer != nil:
		m.hint = m.busyHint()
		return nil
	}
	m.cfg.System = text
	it := newItem("system", text)
	if has {
		m.talk.items[0] = it
	} else {
		m.talk.items = append([]*item{it}, m.talk.items...)
	}
	return m.keep()
}
