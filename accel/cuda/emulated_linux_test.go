package cuda_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cpu"
	"github.com/runnel-chat/runnel/accel/cuda"
	"github.com/runnel-chat/runnel/accel/cuda/emulate"
)

func TestMain(m *testing.M) {
	code := m.Run()
	emulate.Cleanup()
	os.Exit(code)
}

func goAlloc(n int) ([]byte, error) {
	b := make([]byte, n+64) // not aligned: only for speed
	return b[:n], nil
}

func newHost(t testing.TB) *cpu.Backend {
	t.Helper()
	h, err := cpu.New(1, goAlloc)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// device is one under test that notes what is asked of it.
type device struct {
	cuda.Driver
	names    map[uint64]string
	launched []string
	inUse    int
}

func (d *device) Kernel(name string) (uint64, error) {
	k, err := d.Driver.Kernel(name)
	d.names[k] = name
	return k, err
}

func (d *device) Run(series []cuda.Launch) error {
	for _, l := range series {
		d.launched = append(d.launched, d.names[l.Kernel])
	}
	return d.Driver.Run(series)
}

func (d *device) Alloc(n int) (uint64, error) {
	p, err := d.Driver.Alloc(n)
	if err == nil {
		d.inUse++
	}
	return p, err
}

func (d *device) Free(p uint64) error {
	d.inUse--
	return d.Driver.Free(p)
}

// start opens the device of the machine, where this is built for one and there
// is one, else an emulated one.
func start(t testing.TB) (d *device, emulated bool) {
	t.Helper()
	driver, err := cuda.Open()
	if emulated = err != nil; emulated {
		driver, err = emulate.Start(64 << 20)
	}
	if errors.Is(err, emulate.ErrNoCompiler) {
		t.Skip("no g++ to compile the kernels with")
	}
	if err != nil {
		t.Fatal(err)
	}
	return &device{Driver: driver, names: map[uint64]string{}}, emulated
}

// pair is a device and the reference that it is compared with.
type pair struct {
	t        testing.TB
	rng      *rand.Rand
	cuda     *cuda.Backend
	device   *device
	emulated bool
	host     *cpu.Backend
}

func newPair(t testing.TB) *pair {
	t.Helper()
	d, emulated := start(t)
	p := &pair{t, rand.New(rand.NewPCG(1, 2)), cuda.New(d, newHost(t)), d, emulated, newHost(t)}
	t.Cleanup(func() {
		if err := errors.Join(p.cuda.Close(), p.host.Close()); err != nil {
			t.Error(err)
		}
	})
	return p
}

// fill leaves n bytes of the device free; only an emulation does what it says.
func (p *pair) fill(n int) {
	p.t.Helper()
	if !p.emulated {
		p.t.Skip("a real device is not filled")
	}
	free, _ := p.device.Memory()
	if _, err := p.device.Alloc(int(free) - n); err != nil {
		p.t.Fatal(err)
	}
}

// tensors makes one of random values for each side.
func (p *pair) tensors(rows, cols int) (onDevice, onHost accel.Tensor) {
	p.t.Helper()
	a, err := p.cuda.Alloc(rows, cols)
	if err != nil {
		p.t.Fatal(err)
	}
	b, err := p.host.Alloc(rows, cols)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := range a.Data {
		a.Data[i] = float32(p.rng.NormFloat64())
	}
	copy(b.Data, a.Data)
	p.cuda.Changed(a)
	return a, b
}

// vector makes random values.
func (p *pair) vector(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(p.rng.NormFloat64())
	}
	return v
}

// equal compares what both sides made, within a relative tolerance.
func (p *pair) equal(what string, got, want accel.Tensor, tolerance float64) {
	p.t.Helper()
	p.cuda.Fetch(got)
	if err := errors.Join(p.cuda.Sync(), p.host.Sync()); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
	for i := range want.Data {
		a, b := float64(got.Data[i]), float64(want.Data[i])
		if !(math.Abs(a-b) <= tolerance*(1+math.Abs(b))) && !(math.IsNaN(a) && math.IsNaN(b)) {
			p.t.Fatalf("%s: value %d of %d x %d is %g, want %g", what, i, want.Rows, want.Cols, a, b)
		}
	}
}

// near compares what both sides made by products whose inputs each rounds in its
// own way: the difference is small beside the values.
func (p *pair) near(got, want accel.Tensor) {
	p.t.Helper()
	p.cuda.Fetch(got)
	if err := errors.Join(p.cuda.Sync(), p.host.Sync()); err != nil {
		p.t.Fatal(err)
	}
	var square, size float64
	for i, v := range want.Data {
		square += math.Pow(float64(got.Data[i])-float64(v), 2)
		size += math.Pow(float64(v), 2)
	}
	if rms := math.Sqrt(square / size); !(rms <= 0.05) {
		p.t.Fatalf("values differ by %.3f of their size", rms)
	}
}

// onDevice fails a test whose operations ran somewhere else.
func (p *pair) onDevice() {
	p.t.Helper()
	if s := p.cuda.Stats(); s.Fallbacks > 0 || s.NoRoom > 0 || s.Lost != "" {
		p.t.Errorf("the device did not do it: %+v", s)
	}
}
