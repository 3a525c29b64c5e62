package ui

import (
	"fmt"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/runnel-chat/runnel/infer/chat"
	"github.com/runnel-chat/runnel/ui/markdown"
	"github.com/runnel-chat/runnel/ui/safe"
)

// Roles of items that are no messages.
const (
	roleNotice = "notice" // something the user should know
	roleError  = "error"
)

// item is one entry of the transcript: a message or a line of the program. It
// renders itself once for each width and again only when it changed.
type item struct {
	role     string
	raw      string // what is sent, copied and stored
	rawThink string

	text     safe.Stream
	thinking safe.Stream
	thought  time.Duration // how long it thought
	folded   bool          // thinking shows as one line, a long message as its beginning
	final    bool          // nothing more will come
	note     string        // how the answer ended, if not by itself

	moved    int  // cells that wide tables are moved by, plus 1; 0: they wrap
	edge     bool // what is above is outside of the context
	fork     fork // which of its siblings it is
	doc      markdown.Document
	lines    []string
	width    int
	theme    *theme
	marked   bool // the lines carry the mark of the selection
	selected bool
}

func newItem(role, text string) *item {
	it := &item{role: role, raw: text, final: true, folded: true}
	it.text.Append(text)
	it.text.Flush()
	return it
}

// newAnswer is an item that grows.
func newAnswer() *item { return &item{role: "assistant", folded: true} }

// append adds what the model wrote.
func (it *item) append(text, thinking string) {
	if text == "" && thinking == "" {
		return
	}
	it.raw += text
	it.rawThink += thinking
	it.text.Append(text)
	it.thinking.Append(thinking)
	it.lines = nil
}

// finish says that the answer is complete; note is how it ended.
func (it *item) finish(note string) {
	it.text.Flush()
	it.thinking.Flush()
	it.final, it.note, it.lines = true, note, nil
}

func (it *item) toggle() {
	it.folded = !it.folded
	it.lines = nil
}

// tableStep is how far one key moves wide tables.
const tableStep = 8

// scrollTables moves wide tables by steps. To the left of their beginning they
// wrap again.
func (it *item) scrollTables(steps int) {
	switch {
	case steps > 0 && it.moved == 0:
		it.moved = 1
	case it.moved > 0:
		it.moved = max(0, min(it.moved+steps*tableStep, it.doc.Furthest()+1))
	}
	it.doc.Scroll(it.moved - 1)
	it.lines = nil
}

// message is the item as the engine is told; ok is false for what is no
// message.
func (it *item) message() (m chat.Message, ok bool) {
	if it.role == roleNotice || it.role == roleError {
		return m, false
	}
	return chat.Message{Role: it.role, Content: it.raw, Thinking: it.rawThink, Thought: it.thought}, true
}

// Render returns the item's lines, a blank one first.
func (it *item) Render(width int, th *theme) []string {
	if it.lines != nil && it.width == width && it.theme == th && it.marked == it.selected {
		return it.lines
	}
	it.width, it.theme, it.marked = width, th, it.selected
	mark, style := "●", th.model
	var body []string
	inner := max(2, width-2)
	switch it.role {
	case "user":
		mark, style = "❯", th.user
		body = it.shortened(markdown.Plain(it.text.Text(), inner, ""), th)
	case "system":
		mark, style = "⚙", th.dim
		body = markdown.Plain(it.text.Text(), inner, th.dim)
	case roleNotice:
		mark, style = "·", th.dim
		body = markdown.Plain(it.text.Text(), inner, th.dim)
	case roleError:
		mark, style = "✗", th.bad
		body = markdown.Plain(it.text.Text(), inner, th.bad)
	default:
		body = it.answer(inner, th)
	}
	if it.selected {
		mark, style = "▶", th.accent
	}
	if it.fork.of > 1 {
		body = append(body, th.dim.Paint(fmt.Sprintf("‹ %d/%d ›", it.fork.nth, it.fork.of)))
	}
	if len(body) == 0 {
		body = []string{""}
	}
	lines := make([]string, 1, len(body)+1)
	if it.edge {
		lines = append(lines, th.dim.Paint(ansi.Truncate(edgeWords, width, "…")), "")
	}
	for i, line := range body {
		if i == 0 {
			lines = append(lines, style.Paint(mark)+" "+line)
		} else {
			lines = append(lines, "  "+line)
		}
	}
	it.lines = lines
	return lines
}

// A message of the user that is longer than this shows its beginning: pastes
// and attached files are sent in full.
const (
	longMessage = 24
	shownOfLong = 12
)

func (it *item) shortened(body []string, th *theme) []string {
	if !it.folded || len(body) <= longMessage {
		return body
	}
	return append(body[:shownOfLong:shownOfLong], th.dim.Paint(fmt.Sprintf("… %d more lines", len(body)-shownOfLong)))
}

func (it *item) answer(width int, th *theme) []string {
	var body []string
	if it.thinking.Len() > 0 {
		body = it.thoughtLines(width, th)
	}
	if it.text.Len() > 0 {
		if len(body) > 0 {
			body = append(body, "")
		}
		body = append(body, it.doc.Render(it.text.Text(), width, &th.text, it.final)...)
	}
	if len(body) == 0 && !it.final {
		body = []string{th.dim.Paint("…")}
	}
	if it.note != "" {
		body = append(body, th.dim.Paint(markdown.Plain(safe.Clean("("+it.note+")"), width, "")[0]))
	}
	return body
}

// tailLines is how much of a running thought is shown.
const tailLines = 4

func (it *item) thoughtLines(width int, th *theme) []string {
	running := !it.final && it.text.Len() == 0
	head := "thinking"
	switch {
	case running:
		head += " …"
	case it.thought > 0:
		head = fmt.Sprintf("thought for %.1f s", it.thought.Seconds())
	default:
		head = "thoughts"
	}
	lines := []string{th.dim.Paint("▸ " + head)}
	if !running && it.folded {
		return lines
	}
	body := markdown.Plain(it.thinking.Text(), max(2, width-2), th.dim)
	if running && it.folded {
		body = body[max(0, len(body)-tailLines):]
	}
	lines[0] = th.dim.Paint("▾ " + head)
	for _, line := range body {
		lines = append(lines, th.dim.Paint("│")+" "+line)
	}
	return lines
}
