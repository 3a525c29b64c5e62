package ui

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/atotto/clipboard"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/ui/markdown"
	"github.com/runnel-chat/runnel/ui/safe"
)

func (m *Model) toggleHelp(string) tea.Cmd {
	if m.view == viewHelp {
		m.view = viewChat
	} else {
		m.view, m.scroll = viewHelp, 0
	}
	return nil
}

func (m *Model) chooseModel(name string) tea.Cmd {
	if m.answer != nil {
		m.hint = m.busyHint()
		return nil
	}
	if name != "" {
		return m.openNamed(name)
	}
	return m.showPicker()
}

func (m *Model) newChat(string) tea.Cmd {
	if m.answer != nil {
		m.hint = m.busyHint()
		return nil
	}
	m.stopSelecting()
	m.editing = nil
	m.talk.clear()
	if m.cfg.System != "" {
		m.talk.add(newItem("system", m.cfg.System))
	}
	return m.freshChat()
}

func (m *Model) cyclePanel(string) tea.Cmd {
	m.mode = (m.mode + 1) % panelModes
	return nil
}

func (m *Model) toggleThinking(string) tea.Cmd {
	for i := len(m.talk.items) - 1; i >= 0; i-- {
		if it := m.talk.items[i]; it.thinking.Len() > 0 {
			it.toggle()
			return nil
		}
	}
	m.hint = "no thinking to show"
	return nil
}

// last is the newest item of a role, -1 for none.
func (m *Model) last(role string) int {
	for i := len(m.talk.items) - 1; i >= 0; i-- {
		if m.talk.items[i].role == role {
			return i
		}
	}
	return -1
}

// regenerate answers the last message of the user again.
func (m *Model) regenerate(string) tea.Cmd {
	i := m.last("user")
	switch {
	case i < 0:
		m.hint = "nothing to answer yet"
		return nil
	case m.notReady():
		return nil
	}
	m.stopSelecting()
	m.talk.items = m.talk.items[:i+1]
	return m.ask()
}

func (m *Model) busyHint() string {
	return "an answer is being made; " + m.keys.first("back") + " stops it"
}

// notReady says why no answer can be made, if so.
func (m *Model) notReady() bool {
	switch {
	case m.answer != nil:
		m.hint = m.busyHint()
	case m.opening != nil:
		m.hint = "the model is still being opened"
	case m.engine == nil:
		m.hint = "no model is open; " + m.way("model") + " shows what is here"
	default:
		return false
	}
	return true
}

// undo takes the last message of the user back into the composer.
func (m *Model) undo(string) tea.Cmd {
	i := m.last("user")
	if i < 0 || m.answer != nil {
		m.hint = "nothing to take back"
		return nil
	}
	m.editing = nil
	m.write.take() // into the history
	m.write.set(m.talk.items[i].raw)
	m.talk.items = m.talk.items[:i]
	m.talk.end()
	return nil
}

func (m *Model) copyLast(arg string) tea.Cmd {
	i := m.last("assistant")
	if i < 0 {
		m.hint = "no answer to copy"
		return nil
	}
	n, err := strconv.Atoi(arg)
	if arg != "" && err != nil {
		m.hint = "copy which code block? A number"
		return nil
	}
	return m.copyItem(m.talk.items[i], n)
}

// copyItem copies a message, or its n-th code block if n is not 0.
func (m *Model) copyItem(it *item, n int) tea.Cmd {
	text, what := it.raw, "message"
	if n > 0 {
		var d markdown.Document
		d.Render(safe.Clean(it.raw), 80, &m.theme.text, true)
		codes := d.Codes()
		if n > len(codes) {
			m.hint = fmt.Sprintf("the message has %d code blocks", len(codes))
			return nil
		}
		text, what = codes[n-1].Text, fmt.Sprintf("code block %d", n)
	} else {
		// A clipboard may be pasted into a shell: no escape codes there either.
		text = safe.Clean(text).String()
	}
	m.hint = "copied the " + what
	return tea.Batch(tea.SetClipboard(text), m.copyNative(text))
}

// copyNative hands text to the desktop's clipboard as well, for terminals
// that do not pass it on; where there is none, nothing happens.
func (m *Model) copyNative(text string) tea.Cmd {
	write := m.o.Clipboard
	if write == nil {
		write = clipboard.WriteAll
	}
	return func() tea.Msg {
		_ = write(text) // the terminal has it in any case
		return nil
	}
}

// pasteNative takes the text of the desktop's clipboard.
func (m *Model) pasteNative(string) tea.Cmd {
	return func() tea.Msg {
		text, err := clipboard.ReadAll()
		if err != nil {
			return nil // the terminal has a paste of its own
		}
		return tea.PasteMsg{Content: text}
	}
}

func (m *Model) showInfo(string) tea.Cmd {
	if m.engine == nil {
		m.hint = "no model is open"
		return nil
	}
	i, s := m.engine.Info(), m.engine.Stats()
	m.say(fmt.Sprintf("%s\n%s, %s parameters, %s %s\ncontext %d (trained for %d), %d layers, vocabulary %d\ntemplate %s\nweights %s, budget %s",
		i.Name, i.Arch, params(i.Params), config.FormatSize(i.FileBytes), i.Quant, i.Context, i.ContextTrain, i.Layers, i.Vocab,
		i.Template, config.FormatSize(s.WeightBytes), config.FormatSize(s.BudgetBytes)))
	return nil
}

func scrollBy(pages int) func(*Model, string) tea.Cmd {
	return func(m *Model, _ string) tea.Cmd {
		n := pages * max(1, m.place.chat.h-2)
		if m.view == viewHelp {
			m.scroll = max(0, m.scroll+n)
		} else {
			m.talk.scroll(n)
		}
		return nil
	}
}

// editedMsg brings a text back from the editor.
type editedMsg struct {
	text string
	err  error
}

// openEditor hands the text in hand to the user's editor.
func (m *Model) openEditor(string) tea.Cmd {
	editor := os.Getenv("VISUAL")
	if editor == "" {
		editor = os.Getenv("EDITOR")
	}
	words := strings.Fields(editor)
	if len(words) == 0 {
		m.hint = "neither VISUAL nor EDITOR names an editor"
		return nil
	}
	text := m.write.full()
	return func() tea.Msg {
		path, err := draftFile(text)
		if err != nil {
			return editedMsg{err: err}
		}
		return tea.ExecProcess(exec.Command(words[0], append(words[1:], path)...), func(err error) tea.Msg {
			b, rerr := os.ReadFile(path)
			return editedMsg{string(b), errors.Join(err, rerr, os.Remove(path))}
		})()
	}
}

// draftFile writes text where an editor finds it.
func draftFile(text string) (path string, err error) {
	f, err := os.CreateTemp("", "runnel-*.md")
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(text)
	return f.Name(), errors.Join(err, f.Close())
}

func (m *Model) onEdited(msg editedMsg) {
	if msg.err != nil {
		m.fail(msg.err)
		return
	}
	m.write.set(strings.TrimRight(msg.text, "\n"))
}
