package ui

import (
	"io"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

// quiet is a program that quits at its first message.
type quiet struct{ clock *frameClock }

func (q quiet) Init() tea.Cmd                           { return func() tea.Msg { return tickMsg{} } }
func (q quiet) Update(msg tea.Msg) (tea.Model, tea.Cmd) { return q, tea.Quit }

func (q quiet) View() tea.View {
	q.clock.beat(time.Now())
	return tea.NewView("")
}

// A new Bubble Tea may keep its ticker elsewhere: then the clock must be
// looked at again.
func TestFrameClockFindsTicker(t *testing.T) {
	var clock frameClock
	clock.program = tea.NewProgram(quiet{&clock}, tea.WithInput(nil), tea.WithOutput(io.Discard))
	if _, err := clock.program.Run(); err != nil {
		t.Fatal(err)
	}
	defer clock.stop()
	if clock.ticker == nil {
		t.Fatal("the program has no field ticker of type *time.Ticker")
	}
}

func TestFrameClockPace(t *testing.T) {
	c := frameClock{ticker: time.NewTicker(time.Hour)}
	now := time.Now()
	c.beat(now)
	if c.period != frameStreaming {
		t.Errorf("a frame without input: period %v", c.period)
	}
	c.input = now
	c.beat(now.Add(time.Millisecond))
	if c.period != frameAfterInput {
		t.Errorf("a frame after a key: period %v", c.period)
	}
	c.beat(now.Add(restAfter))
	if c.period != frameStreaming {
		t.Errorf("long after the key: period %v", c.period)
	}
	c.pause(now.Add(2*restAfter - 1))
	if c.period == 0 {
		t.Error("a timer that went off as the last frame came stopped the clock")
	}
	c.pause(now.Add(2 * restAfter))
	if c.period != 0 {
		t.Errorf("at rest: period %v", c.period)
	}
	c.beat(now.Add(time.Second))
	if c.period != frameStreaming {
		t.Errorf("after the rest: period %v", c.period)
	}
	c.stop()
	c.rest.Reset(time.Hour) // as a late timer would find it
	c.period = 0
	c.beat(now)
	if c.period != 0 {
		t.Error("a stopped clock beats")
	}
	c.rest.Stop()
}

// The ticker really ticks after a beat and is silent at rest.
func TestFrameClockTicks(t *testing.T) {
	c := frameClock{ticker: time.NewTicker(time.Hour)}
	defer c.stop()
	c.beat(time.Now())
	select {
	case <-c.ticker.C:
	case <-time.After(5 * time.Second):
		t.Fatal("no frame after a beat")
	}
	c.pause(time.Now().Add(restAfter))
	select {
	case <-c.ticker.C: // one may have been under way
	default:
	}
	select {
	case <-c.ticker.C:
		t.Fatal("a frame at rest")
	case <-time.After(3 * frameStreaming):
	}
}
