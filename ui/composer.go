package ui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
)

// composer is where the user writes. It grows with the text and remembers
// what was sent.
type composer struct {
	area    textarea.Model
	history []string
	at      int    // in history; len(history) is the text in hand
	draft   string // the text in hand while an older one is shown
	chips   chips
	w       int
}

const composerPrompt = "❯ "

func newComposer() composer {
	a := textarea.New()
	a.ShowLineNumbers = false
	a.CharLimit = 0
	a.DynamicHeight = true
	a.MaxContentHeight = 1 << 20
	a.EndOfBufferCharacter = ' '
	a.SetVirtualCursor(false) // the terminal's own blinks without our help
	a.SetPromptFunc(2, func(p textarea.PromptInfo) string {
		if p.LineNumber == 0 {
			return composerPrompt
		}
		return "  "
	})
	plain := textarea.StyleState{Placeholder: lipgloss.NewStyle().Faint(true)}
	s := a.Styles()
	s.Focused, s.Blurred = plain, plain
	a.SetStyles(s)
	a.Focus()
	return composer{area: a}
}

// SetSize limits the text to most lines; more scroll.
func (c *composer) SetSize(w, most int) {
	c.w = w
	c.area.MaxHeight = max(1, most)
	c.area.SetWidth(max(4, w))
	c.area.SetHeight(min(c.area.Height(), c.area.MaxHeight))
}

// lines is how many the text would like to have.
func (c *composer) lines() int { return c.area.Height() }

func (c *composer) value() string { return c.area.Value() }

// full is the text with its pastes.
func (c *composer) full() string { return c.chips.expand(c.value()) }

func (c *composer) empty() bool { return c.area.Length() == 0 }

func (c *composer) set(text string) {
	c.area.SetValue(text)
	c.area.MoveToEnd()
}

func (c *composer) insert(text string) { c.area.InsertString(text) }

// key edits; ↑ and ↓ leave the text at its edges for what was sent before.
func (c *composer) key(k tea.KeyPressMsg) tea.Cmd {
	switch keys := &c.area.KeyMap; {
	case key.Matches(k, keys.LinePrevious):
		if c.area.Line() == 0 && c.area.LineInfo().RowOffset == 0 && c.recall(-1) {
			return nil
		}
	case key.Matches(k, keys.LineNext):
		if c.area.Line() == c.area.LineCount()-1 && c.recall(+1) {
			return nil
		}
	}
	var cmd tea.Cmd
	c.area, cmd = c.area.Update(k)
	return cmd
}

// paste inserts text, a long one as a chip.
func (c *composer) paste(s string) {
	text, long := pasted(s)
	if long {
		text = c.chips.add(text)
	}
	c.insert(text)
}

// recall shows what was sent before or after.
func (c *composer) recall(step int) bool {
	to := c.at + step
	if to < 0 || to > len(c.history) {
		return false
	}
	if c.at == len(c.history) {
		c.draft = c.value()
	}
	c.at = to
	if to == len(c.history) {
		c.set(c.draft)
	} else {
		c.set(c.history[to])
	}
	return true
}

// take empties the composer and returns what it held, in full.
func (c *composer) take() string {
	text := c.value()
	if strings.TrimSpace(text) != "" && (len(c.history) == 0 || c.history[len(c.history)-1] != text) {
		c.history = append(c.history, text)
	}
	c.at = len(c.history)
	c.area.Reset()
	return c.chips.expand(text)
}

// Render returns the lines, and where the cursor is in them.
func (c *composer) Render() ([]string, *tea.Cursor) {
	return strings.Split(c.area.View(), "\n"), c.area.Cursor()
}
