package ui

import (
	"time"

	"github.com/runnel-chat/runnel/infer"
)

// meter turns looks at the engine into rates, by subtraction.
type meter struct {
	last infer.Stats
	prev infer.Stats
	have bool

	now      float64 // tokens a second since the look before
	readRate float64 // bytes a second from the disk
	stall    float64 // share of the time that workers waited for weights
	cpu      float64 // processors in use
	cpuTime  time.Duration

	speeds series // of now, while tokens come
	reads  series // of readRate, while weights stream
	stalls series // of stall, while weights stream
}

// look takes the newest figures; cpu is the processor time of the program.
func (m *meter) look(s infer.Stats, cpu time.Duration) {
	if !m.have || s.At.Before(m.last.At) {
		m.last, m.prev, m.have, m.cpuTime = s, s, true, cpu
		return
	}
	m.prev, m.last = m.last, s
	dt := s.At.Sub(m.prev.At).Seconds()
	if dt <= 0 {
		return
	}
	m.cpu = (cpu - m.cpuTime).Seconds() / dt
	m.cpuTime = cpu
	m.readRate = float64(s.Cache.BytesRead-m.prev.Cache.BytesRead) / dt
	workers := float64(max(1, s.Threads))
	m.stall = min(1, float64(s.Cache.StallNanos-m.prev.Cache.StallNanos)/1e9/dt/workers)
	m.now = 0
	if n := s.TotalDecoded - m.prev.TotalDecoded; n > 0 {
		m.now = float64(n) / dt
		m.speeds.push(m.now)
	} else if n := s.TotalPrompt - m.prev.TotalPrompt; n > 0 {
		m.now = float64(n) / dt
	}
	if s.Cache.StreamedBytes > 0 {
		m.reads.push(m.readRate)
		m.stalls.push(m.stall)
	}
}

// rest says that nothing happens any more.
func (m *meter) rest() { m.now, m.readRate, m.stall, m.cpu = 0, 0, 0, 0 }

// average is the tokens a second of the answer in hand.
func (m *meter) average() float64 {
	s := m.last
	if s.AnswerTokens < 2 || s.DecodeDuration <= 0 {
		return 0
	}
	return float64(s.AnswerTokens-1) / s.DecodeDuration.Seconds()
}

// promptRate is the tokens a second of the prompt in hand.
func (m *meter) promptRate() float64 {
	s := m.last
	if s.PrefillDuration <= 0 {
		return 0
	}
	return float64(s.PromptDone-s.PromptReused) / s.PrefillDuration.Seconds()
}

// promptLeft estimates how long the rest of the prompt takes; 0 is unknown.
func (m *meter) promptLeft() time.Duration {
	r := m.promptRate()
	if r <= 0 {
		return 0
	}
	return time.Duration(float64(m.last.PromptTokens-m.last.PromptDone) / r * float64(time.Second))
}

// loading is the share of the pinned weights that are in memory, and whether
// some are missing.
func (m *meter) loading() (share float64, loading bool) {
	c := m.last.Cache
	if !m.have || c.PinnedBytes <= 0 || int64(c.LoadedBytes) >= c.PinnedBytes {
		return 1, false
	}
	return float64(c.LoadedBytes) / float64(c.PinnedBytes), true
}

// series is the last values of a figure, oldest first.
type series []float64

const seriesLen = 64

func (s *series) push(v float64) {
	if len(*s) == seriesLen {
		*s = append((*s)[:0], (*s)[1:]...)
	}
	*s = append(*s, v)
}

// spark draws the last n values up to a top, 0 for the largest of them.
func (s series) spark(n int, top float64) string {
	v := s[max(0, len(s)-max(0, n)):]
	if top == 0 {
		for _, x := range v {
			top = max(top, x)
		}
	}
	out := make([]rune, 0, len(v))
	for _, x := range v {
		level := 0
		if top > 0 {
			level = int(x / top * 7.99)
		}
		out = append(out, []rune("▁▂▃▄▅▆▇█")[min(7, max(0, level))])
	}
	return string(out)
}
