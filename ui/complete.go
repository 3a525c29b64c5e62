package ui

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// completion offers what the word before the cursor may become: a slash
// command, or a file after @ or /read.
type completion struct {
	word   string // before the cursor, "" when nothing is offered
	shown  []candidate
	at     int
	closed string // the word at which the user closed it

	dir    string // of files, as it was typed
	known  bool   // files holds what is in dir
	files  []candidate
	loader int // counts the readings, so that a late one is told apart
}

// candidate is one offer.
type candidate struct {
	name   string // what takes the place of the last part of the word
	detail string
	folder bool
	slash  bool
}

// Limits of what is offered.
const (
	completionRows  = 6
	completionFiles = 5000 // of a folder
)

// filesMsg brings the content of a folder.
type filesMsg struct {
	loader int
	files  []candidate
}

// wordAt is the word before the cursor that can be completed.
func (c *composer) wordAt() (word string, path bool) {
	lines := strings.Split(c.value(), "\n")
	row := c.area.Line()
	if row >= len(lines) {
		return "", false
	}
	line := []rune(lines[row])
	line = line[:min(len(line), c.area.Column())]
	before := string(line)
	if rest, ok := strings.CutPrefix(before, "/read "); ok && row == 0 {
		return rest, true
	}
	if strings.HasPrefix(before, "/") && row == 0 && !strings.ContainsAny(before[1:], " /") {
		return before, false
	}
	i := strings.LastIndexAny(before, " \t") + 1
	if strings.HasPrefix(before[i:], "@") {
		return before[i+1:], true
	}
	return "", false
}

// complete looks what can be offered now. The content of a folder comes later.
func (m *Model) complete() tea.Cmd {
	c := &m.offer
	word, path := m.write.wordAt()
	if word != c.closed {
		c.closed = ""
	}
	at := c.at
	c.shown, c.at = nil, 0
	before := c.word
	c.word = word
	if m.view != viewChat || c.closed != "" || word == "" && !path {
		return nil
	}
	if word == before {
		c.at = at
	}
	if !path {
		c.commands(word[1:])
		return nil
	}
	dir, base := splitPath(word)
	if c.known && dir == c.dir {
		c.matching(base)
		return nil
	}
	if dir == c.dir && c.loader > 0 && !c.known {
		return nil // on its way
	}
	c.dir, c.known = dir, false
	c.loader++
	n := c.loader
	return func() tea.Msg { return filesMsg{n, filesIn(dir)} }
}

func (m *Model) onFiles(msg filesMsg) tea.Cmd {
	c := &m.offer
	if msg.loader != c.loader {
		return nil
	}
	c.files, c.known = msg.files, true
	return m.complete()
}

// splitPath cuts a path behind its last separator.
func splitPath(path string) (dir, base string) {
	i := strings.LastIndexFunc(path, func(r rune) bool { return r < 128 && os.IsPathSeparator(uint8(r)) })
	return path[:i+1], path[i+1:]
}

// filesIn lists a folder. Names that cannot be shown as they are cannot be
// typed either, and are left out, unless they are files: those become chips.
func filesIn(dir string) (out []candidate) {
	at := fromHome(dir)
	if at == "" {
		at = "."
	}
	f, err := os.Open(at)
	if err != nil {
		return nil
	}
	defer f.Close()
	entries, _ := f.ReadDir(completionFiles) // what could be read
	for _, e := range entries {
		folder := e.IsDir()
		if e.Type()&os.ModeSymlink != 0 {
			info, err := os.Stat(filepath.Join(at, e.Name()))
			folder = err == nil && info.IsDir()
		}
		if folder && (plain(e.Name()) != e.Name() || strings.ContainsAny(e.Name(), " \t")) {
			continue
		}
		out = append(out, candidate{name: e.Name(), folder: folder})
	}
	slices.SortFunc(out, func(a, b candidate) int { return strings.Compare(a.name, b.name) })
	return out
}

// matching offers the files that begin so; hidden ones only when asked for.
func (c *completion) matching(base string) {
	for _, f := range c.files {
		hidden := strings.HasPrefix(f.name, ".") && !strings.HasPrefix(base, ".")
		if !hidden && strings.HasPrefix(strings.ToLower(f.name), strings.ToLower(base)) {
			c.shown = append(c.shown, f)
		}
	}
	c.at = min(c.at, max(0, len(c.shown)-1))
}

// commands offers the slash commands that begin so.
func (c *completion) commands(base string) {
	for i := range commands {
		for _, s := range commands[i].slash {
			if strings.HasPrefix(s, base) {
				c.shown = append(c.shown, candidate{name: s, detail: commands[i].help, slash: true})
				break
			}
		}
	}
	if len(c.shown) == 1 && c.shown[0].name == base {
		c.shown = nil // it is written in full
	}
	c.at = min(c.at, max(0, len(c.shown)-1))
}

func (m *Model) completing() bool {
	return m.view == viewChat && !m.selecting() && len(m.offer.shown) > 0
}

func (c *completion) move(n int) { c.at = max(0, min(len(c.shown)-1, c.at+n)) }

func (c *completion) close() { c.shown, c.closed = nil, c.word }

// accept puts the offer in the place of what was typed of it. A file becomes
// a chip.
func (m *Model) accept(string) tea.Cmd {
	c := &m.offer
	chosen := c.shown[c.at]
	dir, base := splitPath(c.word)
	switch {
	case chosen.slash:
		m.write.erase(len([]rune(c.word)))
		m.write.insert("/" + chosen.name + " ")
	case chosen.folder:
		m.write.erase(len([]rune(base)))
		m.write.insert(chosen.name + "/")
	default:
		whole := len([]rune(c.word)) + 1 // the @
		if strings.HasPrefix(m.write.value(), "/read ") && m.write.area.Line() == 0 {
			whole = len([]rune(c.word)) + len("/read ")
		}
		m.write.erase(whole)
		return tea.Batch(m.attach(dir+chosen.name), m.complete())
	}
	return m.complete()
}

// erase deletes n characters before the cursor.
func (c *composer) erase(n int) {
	keys := c.area.KeyMap
	c.area.KeyMap = textarea.DefaultKeyMap()
	for range n {
		c.area, _ = c.area.Update(tea.KeyPressMsg{Code: tea.KeyBackspace})
	}
	c.area.KeyMap = keys
}

// render returns the offers, to stand above the composer.
func (c *completion) render(th *theme, w int) []string {
	rows := min(completionRows, len(c.shown))
	top := max(0, c.at-rows+1)
	var out []string
	for i := top; i < top+rows; i++ {
		o := c.shown[i]
		name := plain(o.name)
		switch {
		case o.slash:
			name = "/" + name
		case o.folder:
			name += "/"
		}
		name = ansi.Truncate(name, max(1, w-3), "…")
		detail := ansi.Truncate(o.detail, max(0, w-ansi.StringWidth(name)-5), "…")
		line := "  " + name
		if i == c.at {
			line = th.accent.Paint("▶ " + name)
		}
		if detail != "" {
			line += "  " + th.dim.Paint(detail)
		}
		out = append(out, line)
	}
	return out
}

// over puts lines at the lower end of others, which have h lines of room.
func over(lines, top []string, h int) []string {
	top = top[:min(len(top), h)]
	out := make([]string, h)
	copy(out, lines)
	copy(out[h-len(top):], top)
	return out
}
