package ui

import (
	"reflect"
	"sync"
	"time"
	"unsafe"

	tea "charm.land/bubbletea/v2"
)

// How often the screen is drawn. After a key its frame must come at once; an
// answer that streams reads well at 30 frames a second, which leaves the
// processors to the engine.
const (
	frameAfterInput = 4 * time.Millisecond
	frameStreaming  = 33 * time.Millisecond
	// restAfter is the quiet time after which the clock stops.
	restAfter = 100 * time.Millisecond
)

// paced is the chat with a frame clock: Bubble Tea's own ticker redraws 60
// times a second for ever, which keeps a laptop awake. Bubble Tea offers no
// pause, so the clock reaches for the unexported ticker. Where that is not
// found any more the program draws as Bubble Tea does by itself, and
// TestFrameClockFindsTicker fails.
type paced struct {
	*Model
	clock *frameClock
}

func (p paced) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg.(type) {
	case tea.KeyMsg, tea.PasteMsg, tea.MouseMsg, tea.WindowSizeMsg:
		p.clock.input = time.Now()
	}
	_, cmd := p.Model.Update(msg)
	return p, cmd
}

// View starts the clock only when the frame is there, so that a slow one is
// not left undrawn by a clock that went to rest before it.
func (p paced) View() tea.View {
	v := p.Model.View()
	p.clock.beat(time.Now())
	return v
}

// frameClock runs the redraw ticker of a program while frames come, and stops
// it when none does.
type frameClock struct {
	program *tea.Program
	input   time.Time // of the last key, paste or mouse event; Update's goroutine only

	mu      sync.Mutex
	ticker  *time.Ticker  // nil until the program has one
	rest    *time.Timer   // stops the ticker
	period  time.Duration // of the ticker now; 0 at rest
	last    time.Time     // when a frame came
	stopped bool
}

// beat makes the frame that is ready now be drawn soon.
func (c *frameClock) beat(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ticker == nil {
		c.ticker = redrawTicker(c.program)
	}
	if c.ticker == nil || c.stopped {
		return
	}
	period := frameStreaming
	if now.Sub(c.input) < restAfter {
		period = frameAfterInput
	}
	if c.period != period {
		c.period = period
		c.ticker.Reset(period)
	}
	c.last = now
	if c.rest == nil {
		c.rest = time.AfterFunc(restAfter, func() { c.pause(time.Now()) })
	} else {
		c.rest.Reset(restAfter)
	}
}

// pause stops the ticker until the next frame.
func (c *frameClock) pause(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.last) < restAfter {
		return // a frame came as the timer went off, which runs again
	}
	c.period = 0
	c.ticker.Stop()
}

// stop ends the clock. The ticker is Bubble Tea's, which stops it itself.
func (c *frameClock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	if c.rest != nil {
		c.rest.Stop()
	}
}

// redrawTicker is the ticker of a running program, nil if there is none.
func redrawTicker(p *tea.Program) *time.Ticker {
	f := reflect.ValueOf(p).Elem().FieldByName("ticker")
	if !f.IsValid() || f.Type() != reflect.TypeFor[*time.Ticker]() {
		return nil
	}
	return *(**time.Ticker)(unsafe.Pointer(f.UnsafeAddr()))
}
