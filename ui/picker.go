package ui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/sahilm/fuzzy"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/ui/markdown"
	"github.com/runnel-chat/runnel/ui/safe"
)

// picker is the list of models, narrowed by what is typed.
type picker struct {
	all    []library.Model // those of this machine, then those of servers
	fit    []string        // of each, in words; servers' have none
	here   int             // of all, on this machine
	err    error
	loaded bool
	pulls  bool // models can be downloaded

	filter string
	shown  []int // of all
	at     int   // of shown
	top    int
	w, h   int
	theme  *theme
}

func (p *picker) SetSize(w, h int) { p.w, p.h = w, h }

func (p *picker) set(models []library.Model, fit []string, err error) {
	p.all = append(slices.Clip(models), p.all[p.here:]...)
	p.here, p.fit, p.err, p.loaded = len(models), fit, err, true
	p.narrow(p.filter)
}

// setRemotes sets the models of servers.
func (p *picker) setRemotes(models []library.Model) {
	at := p.at
	p.all = append(p.all[:p.here:p.here], models...)
	p.narrow(p.filter)
	p.move(at) // the bar stays where the user has put it meanwhile
}

// narrow shows the models that match.
func (p *picker) narrow(filter string) {
	p.filter, p.shown, p.at, p.top = filter, nil, 0, 0
	if strings.TrimSpace(filter) == "" {
		for i := range p.all {
			p.shown = append(p.shown, i)
		}
		return
	}
	for _, m := range fuzzy.FindFrom(filter, (*pickerSource)(p)) {
		p.shown = append(p.shown, m.Index)
	}
}

// pickerSource is what the fuzzy search reads.
type pickerSource picker

func (p *pickerSource) Len() int { return len(p.all) }

func (p *pickerSource) String(i int) string {
	m := p.all[i]
	return m.Name + " " + m.Arch + " " + m.Quant
}

func (p *picker) move(n int) { p.at = max(0, min(len(p.shown)-1, p.at+n)) }

// selected is the model under the bar.
func (p *picker) selected() (m library.Model, ok bool) {
	if p.at >= len(p.shown) {
		return m, false
	}
	return p.all[p.shown[p.at]], true
}

// Render returns the picker's lines.
func (p *picker) Render() []string {
	w := max(4, p.w-2)
	title := "Models on this machine"
	if len(p.all) > p.here {
		title += " and on servers"
	}
	out := listHead(p.theme, title, p.filter, w)
	switch {
	case p.err != nil:
		out = append(out, " "+p.theme.bad.Paint(ansi.Truncate(plain(p.err.Error()), w, "…")))
	case !p.loaded && len(p.all) == 0:
		out = append(out, " "+p.theme.dim.Paint("looking …"))
	case len(p.all) == 0:
		out = append(out, p.help(w, "No GGUF file was found.", "",
			"Put one into the folder that runnel doctor names, name a folder",
			"in model_dirs of the configuration, or start with a path:",
			"", "  runnel path/to/model.gguf", "")...)
	case len(p.shown) == 0 && !reference.MatchString(p.filter):
		out = append(out, " "+p.theme.dim.Paint("nothing matches"))
	}
	if p.pulls && len(p.shown) == 0 && reference.MatchString(p.filter) {
		out = append(out, " "+p.theme.accent.Paint(ansi.Truncate("▶ download "+plain(p.filter), w, "…")))
	}
	rows := max(1, p.h-len(out))
	p.top = max(min(p.top, p.at), p.at-rows+1, 0)
	for i := p.top; i < len(p.shown) && i < p.top+rows; i++ {
		out = append(out, p.row(p.shown[i], i == p.at, w))
	}
	if p.pulls && p.loaded && p.filter == "" && len(p.all) < few {
		out = append(out, p.help(w, "", pullHelp)...)
	}
	return out[:min(len(out), max(1, p.h))]
}

// few models are those beside which it is said how to get more.
const few = 4

func (p *picker) help(w int, text ...string) (out []string) {
	for _, t := range text {
		for _, line := range markdown.Plain(safe.Clean(t), w, p.theme.dim) {
			out = append(out, " "+line)
		}
		if t == "" {
			out = append(out, "")
		}
	}
	return out
}

// row is one model: its name, and as many facts as the width allows.
func (p *picker) row(i int, selected bool, w int) string {
	m := p.all[i]
	name := plain(m.Name)
	size, fit := "", ""
	if m.Bytes > 0 {
		size = config.FormatSize(m.Bytes)
	}
	if i < len(p.fit) {
		fit = p.fit[i]
	}
	facts := []string{size, params(m.Params), plain(m.Quant), plain(m.Arch), contextWords(m.Context), fit}
	if m.Err != nil {
		facts = []string{size, plain(m.Err.Error())}
	}
	right := ""
	for _, f := range facts {
		if f == "" {
			continue
		}
		if next := right + "  " + f; right == "" || ansi.StringWidth(next) < w-min(ansi.StringWidth(name), w/2)-4 {
			right = strings.TrimSpace(next)
		}
	}
	room := max(6, w-ansi.StringWidth(right)-4)
	name = ansi.Truncate(name, room, "…")
	line := name + strings.Repeat(" ", max(1, room-ansi.StringWidth(name)+1))
	right = ansi.Truncate(right, max(0, w-ansi.StringWidth(line)-2), "…")
	if selected {
		return " " + p.theme.accent.Paint("▶ "+line) + right
	}
	return "   " + line + p.theme.dim.Paint(right)
}

func contextWords(n int) string {
	switch {
	case n <= 0:
		return ""
	case n >= 1024:
		return fmt.Sprintf("%dk context", n/1024)
	}
	return fmt.Sprintf("%d context", n)
}
