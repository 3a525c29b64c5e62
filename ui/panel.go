package ui

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/infer"
)

// panel shows what the engine does and costs.
type panel struct {
	w, h  int
	theme *theme
	meter meter
	info  infer.Info
	open  bool // there is an engine
	phase string

	layers []infer.LayerMap // where the weights are; empty when all of them stay
}

func (p *panel) SetSize(w, h int) { p.w, p.h = w, h }

// Render returns the lines of the panel beside the chat.
func (p *panel) Render() []string {
	b := panelLines{th: p.theme, w: p.w - 3}
	if !p.open {
		b.title(p.phase)
		return b.fit(p.h)
	}
	s := p.meter.last
	b.title(plain(p.info.Name))
	b.dim(strings.TrimSpace(strings.Join([]string{plain(p.info.Arch), params(p.info.Params), plain(p.info.Quant)}, " ")))
	b.gap()
	p.speed(&b)
	b.gap()
	if s.ContextSize > 0 {
		b.row("context", fmt.Sprintf("%d / %d", s.ContextUsed, s.ContextSize))
		b.bar(ratio(int64(s.ContextUsed), int64(s.ContextSize)))
	} else if s.ContextUsed > 0 {
		b.row("context", fmt.Sprintf("%d used", s.ContextUsed)) // a server need not say how many there are
	}
	if s.WeightBytes > 0 { // on this machine
		b.gap()
		p.machine(&b)
	}
	return b.fit(p.h)
}

// machine is the part about what the model costs this machine.
func (p *panel) machine(b *panelLines) {
	s, c := p.meter.last, p.meter.last.Cache
	weights := "weights"
	if c.StreamedBytes == 0 {
		weights = inPins + " weights"
	}
	b.row(weights, config.FormatSize(s.WeightBytes))
	if share, loading := p.meter.loading(); loading {
		b.row("  loading", fmt.Sprintf("%.0f %%", 100*share))
		b.bar(share)
	}
	if c.StreamedBytes > 0 {
		b.row(inPins+" pinned", config.FormatSize(c.PinnedBytes))
		b.row("  streamed", config.FormatSize(c.StreamedBytes)+" a pass")
		b.row(inRing+" ring", config.FormatSize(c.RingBytes))
		b.layerMap(p.layers)
	}
	b.row(inKV+" kv cache", config.FormatSize(s.KVBytes))
	b.row("budget", fmt.Sprintf("%s, %s free", config.FormatSize(s.BudgetBytes), config.FormatSize(max(0, s.BudgetBytes-c.UsedBytes))))
	b.memory(s)
	b.gap()
	b.row("tile hits", count(c.Hits()))
	b.row("late / sync", fmt.Sprintf("%s / %s", count(c.Late), count(c.SyncLoads)))
	b.row("read", config.FormatSize(int64(c.BytesRead)))
	if p.meter.readRate > 0 || c.StreamedBytes > 0 {
		b.sparkRow("  now", p.meter.reads, 0, config.FormatSize(int64(p.meter.readRate))+"/s")
	}
	if s.Proposed > 0 {
		b.row("guesses kept", fmt.Sprintf("%d of %s", s.Accepted, count(s.Proposed)))
	}
	if c.HintedBytes > 0 {
		b.row("experts foreseen", fmt.Sprintf("%.0f %%", 100*ratio(int64(c.HintedUsed), int64(c.HintedBytes))))
	}
	b.sparkRow("stalled", p.meter.stalls, 1, fmt.Sprintf("%.0f %%", 100*p.meter.stall))
	if c.BoundRatio > 0 {
		b.row("of the bound", fmt.Sprintf("%.0f %%", 100*c.BoundRatio))
	}
	b.limiter(s, p.meter.readRate)
	b.gap()
	b.row(s.Backend, fmt.Sprintf("%s · %d threads", s.ISA, s.Threads))
	b.row("processors", fmt.Sprintf("%.1f", p.meter.cpu))
	b.gpu(s)
}

// speed is the part about tokens a second.
func (p *panel) speed(b *panelLines) {
	s := p.meter.last
	b.row("state", p.phase)
	switch {
	case s.Phase == infer.Prefill && s.PromptTokens > 0:
		b.bar(ratio(int64(s.PromptDone), int64(s.PromptTokens)))
		b.row("prompt", fmt.Sprintf("%d / %d", s.PromptDone, s.PromptTokens))
		if left := p.meter.promptLeft(); left > 0 {
			b.row("  left", seconds(left))
		}
	default:
		b.row("tokens/s", fmt.Sprintf("%.1f now  %.1f", p.meter.now, p.meter.average()))
	}
	if spark := p.meter.speeds.spark(b.w, 0); spark != "" {
		b.lines = append(b.lines, b.th.bar.Paint(spark))
	}
	if s.TimeToFirst > 0 {
		b.row("first token", seconds(s.TimeToFirst))
	}
	if r := p.meter.promptRate(); r > 0 {
		b.row("prompt", fmt.Sprintf("%.1f tokens/s", r))
	}
}

// line is the panel in one line.
func (p *panel) line(w int) string {
	if !p.open {
		return p.theme.dim.Paint(ansi.Truncate(p.phase, w, "…"))
	}
	s := p.meter.last
	parts := []string{p.phase}
	if s.Phase == infer.Prefill && s.PromptTokens > 0 {
		parts = append(parts, fmt.Sprintf("prompt %d/%d", s.PromptDone, s.PromptTokens))
	} else if a := p.meter.average(); a > 0 {
		parts = append(parts, fmt.Sprintf("%.1f tok/s", a))
	}
	if share, loading := p.meter.loading(); loading {
		parts = append(parts, fmt.Sprintf("loading %.0f %%", 100*share))
	}
	if s.ContextSize > 0 {
		parts = append(parts, fmt.Sprintf("ctx %d/%d", s.ContextUsed, s.ContextSize))
	}
	if p.meter.readRate > 1<<20 {
		parts = append(parts, config.FormatSize(int64(p.meter.readRate))+"/s")
	}
	if s.Cache.StreamedBytes > 0 {
		parts = append(parts, fmt.Sprintf("stalled %.0f %%", 100*p.meter.stall))
	}
	parts = append(parts, plain(p.info.Name))
	return p.theme.dim.Paint(ansi.Truncate(strings.Join(parts, " · "), w, "…"))
}

// gpu is the part about a GPU, where one is used.
func (b *panelLines) gpu(s infer.Stats) {
	g := s.GPU
	if g.Name == "" {
		return
	}
	b.row("vram", config.FormatSize(g.UsedBytes)+" / "+config.FormatSize(g.TotalBytes))
	b.row("gpu layers", fmt.Sprintf("%d, %s", g.Layers, config.FormatSize(g.WeightBytes)))
	if words := doing(g); words != "" {
		b.row("gpu busy", words)
	}
	if g.PrefillTime > 0 && s.TotalPrompt > 0 {
		b.row("gpu a prompt token", each(g.PrefillTime, s.TotalPrompt))
	}
	if g.DecodeTime > 0 && s.TotalDecoded > 0 {
		b.row("gpu a token", each(g.DecodeTime, s.TotalDecoded))
	}
	switch {
	case g.Lost != "":
		b.row("gpu", "failed: on the CPU")
	case g.NoRoom > 0:
		b.row("no room for", count(uint64(g.NoRoom)))
	}
	if g.Fallbacks > 0 {
		b.row("fell back", count(g.Fallbacks))
	}
}

// each is the time that one of n took.
func each(d time.Duration, n uint64) string {
	return fmt.Sprintf("%.2f ms", d.Seconds()*1e3/float64(n))
}

// doing is how busy, warm and hungry a GPU is, as far as it tells.
func doing(g infer.GPU) string {
	var words []string
	add := func(format string, v, unit float64) {
		if v >= 0 {
			words = append(words, fmt.Sprintf(format, v*unit))
		}
	}
	add("%.0f %%", g.Busy, 100)
	add("%.0f °C", g.Celsius, 1)
	add("%.0f W", g.Watts, 1)
	return strings.Join(words, " · ")
}

// panelLines gathers rows of a name and a value.
type panelLines struct {
	th    *theme
	w     int
	lines []string
}

func (b *panelLines) title(s string) {
	b.lines = append(b.lines, b.th.strong.Paint(ansi.Truncate(s, b.w, "…")))
}

func (b *panelLines) dim(s string) {
	b.lines = append(b.lines, b.th.dim.Paint(ansi.Truncate(s, b.w, "…")))
}

func (b *panelLines) gap() { b.lines = append(b.lines, "") }

func (b *panelLines) row(name, value string) {
	value = ansi.Truncate(value, max(1, b.w-ansi.StringWidth(name)-1), "…")
	pad := max(1, b.w-ansi.StringWidth(name)-ansi.StringWidth(value))
	b.lines = append(b.lines, b.th.dim.Paint(name)+strings.Repeat(" ", pad)+value)
}

func (b *panelLines) bar(share float64) {
	n := int(share*float64(b.w) + 0.5)
	n = max(0, min(b.w, n))
	b.lines = append(b.lines, b.th.bar.Paint(strings.Repeat("━", n))+b.th.dim.Paint(strings.Repeat("─", b.w-n)))
}

// sparkRow is a row with the course of its figure up to a top; see spark.
func (b *panelLines) sparkRow(name string, s series, top float64, value string) {
	room := b.w - ansi.StringWidth(name) - ansi.StringWidth(value) - 2
	if spark := s.spark(room, top); spark != "" {
		value = b.th.bar.Paint(spark) + " " + value
	}
	b.row(name, value)
}

// fit gives up the gaps, from the last, when there are too many lines, then
// what is at the end.
func (b *panelLines) fit(h int) []string {
	for i := len(b.lines) - 1; i >= 0 && len(b.lines) > h; i-- {
		if b.lines[i] == "" {
			b.lines = append(b.lines[:i], b.lines[i+1:]...)
		}
	}
	return b.lines[:min(len(b.lines), max(0, h))]
}

func ratio(n, of int64) float64 {
	if of <= 0 {
		return 0
	}
	return min(1, float64(n)/float64(of))
}

// count writes a number that may be large.
func count(n uint64) string {
	switch {
	case n >= 10_000_000:
		return fmt.Sprintf("%.0f M", float64(n)/1e6)
	case n >= 100_000:
		return fmt.Sprintf("%.0f k", float64(n)/1e3)
	}
	return fmt.Sprint(n)
}

// params writes a number of parameters as the field does.
func params(n int64) string {
	switch {
	case n <= 0:
		return ""
	case n >= 1e9:
		return fmt.Sprintf("%.1fB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.0fM", float64(n)/1e6)
	}
	return fmt.Sprintf("%.0fK", float64(n)/1e3)
}

func seconds(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= 10*time.Second:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1e3)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}
