package matmul

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestARM64 runs most tests of this package for arm64 in an emulator, on a processor
// with all instructions, one without i8mm and one without dot products.
func TestARM64(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("needs linux on amd64 and time")
	}
	qemu, err := exec.LookPath("qemu-aarch64-static")
	if err != nil {
		if qemu, err = exec.LookPath("qemu-aarch64"); err != nil {
			t.Skip("no qemu-aarch64 to run arm64 programs")
		}
	}
	binary := filepath.Join(t.TempDir(), "matmul.test")
	build := exec.Command("go", "test", "-c", "-o", binary, ".")
	build.Env = append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, c := range []struct{ cpu, run, tiers string }{
		{"max", "TestTiersAgree|TestLengths|TestExtremes|TestPrepareActs|TestPackAgrees|TestNaN", "i8mm neon generic"},
		{"neoverse-n1", "TestTiersAgree/Q4_K", "neon generic"},
		{"cortex-a72", "TestTiersAgree/Q4_K", "generic"},
	} {
		cmd := exec.Command(qemu, "-cpu", c.cpu, binary, "-test.v", "-test.run", c.run)
		cmd.Env = append(os.Environ(), "RUNNEL_ISA=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", c.cpu, err, out)
		}
		for _, tier := range []string{"i8mm", "neon", "generic"} {
			ran := strings.Contains(string(out), "--- PASS: TestTiersAgree/Q4_K/"+tier)
			if want := strings.Contains(c.tiers, tier); ran != want {
				t.Errorf("%s: %s ran: %v, want %v", c.cpu, tier, ran, want)
			}
		}
	}
}
