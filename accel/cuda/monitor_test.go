package cuda

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/runnel-chat/runnel/accel/cuda/nvml"
)

// TestMonitor: a look never waits for the device, which is asked once at a
// time, not too often, and not at all after the end.
func TestMonitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		m := newMonitor(func() nvml.Reading {
			time.Sleep(200 * time.Millisecond)
			return nvml.Reading{Busy: float64(asked.Add(1)) / 10, Celsius: 50, Watts: 200}
		})
		for range 3 {
			if r := m.look(); r != nvml.Unknown {
				t.Errorf("%+v before the device was asked", r)
			}
		}
		time.Sleep(300 * time.Millisecond)
		want := nvml.Reading{Busy: 0.1, Celsius: 50, Watts: 200}
		if r := m.look(); r != want || asked.Load() != 1 {
			t.Errorf("%+v after asking %d times", r, asked.Load())
		}
		time.Sleep(time.Second)
		if n := asked.Load(); n != 1 {
			t.Errorf("asked %d times while nobody looked", n)
		}
		if r := m.look(); r != want {
			t.Errorf("%+v, not what was known", r)
		}
		m.close()
		if n := asked.Load(); n != 2 {
			t.Errorf("closed before the end of a question: asked %d times", n)
		}
		time.Sleep(time.Second)
		m.look()
		synctest.Wait()
		if n := asked.Load(); n != 2 {
			t.Errorf("asked after the end")
		}
	})
}
