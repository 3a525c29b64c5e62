package ui

import (
	"fmt"
	"maps"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/ui/markdown"
	"github.com/runnel-chat/runnel/ui/safe"
)

// layerMap draws one cell a layer: how much of it is in memory by its height,
// what it is doing by its colour. A layer of a GPU is a diamond.
func (b *panelLines) layerMap(layers []infer.LayerMap) {
	for len(layers) > 0 {
		n := min(len(layers), b.w)
		var line strings.Builder
		for _, l := range layers[:n] {
			line.WriteString(b.cell(l))
		}
		b.lines = append(b.lines, line.String())
		layers = layers[n:]
	}
}

func (b *panelLines) cell(l infer.LayerMap) string {
	in := ratio(l.Pinned+l.Ring, l.Total)
	mark := string([]rune("▁▂▃▄▅▆▇█")[min(7, int(in*8))])
	style := b.th.bar
	switch {
	case 2*l.Settled > l.Total:
		mark, style = "◆", b.th.accent
	case l.Reading > 0:
		style = b.th.warn
	case l.Ring > 0:
		style = b.th.good
	case in == 0:
		style = b.th.dim
	}
	return style.Paint(mark)
}

// limiter says in a sentence what holds the model back and what would help.
func (b *panelLines) limiter(s infer.Stats, readRate float64) {
	c, words := s.Cache, ""
	streams := c.StreamedBytes > 0
	switch {
	case c.Limiter == "":
		return
	case c.Limiter != "disk" || c.DiskBytesPerSecond <= 0:
		words = "limited by " + c.Limiter
		if streams {
			words += "; the disk keeps up"
		}
	case readRate > 0:
		words = fmt.Sprintf("limited by disk: %.1f of %.1f GB/s", readRate/1e9, max(c.DiskBytesPerSecond, readRate)/1e9)
	default:
		words = fmt.Sprintf("limited by disk, %.1f GB/s", c.DiskBytesPerSecond/1e9)
	}
	if streams && c.GainPerGiB > 1.05 {
		words += fmt.Sprintf("; +1 GiB of memory would give %.1fx", c.GainPerGiB)
	}
	b.lines = append(b.lines, markdown.Plain(safe.Clean(words), b.w, "")...)
}

// resizedMsg says how a new budget was taken.
type resizedMsg struct {
	bytes, before int64
	err           error
}

// setMemory gives the open model the budget that the settings say now.
func (m *Model) setMemory(before int64) tea.Cmd {
	e, ok := m.engine.(Weighty)
	bytes := m.cfg.Memory
	if !ok || bytes == 0 {
		m.say("memory is now what the machine has, from the next model that is opened on (/model)")
		return nil
	}
	return func() tea.Msg { return resizedMsg{bytes, before, e.SetMemory(bytes)} }
}

func (m *Model) onResized(msg resizedMsg) {
	if msg.err != nil {
		m.fail(msg.err)
		m.cfg.Memory = msg.before
		m.changed = maps.Clone(m.changed)
		delete(m.changed, "memory")
		return
	}
	m.say("the memory budget is now " + config.FormatSize(msg.bytes))
	m.look()
}

// What the budget is used for, in the bar of it and beside the rows. The rest
// of the bar is free.
const inPins, inRing, inKV, inNothing = "█", "▓", "▒", "░"

// memory is the bar of the budget. What there is of anything, is seen.
func (b *panelLines) memory(s infer.Stats) {
	if s.BudgetBytes <= 0 {
		return
	}
	bar, placed, sum := "", 0, int64(0)
	for _, part := range []struct {
		mark  string
		bytes int64
	}{{inPins, s.Cache.PinnedBytes}, {inRing, s.Cache.RingBytes + s.Cache.CacheBytes}, {inKV, s.KVBytes + s.ScratchBytes}} {
		if part.bytes <= 0 {
			continue
		}
		sum += part.bytes
		to := min(b.w, max(placed+1, int(ratio(sum, s.BudgetBytes)*float64(b.w)+0.5)))
		bar += strings.Repeat(part.mark, to-placed)
		placed = to
	}
	b.lines = append(b.lines, b.th.bar.Paint(bar)+b.th.dim.Paint(strings.Repeat(inNothing, b.w-placed)))
}
