package cuda_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cuda"
	"github.com/runnel-chat/runnel/accel/cuda/nvml"
	"github.com/runnel-chat/runnel/gguf"
)

// idle is a device that does nothing.
type idle struct{ end uint64 }

func (d *idle) Name() string                   { return "idle" }
func (d *idle) Arch() string                   { return "none" }
func (d *idle) Units() int                     { return 132 }
func (d *idle) Shared() int                    { return 96 << 10 }
func (d *idle) Memory() (free, total int64)    { return 1 << 40, 1 << 40 }
func (d *idle) Read() nvml.Reading             { return nvml.Unknown }
func (d *idle) Free(uint64) error              { return nil }
func (d *idle) Upload(uint64, []byte) error    { return nil }
func (d *idle) Download([]byte, uint64) error  { return nil }
func (d *idle) Kernel(string) (uint64, error)  { return 1, nil }
func (d *idle) Run([]cuda.Launch) error        { return nil }
func (d *idle) Send(uint64, []byte, int) error { return nil }
func (d *idle) Arrive() error                  { return nil }
func (d *idle) Worked() time.Duration          { return 0 }
func (d *idle) Mark(int) error                 { return nil }
func (d *idle) Close() error                   { return nil }
func (d *idle) Alloc(n int) (uint64, error) {
	d.end += uint64(n+255) / 256 * 256
	return d.end, nil
}

// idlePair is a pair whose device does nothing.
func idlePair(t testing.TB) *pair {
	t.Helper()
	p := &pair{t: t, rng: rand.New(rand.NewPCG(1, 2)), cuda: cuda.New(&idle{}, newHost(t)), host: newHost(t)}
	t.Cleanup(func() {
		if err := errors.Join(p.cuda.Close(), p.host.Close()); err != nil {
			t.Error(err)
		}
	})
	return p
}

// TestTokenAllocatesNothing runs tokens through a layer once its weights are
// there.
func TestTokenAllocatesNothing(t *testing.T) {
	p := idlePair(t)
	d := p.decoder(gguf.Q4_0, gguf.F16, 64)
	x, _ := p.buffers(d)
	kv, _ := p.caches(accel.KVShape{Heads: d.kvHeads, DK: d.dim, DV: d.dim}, 0, 1000)
	pos := 500
	token := func() {
		p.cuda.Changed(x.x)
		d.forward(p.cuda, x, kv, pos)
		p.cuda.Fetch(x.x)
		if err := p.cuda.Sync(); err != nil {
			t.Fatal(err)
		}
		pos++
	}
	token()
	if n := testing.AllocsPerRun(20, token); n != 0 {
		t.Errorf("a token makes %g allocations", n)
	}
}

// BenchmarkLayer is what the host does for a layer of a token.
func BenchmarkLayer(b *testing.B) {
	p := idlePair(b)
	d := p.decoder(gguf.Q4_0, gguf.F16, 64)
	x, _ := p.buffers(d)
	kv, _ := p.caches(accel.KVShape{Heads: d.kvHeads, DK: d.dim, DV: d.dim}, 0, 1000)
	for b.Loop() {
		d.forward(p.cuda, x, kv, 500)
		if err := p.cuda.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}
