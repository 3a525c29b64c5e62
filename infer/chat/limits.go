package chat

import (
	"errors"
	"fmt"
)

// A template comes with a file from anywhere. These bounds keep the worst of
// them below a tenth of a second and 64 MiB; real templates use a hundredth.
const (
	maxSource = 256 << 10 // bytes of a template
	maxNodes  = 64        // how deep statements and expressions nest
	maxCalls  = 64        // how deep macros call one another
	maxData   = 64        // how deep lists and maps nest where they are compared or written
	maxSteps  = 1_000_000
	maxRange  = 100_000  // numbers of a range
	maxText   = 8 << 20  // bytes of one text, the output included
	maxMemory = 24 << 20 // bytes made in one rendering, also those dropped again
)

// stepBytes is how many bytes are copied or searched in about the time of a
// step.
const stepBytes = 128

// ErrLimit marks a template that wants more time or memory than one may.
var ErrLimit = errors.New("over the limit")

// A meter counts what a rendering uses. Its first error stays: whatever is
// asked of it later fails as well.
type meter struct {
	steps, bytes, calls int
	err                 error
}

func (m *meter) fail(what string, limit int) error {
	if m.err == nil {
		m.err = fmt.Errorf("%w of %d %s", ErrLimit, limit, what)
	}
	return m.err
}

// step counts n steps.
func (m *meter) step(n int) error {
	if m.err != nil {
		return m.err
	}
	if n < 0 || n > maxSteps-m.steps {
		return m.fail("steps", maxSteps)
	}
	m.steps += n
	return nil
}

// scan counts the time of going through n bytes.
func (m *meter) scan(n int) error { return m.step(n / stepBytes) }

// alloc counts n bytes about to be made.
func (m *meter) alloc(n int) error {
	if err := m.scan(n); err != nil {
		return err
	}
	if n < 0 || n > maxMemory-m.bytes {
		return m.fail("bytes of memory", maxMemory)
	}
	m.bytes += n
	return nil
}

// items counts a list of n values about to be made.
func (m *meter) items(n int) error {
	if err := m.step(n); err != nil {
		return err
	}
	return m.alloc(32 * n)
}

// grow reports whether a text of size bytes may become n longer.
func (m *meter) grow(size, n int) bool {
	if n > maxText-size {
		_ = m.fail("bytes of text", maxText) // stays in the meter
		return false
	}
	return m.alloc(n) == nil
}

// enter counts a call of a macro; leave ends it.
func (m *meter) enter() error {
	if m.calls == maxCalls {
		return m.fail("nested calls", maxCalls)
	}
	m.calls++
	return m.step(1)
}

func (m *meter) leave() { m.calls-- }
