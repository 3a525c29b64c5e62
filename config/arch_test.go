package config

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/runnel-chat/runnel"

// arrows says which of our packages each may import. An arrow that is not
// here is a decision to take, and then to write down.
var arrows = map[string][]string{
	".":                    {"ui/cli", "config"},
	"config":               {},
	"assets":               {},
	"gguf":                 {},
	"gguf/library":         {"config", "gguf"},
	"gguf/library/pull":    {"config", "gguf"},
	"gguf/refs":            {},
	"gguf/synth":           {"gguf"},
	"prefetch":             {},
	"accel":                {"gguf"},
	"accel/cpu":            {"accel", "accel/cpu/attn", "accel/cpu/matmul", "accel/cpu/vec", "gguf"},
	"accel/cpu/attn":       {"accel/cpu/vec"},
	"accel/cpu/matmul":     {"gguf"},
	"accel/cpu/matmul/gen": {},
	"accel/cpu/vec":        {},
	"accel/cuda":           {"accel", "accel/cuda/libcuda", "accel/cuda/nvml", "assets", "gguf"},
	"accel/cuda/emulate":   {"accel/cuda", "accel/cuda/kernels", "accel/cuda/nvml"},
	"accel/cuda/kernels":   {},
	"accel/cuda/libcuda":   {},
	"accel/cuda/nvml":      {},
	"infer":                {"accel", "accel/cpu", "accel/cuda", "gguf", "infer/chat", "infer/kv", "infer/model", "infer/sample", "infer/token", "prefetch"},
	"infer/chat":           {},
	"infer/chat/store":     {"infer/chat"},
	"infer/kv":             {"accel"},
	"infer/model":          {"accel", "gguf", "infer/kv"},
	"infer/remote":         {"infer", "infer/chat"},
	"infer/sample":         {},
	"infer/token":          {"gguf"},
	"ui/safe":              {},
	"ui/markdown":          {"ui/safe"},
	"ui":                   {"assets", "config", "gguf/library", "infer", "infer/chat", "infer/chat/store", "infer/sample", "ui/markdown", "ui/safe"},
	"ui/cli":               {"assets", "config", "gguf", "gguf/library", "gguf/library/pull", "gguf/synth", "infer", "infer/chat", "infer/chat/store", "infer/remote", "infer/sample", "infer/token", "ui", "ui/safe"},
}

// TestArrows compares what each package imports with the table.
func TestArrows(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command to ask")
	}
	out, err := exec.Command(goTool, "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, module+"/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for row := range strings.Lines(string(out)) {
		words := strings.Fields(row)
		from, _ := ours(words[0])
		allowed, known := arrows[from]
		if !known {
			t.Errorf("package %s has no row in the table of arrows", from)
			continue
		}
		seen++
		for _, path := range words[1:] {
			if to, ok := ours(path); ok && !slices.Contains(allowed, to) {
				t.Errorf("%s imports %s, which is no arrow of the design", from, to)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d packages were looked at", seen)
	}
	for from, list := range arrows {
		for _, to := range list {
			if _, known := arrows[to]; !known {
				t.Errorf("%s may import %s, which has no row of its own", from, to)
			}
		}
	}
}

// sockets says which of our packages may open connections: what else there is
// of the program works without a network, and is known to.
var sockets = []string{"gguf/library/pull", "infer/remote"}

// TestSockets compares who imports the network with the list.
func TestSockets(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command to ask")
	}
	out, err := exec.Command(goTool, "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, module+"/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for row := range strings.Lines(string(out)) {
		words := strings.Fields(row)
		if slices.Contains(words, "net") || slices.Contains(words, "net/http") {
			from, _ := ours(words[0])
			found = append(found, from)
		}
	}
	if !slices.Equal(found, sockets) {
		t.Errorf("the packages that import the network are %v, not %v", found, sockets)
	}
}

// ours cuts the module off an import path of ours.
func ours(path string) (string, bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}
