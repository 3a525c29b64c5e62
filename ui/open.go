package ui

import (
	"context"
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/ui/safe"
)

// opening is a model on its way. late receives the engine, or nil, once, so
// that whoever gives up can still close it.
type opening struct {
	cancel context.CancelFunc
	late   chan Engine
	name   string
	with   config.Config
	before *inForce // to go back to if this fails
}

// openedMsg ends an opening.
type openedMsg struct {
	of     *opening
	engine Engine
	err    error
}

// modelsMsg brings the models of this machine.
type modelsMsg struct {
	models []library.Model
	fit    []string
	err    error
}

// remotesMsg brings the models of the servers; one that is slow holds up no
// file.
type remotesMsg struct{ models []library.Model }

// showPicker lists the models, and looks for them.
func (m *Model) showPicker() tea.Cmd {
	m.view = viewPicker
	m.pick.narrow("")
	return tea.Batch(m.listModels(), m.listRemotes())
}

func (m *Model) listRemotes() tea.Cmd {
	list := m.o.Remotes
	if list == nil {
		return nil
	}
	return func() tea.Msg { return remotesMsg{list(m.ctx)} }
}

func (m *Model) listModels() tea.Cmd {
	list, fit := m.o.Models, m.o.Fit
	if list == nil {
		return nil
	}
	return func() tea.Msg {
		models, err := list(m.ctx)
		msg := modelsMsg{models: models, err: err, fit: make([]string, len(models))}
		for i := range models {
			if fit != nil && models[i].Err == nil {
				msg.fit[i] = fit(models[i])
			}
		}
		return msg
	}
}

// choosePicked opens the model under the bar.
func (m *Model) choosePicked() tea.Cmd {
	chosen, ok := m.pick.selected()
	switch {
	case !ok && m.o.Pull != nil && reference.MatchString(m.pick.filter):
		return m.pull(m.pick.filter)
	case !ok && !m.pick.loaded:
		m.hint = "still looking for models"
		return nil
	case !ok:
		return nil
	case chosen.Err != nil:
		m.hint = oneLine(chosen.Err.Error())
		return nil
	}
	return m.openNamed(chosen.Path)
}

// onModels shows the list. Where there is nothing to choose at the start, the
// guide is opened.
func (m *Model) onModels(msg modelsMsg) tea.Cmd {
	m.pick.set(msg.models, msg.fit, msg.err)
	only := m.first && m.view == viewPicker && len(msg.models) == 1 && msg.models[0].Path == m.o.Guide && len(m.cfg.Remotes) == 0
	m.first = false
	if only {
		return m.openNamed(m.o.Guide)
	}
	return nil
}

// openNamed opens the model of a name or path.
func (m *Model) openNamed(name string) tea.Cmd {
	return m.startOpening(name, func(ctx context.Context) (string, error) {
		if m.o.Resolve == nil {
			return name, nil
		}
		return m.o.Resolve(ctx, name)
	})
}

func (m *Model) startOpening(name string, find func(context.Context) (string, error)) tea.Cmd {
	if m.opening != nil {
		m.hint = "still opening " + m.opening.name
		return nil
	}
	if m.answer != nil {
		m.hint = m.busyHint()
		return nil
	}
	m.view = viewChat
	ctx, cancel := context.WithCancel(m.ctx)
	o := &opening{cancel: cancel, late: make(chan Engine, 1), name: name, with: m.cfg}
	m.opening = o
	m.panel.phase = "opening"
	old := m.engine
	m.engine, m.panel.open = nil, false
	open, cfg := m.o.Open, m.cfg
	return func() tea.Msg {
		// The old model goes first: the new one may need its memory.
		var err error
		if old != nil {
			err = old.Close()
		}
		path := ""
		if err == nil {
			path, err = find(ctx)
		}
		var e Engine
		if err == nil {
			e, err = open(ctx, path, cfg)
		}
		o.late <- e
		return openedMsg{o, e, err}
	}
}

func (m *Model) onOpened(msg openedMsg) tea.Cmd {
	if m.opening != msg.of {
		return nil
	}
	<-msg.of.late
	msg.of.cancel()
	m.opening = nil
	m.opened, m.openedWith = msg.of.name, msg.of.with
	if msg.err != nil {
		m.panel.phase = "no model"
		if !errors.Is(msg.err, context.Canceled) {
			m.fail(msg.err)
			if msg.of.before != nil {
				return m.undoReopen(msg.of.before)
			}
			m.say(m.way("model") + " shows the models of this machine.")
		}
		return nil
	}
	m.engine = msg.engine
	m.setInside(nil) // this context may be a longer one
	m.panel.open, m.panel.info, m.panel.meter = true, msg.engine.Info(), meter{}
	if n := m.panel.info.TemplateNotice; n != "" {
		m.say(n)
	}
	if m.guided() {
		m.say(m.o.Greeting)
	}
	m.look()
	if engineSettings(m.cfg) != engineSettings(m.openedWith) {
		return m.reopen(nil) // a conversation was resumed meanwhile
	}
	return m.tick()
}

// oneLine joins the lines of a text.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// plain is text from outside as one line that a terminal shows as it is.
func plain(s string) string { return oneLine(safe.Clean(s).String()) }

// guided tells whether the open model is the built-in guide, which stands in
// until there is another.
func (m *Model) guided() bool {
	return m.engine != nil && m.o.Guide != "" && m.panel.info.Path == m.o.Guide
}
