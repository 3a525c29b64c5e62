//go:build cuda

package cuda_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cuda"
	"github.com/runnel-chat/runnel/accel/cuda/emulate"
	"github.com/runnel-chat/runnel/accel/cuda/nvml"
	"github.com/runnel-chat/runnel/assets"
	"github.com/runnel-chat/runnel/gguf"
)

// TestOpen runs this program again with the emulation in place of NVIDIA's
// driver: all of the way to a kernel and back, by the functions that the
// driver is found by. Where there is a device, that one is opened first.
func TestOpen(t *testing.T) {
	if os.Getenv("RUNNEL_DEVICE") != "" {
		testOpened(t)
		return
	}
	again := func(env ...string) {
		c := exec.Command(os.Args[0], "-test.run=^TestOpen$", "-test.v")
		c.Env = append(os.Environ(), env...)
		out, err := c.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "opened ") {
			t.Errorf("with %v: %v\n%s", env, err, out)
		}
	}
	d, err := cuda.Open()
	switch {
	case errors.Is(err, cuda.ErrNoDriver):
		t.Log(err)
	case err != nil:
		t.Fatal(err)
	default:
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		again("RUNNEL_DEVICE=real")
	}
	dir := t.TempDir()
	if err := emulate.Library(dir); errors.Is(err, emulate.ErrNoCompiler) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	again("RUNNEL_DEVICE=emulated", "LD_LIBRARY_PATH="+dir)
}

func testOpened(t *testing.T) {
	d, err := cuda.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Log("opened", d.Name(), d.Arch())
	free, total := d.Memory()
	if free <= 0 || total < free {
		t.Errorf("%d bytes of %d are free", free, total)
	}
	if r, want := d.Read(), (nvml.Reading{Busy: 0.37, Celsius: 61, Watts: 123.4}); os.Getenv("RUNNEL_DEVICE") == "emulated" && r != want {
		t.Errorf("the device is said to be %+v, want %+v", r, want)
	} else {
		t.Logf("%+v", r)
	}
	if _, err := d.Kernel("nothing"); err == nil {
		t.Error("a kernel that is not there was found")
	}
	if _, err := d.Alloc(1 << 50); err == nil {
		t.Error("a petabyte was allocated")
	}
	p := &pair{t: t, rng: rand.New(rand.NewPCG(1, 2)), cuda: cuda.New(d, newHost(t)), host: newHost(t)}
	for _, typ := range []gguf.Type{gguf.F32, gguf.F16} {
		w, _ := randomWeight(t, p.host, p.rng, typ, 100, 333, 48)
		p.cuda.Place(w)
		for _, n := range []int{1, 11} {
			x, hx := p.tensors(n, 333)
			y, hy := p.tensors(n, 100)
			p.cuda.RMSNorm(x, x, nil, 1e-5)
			p.host.RMSNorm(hx, hx, nil, 1e-5)
			p.cuda.MatMul(y, w, x)
			p.host.MatMul(hy, w, hx)
			p.cuda.GLU(accel.SiLU, y, y)
			p.host.GLU(accel.SiLU, hy, hy)
			p.equal(typ.String(), y, hy, 1e-2)
		}
	}
	w, _ := randomWeight(t, p.host, p.rng, gguf.Q8_0, 4000, 2048, 1024) // a visitor of several buffers
	for range 3 {
		x, hx := p.tensors(70, 2048)
		y, hy := p.tensors(70, 4000)
		p.cuda.MatMul(y, w, x)
		p.host.MatMul(hy, w, hx)
		p.near(y, hy)
	}
	testGraphs(p, d)
	p.onDevice()
	if err := errors.Join(p.cuda.Close(), p.host.Close()); err != nil {
		t.Error(err)
	}
}

// testGraphs runs series that are alike but for their arguments, in turn with
// others: from the second time on each is a graph, with the arguments of that
// time.
func testGraphs(p *pair, d cuda.Driver) {
	p.t.Helper()
	before := cuda.GraphsRun(d)
	const rounds = 5
	for round := range rounds {
		for length := 10; length < 13; length++ {
			x, hx := p.tensors(2, 100)
			for i := range length {
				s := float32(round*length+i)/40 - 0.5
				p.cuda.Scale(x, s)
				p.host.Scale(hx, s)
				p.cuda.RMSNorm(x, x, nil, 1e-5)
				p.host.RMSNorm(hx, hx, nil, 1e-5)
			}
			p.equal(fmt.Sprintf("%d kernels, round %d", 2*length, round), x, hx, 1e-4)
		}
	}
	if n := cuda.GraphsRun(d) - before; n != 3*(rounds-1) {
		p.t.Errorf("%d graphs were run, want %d", n, 3*(rounds-1))
	}
	for n := range 50 {
		x, hx := p.tensors(1, 8)
		for range n + 8 {
			p.cuda.Scale(x, 1.01)
			p.host.Scale(hx, 1.01)
		}
		p.equal(fmt.Sprintf("%d scales", n+8), x, hx, 1e-4)
	}
}

// TestKernelsAssemble has ptxas, where there is one, assemble each kernel as the
// driver gets it.
func TestKernelsAssemble(t *testing.T) {
	ptxas, err := exec.LookPath("ptxas")
	if err != nil {
		t.Skip(err)
	}
	for target, module := range map[string]string{"sm_75": assets.Kernels75, "sm_90": assets.Kernels80} {
		kernels := cuda.Kernels(module)
		if len(kernels) < 100 {
			t.Errorf("%s: %d kernels", target, len(kernels))
		}
		file := filepath.Join(t.TempDir(), "kernel.ptx")
		for name, source := range kernels {
			if testing.Short() && len(name)%4 > 0 {
				continue
			}
			if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(ptxas, "-O0", "-arch="+target, "-o", file+".cubin", file).CombinedOutput(); err != nil {
				t.Errorf("%s for %s: %v\n%s", name, target, err, out)
			}
		}
	}
}
