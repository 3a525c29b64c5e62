package ui

import (
	"strings"
	"testing"
	"time"

	"github.com/runnel-chat/runnel/infer"
)

// TestGPURows: the panel says what a GPU does, as far as that is known.
func TestGPURows(t *testing.T) {
	for _, c := range []struct {
		gpu  infer.GPU
		want string
		not  string
	}{
		{infer.GPU{Unused: "no driver"}, "processors", "vram"},
		{infer.GPU{Name: "H", TotalBytes: 8 << 30, UsedBytes: 2 << 30, Layers: 22, WeightBytes: 1 << 30, Busy: 0.37, Celsius: 61, Watts: 123.4}, "37 % · 61 °C · 123 W", "no room"},
		{infer.GPU{Name: "H", TotalBytes: 8 << 30, UsedBytes: 2 << 30, Busy: -1, Celsius: 61, Watts: -1}, "gpu busy                  61 °C", "%  ·"},
		{infer.GPU{Name: "H", TotalBytes: 8 << 30, UsedBytes: 2 << 30, Busy: -1, Celsius: -1, Watts: -1}, "2.0 GiB / 8.0 GiB", "busy"},
		{infer.GPU{Name: "H", PrefillTime: 250 * time.Millisecond, DecodeTime: 191 * time.Millisecond}, "gpu a token             1.91 ms", "2.50 ms"},
		{infer.GPU{Name: "H", PrefillTime: 250 * time.Millisecond}, "gpu a prompt token      0.25 ms", "gpu a token"},
		{infer.GPU{Name: "H", Lost: "it fell off", Busy: -1, Celsius: -1, Watts: -1}, "failed: on the CPU", "busy"},
	} {
		e := newFakeEngine()
		e.stats.GPU = c.gpu
		e.stats.TotalPrompt, e.stats.TotalDecoded = 1000, 100
		m := chatWith(t, e)
		m.resize(120, 50)
		if s := screen(m); !strings.Contains(s, c.want) || strings.Contains(s, c.not) {
			t.Errorf("%+v: %q is missing, or %q there:\n%s", c.gpu, c.want, c.not, s)
		}
	}
}
