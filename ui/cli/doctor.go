package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/ui/safe"
)

// finding is one thing that doctor looked at.
type finding struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Advice string `json:"advice,omitempty"` // what to do about it; empty when all is well
}

func (p *program) doctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look at this machine: processor, memory, disk, terminal, folders, models",
		Args:  usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			models, err := library.Find(c.Context(), p.places())
			if err != nil {
				return err
			}
			list := []finding{{Name: "version", Value: fmt.Sprintf("%s, %s, %s/%s", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)}}
			hardware, err := machineFindings(p.engineOptions(p.cfg))
			if err != nil {
				return err
			}
			list = append(list, hardware...)
			list = append(list, diskFinding(models), p.terminalFinding())
			list = append(list, p.pathFindings()...)
			list = append(list, p.modelFindings(models)...)
			if asJSON {
				return writeJSON(p.Out, list)
			}
			return printFindings(p.Out, list)
		},
	}
	p.engineFlags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "Write a JSON array.")
	return c
}

func printFindings(w io.Writer, list []finding) error {
	var rows [][]string
	for _, f := range list {
		rows = append(rows, []string{f.Name, f.Value})
		if f.Advice != "" {
			rows = append(rows, []string{"", "→ " + f.Advice})
		}
	}
	return writeTable(w, rows)
}

func machineFindings(o infer.Options) ([]finding, error) {
	m, err := infer.ThisMachine()
	if err != nil {
		return nil, err
	}
	cpu := finding{Name: "processor", Value: fmt.Sprintf("%s, %d cores, %s kernels", cpuModel(), runtime.NumCPU(), m.ISA)}
	if m.ISA == "generic" {
		cpu.Advice = "no vector instructions are in use: expect slow answers; a small model helps"
	}
	memory := finding{Name: "memory", Value: fmt.Sprintf("%s free of %s, limited by the %s",
		config.FormatSize(m.Available), config.FormatSize(m.Limit), m.LimitedBy)}
	const little = 2 << 30
	switch {
	case o.Memory > m.Available:
		memory.Advice = fmt.Sprintf("the budget of %s is more than is free: lower it with --mem or memory", config.FormatSize(o.Memory))
	case m.Available < little:
		memory.Advice = "close other programs, or take a model below 1 GiB"
	}
	budget := finding{Name: "budget", Value: fmt.Sprintf("%s for a model: %s", config.FormatSize(m.Budget), m.Why)}
	if o.Memory > 0 {
		budget.Value = fmt.Sprintf("%s for a model, as told; without that %s", config.FormatSize(o.Memory), config.FormatSize(m.Budget))
	}
	return []finding{cpu, memory, budget, gpuFinding(m.GPU, o)}, nil
}

// gpuFinding says what a GPU will be used for, or why none will.
func gpuFinding(g infer.GPU, o infer.Options) finding {
	f := finding{Name: "gpu", Value: "not used: " + safe.Clean(g.Unused).String()}
	if g.Name == "" {
		return f
	}
	f.Value = fmt.Sprintf("%s, %s free of %s", safe.Clean(g.Name), config.FormatSize(g.TotalBytes-g.UsedBytes), config.FormatSize(g.TotalBytes))
	if o.GPU == "off" || o.GPU == "0" {
		f.Value += ", not used"
		f.Advice = "the settings say --gpu off: --gpu auto uses it"
	}
	return f
}

// cpuModel is what the processor calls itself.
func cpuModel() string {
	b, err := readHead("/proc/cpuinfo", 64<<10)
	if err == nil {
		for l := range strings.Lines(string(b)) {
			if name, value, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(name) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return runtime.GOARCH
}

func readHead(path string, n int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, n))
}

// diskFinding reads a stretch of the largest model.
func diskFinding(models []library.Model) finding {
	var largest library.Model
	for _, m := range models {
		if m.Err == nil && m.Bytes > largest.Bytes {
			largest = m
		}
	}
	f := finding{Name: "disk", Value: "not measured: no model to read"}
	if largest.Path == "" {
		return f
	}
	n, took, err := readSpeed(largest.Path, 500*time.Millisecond)
	switch {
	case err != nil:
		f.Value = err.Error()
		f.Advice = "the largest model cannot be read"
		return f
	case n < 16<<20 || took <= 0:
		f.Value = "not measured: the largest model is too small"
		return f
	}
	speed := int64(float64(n) / took.Seconds())
	f.Value = fmt.Sprintf("%s/s read from %s", config.FormatSize(speed), filepath.Dir(largest.Path))
	if speed < 500<<20 {
		f.Advice = "models larger than memory will be slow from this disk; keep them on an SSD"
	}
	return f
}

func (p *program) terminalFinding() finding {
	f := finding{Name: "terminal", Value: "standard output is not one"}
	out, ok := p.Out.(*os.File)
	if !ok || !isTerminal(p.Out) {
		return f
	}
	f.Value = p.Getenv("TERM")
	if w, h, err := term.GetSize(out.Fd()); err == nil {
		f.Value += fmt.Sprintf(", %d×%d", w, h)
		if w < 40 || h < 12 {
			f.Advice = "the chat wants 40×12 at least: enlarge the window"
		}
	}
	if c := p.Getenv("COLORTERM"); c != "" {
		f.Value += ", " + c
	}
	if p.Getenv("NO_COLOR") != "" {
		f.Value += ", NO_COLOR"
	}
	if t := p.Getenv("TERM"); t == "" || t == "dumb" {
		f.Advice = "TERM names no terminal that can draw: set it, for example to xterm-256color"
	}
	return f
}

func (p *program) pathFindings() []finding {
	configFile := finding{Name: "config", Value: p.paths.Config}
	if _, err := os.Stat(p.paths.Config); err != nil {
		configFile.Value += " (not there: the defaults hold)"
	}
	list := []finding{configFile}
	for _, d := range []struct{ name, dir string }{{"data", p.paths.Data}, {"cache", p.paths.Cache}, {"state", p.paths.State}} {
		f := finding{Name: d.name, Value: d.dir}
		if err := writable(d.dir); err != nil {
			f.Advice = fmt.Sprintf("cannot be written (%v): give it to your user, or set RUNNEL_%s", err, strings.ToUpper(d.name))
		}
		list = append(list, f)
	}
	return list
}

// writable tries to write into a folder, or the nearest one above it that is
// there.
func writable(dir string) error {
	for {
		_, err := os.Stat(dir)
		parent := filepath.Dir(dir)
		if err == nil || parent == dir {
			break
		}
		dir = parent
	}
	f, err := os.CreateTemp(dir, ".runnel-*")
	if err != nil {
		return err
	}
	name := f.Name()
	if err := f.Close(); err != nil {
		return err
	}
	return os.Remove(name)
}

// modelFindings counts the models of each source, and names the broken ones.
func (p *program) modelFindings(models []library.Model) []finding {
	var list []finding
	sound := map[string]int{}
	for _, m := range models {
		if m.Err == nil {
			sound[m.Source]++
			continue
		}
		list = append(list, finding{"model", m.Path, "cannot be read, " + m.Err.Error() + ": fetch it again or remove it"})
	}
	total, parts := 0, []string(nil)
	for _, source := range []string{library.Own, library.Named, library.HuggingFace, library.LMStudio, library.LlamaCpp, library.Ollama} {
		if n := sound[source]; n > 0 {
			total += n
			parts = append(parts, fmt.Sprintf("%s %d", source, n))
		}
	}
	f := finding{Name: "models", Value: fmt.Sprintf("%d", total)}
	if total > 0 {
		f.Value += ": " + strings.Join(parts, ", ")
	} else {
		f.Advice = fmt.Sprintf("put a GGUF file into %s, or name its folder with model_dirs", library.OwnDir(p.paths))
	}
	return append([]finding{f}, list...)
}
