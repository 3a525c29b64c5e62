package ui

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/ui/safe"
)

// RunLines is Run for a screen reader, a braille display or a terminal that
// can do nothing: lines in, lines out. There is no screen to draw, no escape
// code and no mark that is not a word. Commands are those of the chat; lists
// are numbered, and a number chooses.
func RunLines(ctx context.Context, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o.Keys = lineKeys
	m := New(ctx, o)
	out := newPrinter(o.Out)
	// The program runs the commands and nothing else: what it would tell a
	// terminal goes nowhere.
	p := tea.NewProgram(&lines{Model: m, out: out}, tea.WithContext(ctx), tea.WithInput(nil), tea.WithOutput(io.Discard),
		tea.WithoutRenderer(), tea.WithoutSignalHandler())
	go readLines(o.In, p.Send) // ends with the input, or the program: nothing wakes it from a terminal
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	go func() {
		for {
			select {
			case <-interrupts:
				p.Send(interruptMsg{})
			case <-ctx.Done():
				return
			}
		}
	}()
	_, err := p.Run()
	cancel()
	return errors.Join(err, m.close(), out.close())
}

// lineKeys are the keys there are: what is said names slash commands else.
var lineKeys = &Keys{by: map[string][]string{"interrupt": {"ctrl+c"}, "back": {"ctrl+c"}}}

// lineMsg is a line, or several that belong together; endMsg the end of the
// input; interruptMsg what Ctrl-C sends.
type (
	lineMsg      struct{ text string }
	endMsg       struct{}
	interruptMsg struct{}
)

// longestLine bounds what is read as one line.
const longestLine = 64 << 20

// block begins and ends a message of several lines.
const block = `"""`

// readLines sends what is read. A message of several lines stands between
// two lines with the mark of a block.
func readLines(in io.Reader, send func(tea.Msg)) {
	s := bufio.NewScanner(in)
	s.Buffer(nil, longestLine)
	var gathered []string
	within := false
	for s.Scan() {
		text := strings.TrimSuffix(s.Text(), "\r")
		switch {
		case strings.TrimSpace(text) == block:
			if within {
				send(lineMsg{strings.Join(gathered, "\n")})
			}
			within, gathered = !within, nil
		case within:
			gathered = append(gathered, text)
		default:
			send(lineMsg{text})
		}
	}
	if within {
		send(lineMsg{strings.Join(gathered, "\n")})
	}
	send(endMsg{})
}

// lines is the chat as lines. What is typed while an answer is being made
// waits for its end, but for commands that only tell something.
type lines struct {
	*Model
	out *printer

	waiting  []string
	ended    bool // no more input
	said     map[*item]saying
	engine   Engine // that was announced
	sent     bool   // the newest message of the user was typed here, and need not be repeated
	prompted bool   // the prompt stands at the end of the output
	within   bool   // the output ends within a line
	asking   bool   // for what was sent in earlier runs
	choices  []func() tea.Cmd

	fetching *download // that was announced
	quarter  int       // of it, that was told
}

func (l *lines) View() tea.View { return tea.View{} }

func (l *lines) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case lineMsg:
		l.prompted, l.within = false, false // the line has ended it
		if now, ok := l.atOnce(msg.text); ok {
			cmd = now
		} else {
			l.waiting = append(l.waiting, msg.text)
		}
	case endMsg:
		l.ended = true
	case interruptMsg:
		cmd = l.interrupt()
	default:
		_, cmd = l.Model.Update(msg)
	}
	l.print()
	switch msg.(type) {
	case askedMsg, toldMsg:
		if l.asking {
			l.offerHistory()
		}
	}
	for len(l.waiting) > 0 && !l.occupied() {
		text := l.waiting[0]
		l.waiting = l.waiting[1:]
		cmd = tea.Batch(cmd, l.line(text))
		l.print()
	}
	if l.ended && !l.occupied() && len(l.waiting) == 0 && l.loading == nil {
		return l, tea.Batch(cmd, tea.Quit)
	}
	if !l.prompted && !l.occupied() && !l.ended {
		l.put("You: ")
		l.prompted = true
	}
	return l, cmd
}

// occupied tells whether something goes on that the next line must wait for.
func (l *lines) occupied() bool {
	return l.answer != nil || l.opening != nil || l.asking || l.view == viewPicker && !l.pick.loaded
}

func (l *lines) interrupt() tea.Cmd {
	l.waiting = nil
	if l.stop() {
		return nil
	}
	return l.onInterrupt("")
}

// atOnce does what only tells something, also during an answer.
func (l *lines) atOnce(text string) (tea.Cmd, bool) {
	c, _, _, _ := parseSlash(strings.TrimSpace(text))
	if c == nil {
		return nil, false
	}
	switch c.name {
	case "stats":
		l.tell(l.figures())
	case "help", "commands":
		for _, c := range commands {
			if len(c.slash) > 0 && !needsScreen[c.name] {
				l.tell(fmt.Sprintf("%s: %s.", strings.TrimSpace("/"+c.slash[0]+" "+c.args), c.help))
			}
		}
		l.tell("A number chooses from the last list. " + block + " alone on a line begins and ends a message of several lines. Control C stops an answer.")
	default:
		return nil, false
	}
	return nil, true
}

// needsScreen are the commands that make no sense in lines.
var needsScreen = map[string]bool{"edit": true, "help": true, "commands": true}

// line does what a line asks for: a choice, a command or a message.
func (l *lines) line(text string) tea.Cmd {
	if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil && n >= 1 && n <= len(l.choices) {
		return l.choices[n-1]()
	}
	if c, _, arg, _ := parseSlash(text); c != nil {
		if read := spoken[c.name]; read != nil {
			return read(l, arg)
		}
		if needsScreen[c.name] {
			l.tell("/" + c.slash[0] + " needs the screen.")
			return nil
		}
	}
	l.choices = nil
	return l.send(text)
}

// send has the chat do what is written in a line.
func (l *lines) send(text string) tea.Cmd {
	l.Model.write.set(text)
	before := len(l.talk.items)
	cmd := l.onEnter("")
	l.sent = len(l.talk.items) > before
	return cmd
}

// tell prints a sentence of the program.
func (l *lines) tell(text string) {
	if l.within {
		l.put("\n")
	}
	l.prompted = false
	l.put(safe.Clean(text).String() + "\n")
}

func (l *lines) put(s string) {
	if s != "" {
		l.out.write(s)
		l.within = !strings.HasSuffix(s, "\n")
	}
}

// print prints what is new.
func (l *lines) print() {
	if l.said == nil || len(l.talk.items) == 0 {
		l.said = map[*item]saying{}
	}
	if e := l.Model.engine; e != l.engine {
		if l.engine = e; e != nil {
			i := e.Info()
			words := "The model is " + plain(i.Name)
			if i.Context > 0 {
				words += fmt.Sprintf(", with a context of %d tokens", i.Context)
			}
			l.tell(words + ".")
		}
	}
	for _, it := range l.talk.items {
		l.printItem(it)
	}
	l.sent = false
	if l.hint != "" {
		l.tell("Note: " + oneLine(l.hint) + ".")
		l.hint = ""
	}
	l.printDownload()
	l.printList()
}

// printDownload says that a download has begun, and each quarter of it.
func (l *lines) printDownload() {
	d := l.loading
	if d != l.fetching {
		l.fetching, l.quarter = d, 0
		if d != nil {
			l.tell("Downloading " + plain(d.ref) + ". Control C stops it.")
		}
	}
	if d == nil {
		return
	}
	if q := min(3, d.share()/25); q > l.quarter {
		l.quarter = q
		l.tell("Still " + d.words() + ".")
	}
}

// saying is how much of an item was printed.
type saying struct {
	thinking bool // that it thinks
	named    bool // whose text it is
	text     int  // bytes of it
	all      bool
}

func (l *lines) printItem(it *item) {
	said := l.said[it]
	switch {
	case said.all:
		return
	case it.role == "assistant":
		l.printAnswer(it, &said)
	case it.role == "user" && l.sent:
		said.all = true
	default:
		l.tell(speaker(it) + it.text.Text().String())
		said.all = true
	}
	l.said[it] = said
}

// printAnswer prints as many whole sentences as there are: a screen reader
// stumbles over words that come one by one.
func (l *lines) printAnswer(it *item, said *saying) {
	if !said.thinking && it.thinking.Len() > 0 && !it.final {
		l.tell("The model is thinking.")
		said.thinking = true
	}
	if it.text.Len() > said.text {
		rest := it.text.Text().String()[said.text:]
		if !it.final {
			rest = rest[:sentences(rest)]
		}
		said.text += len(rest)
		if !said.named {
			rest = strings.TrimLeft(rest, " \n") // which models begin with
			if rest != "" {
				said.named, rest = true, "Assistant: "+rest
			}
		}
		l.put(rest)
	}
	if it.final {
		said.all = true
		if l.within {
			l.put("\n")
		}
		if it.note != "" {
			l.tell("Note: " + it.note + ".")
		}
	}
}

// sentences is the length of the whole sentences and lines of a text.
func sentences(s string) int {
	n := strings.LastIndexByte(s, '\n') + 1
	for _, end := range []string{". ", "! ", "? ", ": ", "; "} {
		if i := strings.LastIndex(s, end); i >= 0 {
			n = max(n, i+len(end))
		}
	}
	return n
}

// printList prints what the chat would show in its place, numbered.
func (l *lines) printList() {
	var rows []string
	var choices []func() tea.Cmd
	switch l.view {
	case viewPicker:
		if !l.pick.loaded {
			return
		}
		if len(l.pick.all) == 0 {
			l.tell("No model was found. /pull downloads one.")
		}
		for _, m := range l.pick.all {
			if m.Err != nil {
				continue
			}
			words := []string{plain(m.Name)}
			if m.Bytes > 0 {
				words = append(words, config.FormatSize(m.Bytes))
			}
			rows = append(rows, strings.Join(append(words, plain(m.Arch)), ", "))
			choices = append(choices, func() tea.Cmd { return l.openNamed(m.Path) })
		}
	case viewSessions:
		for _, i := range l.sessions.shown {
			c := l.sessions.all[i]
			rows = append(rows, c.Updated.Format("2 January 2006")+", "+plain(c.Title))
			choices = append(choices, func() tea.Cmd { return l.resume(c.ID) })
		}
		if len(rows) == 0 {
			l.tell("No conversation is kept.")
		}
	case viewChat:
		return
	default:
		l.tell("That needs the screen.")
	}
	l.view = viewChat
	for i, row := range rows {
		l.tell(fmt.Sprintf("%d. %s.", i+1, ansi.Strip(row)))
	}
	if len(rows) > 0 {
		l.tell("Type a number to choose.")
	}
	l.choices = choices
}

// figures is the panel as sentences.
func (l *lines) figures() string {
	e := l.Model.engine
	if e == nil {
		return "No model is open."
	}
	s := e.Stats()
	var b strings.Builder
	if s.AnswerTokens > 0 {
		fmt.Fprintf(&b, "The answer has %d tokens", s.AnswerTokens)
		if s.AnswerTokens > 1 && s.DecodeDuration > 0 {
			fmt.Fprintf(&b, ", %.1f a second", float64(s.AnswerTokens-1)/s.DecodeDuration.Seconds())
		}
		if s.TimeToFirst > 0 {
			fmt.Fprintf(&b, ", the first after %.1f seconds", s.TimeToFirst.Seconds())
		}
		b.WriteString(". ")
	}
	if s.ContextSize > 0 {
		fmt.Fprintf(&b, "The context holds %d of %d tokens. ", s.ContextUsed, s.ContextSize)
	}
	if s.WeightBytes > 0 {
		fmt.Fprintf(&b, "The weights are %s, the memory budget %s. ", config.FormatSize(s.WeightBytes), config.FormatSize(s.BudgetBytes))
	}
	if c := s.Cache; c.StreamedBytes > 0 {
		fmt.Fprintf(&b, "Each pass reads %s from the disk. ", config.FormatSize(c.StreamedBytes))
	}
	if b.Len() == 0 {
		return "There are no figures yet."
	}
	return strings.TrimSpace(b.String())
}
