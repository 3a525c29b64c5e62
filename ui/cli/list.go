package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/ui/safe"
)

// listed is a model as list --json writes it.
type listed struct {
	Name     string    `json:"name"`
	Path     string    `json:"path"`
	Paths    []string  `json:"paths"`
	Source   string    `json:"source"`
	Bytes    int64     `json:"bytes"`
	Params   int64     `json:"params,omitempty"`
	Arch     string    `json:"arch,omitempty"`
	Quant    string    `json:"quant,omitempty"`
	Context  int       `json:"context,omitempty"`
	Modified time.Time `json:"modified"`
	Error    string    `json:"error,omitempty"`
}

func (p *program) listCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the models on this machine",
		Args:    usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			models, err := p.models(c.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return listJSON(p.Out, models)
			}
			if len(models) == 1 { // the guide
				fmt.Fprintf(p.Err, "No models here yet but the built-in guide. Get one with runnel pull, put a GGUF file into %s, or name its folder with model_dirs.\n",
					safe.Clean(library.OwnDir(p.paths)))
			}
			return listTable(p.Out, models)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "Write a JSON array.")
	return c
}

func listJSON(w io.Writer, models []library.Model) error {
	list := make([]listed, len(models))
	for i, m := range models {
		list[i] = listed{
			Name: m.Name, Path: m.Path, Paths: m.Paths, Source: m.Source, Bytes: m.Bytes, Params: m.Params,
			Arch: m.Arch, Quant: m.Quant, Context: m.Context, Modified: m.Modified,
		}
		if m.Err != nil {
			list[i].Error = m.Err.Error()
		}
	}
	return writeJSON(w, list)
}

func listTable(w io.Writer, models []library.Model) error {
	rows := [][]string{{"NAME", "ARCH", "PARAMS", "QUANT", "SIZE", "CONTEXT", "WHERE"}}
	for _, m := range models {
		row := []string{m.Name, m.Arch, formatCount(m.Params), m.Quant, config.FormatSize(m.Bytes), formatCount(int64(m.Context)), m.Source}
		if m.Err != nil {
			row = []string{m.Name, "-", "-", "-", config.FormatSize(m.Bytes), "-", m.Source + ": " + m.Err.Error()}
		}
		rows = append(rows, row)
	}
	return writeTable(w, rows)
}

// writeTable aligns columns by the width that a terminal gives each text. The
// last one is not padded.
func writeTable(w io.Writer, rows [][]string) error {
	var widths []int
	for _, row := range rows {
		for i := range row {
			row[i] = line(row[i])
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], ansi.StringWidth(row[i]))
		}
	}
	var b []byte
	for _, row := range rows {
		for i, cell := range row {
			b = append(b, cell...)
			if i < len(row)-1 {
				for range widths[i] + 2 - ansi.StringWidth(cell) {
					b = append(b, ' ')
				}
			}
		}
		b = append(b, '\n')
	}
	_, err := w.Write(b)
	return err
}

// formatCount writes a number of things for a person: 4096, 40K, 7.2B; "-" for
// an unknown one. A power of two keeps its usual name: 32768 is 32K.
func formatCount(n int64) string {
	switch {
	case n <= 0:
		return "-"
	case n >= 1024 && n < 1<<24 && n%1024 == 0:
		return strconv.FormatInt(n/1024, 10) + "K"
	}
	for _, u := range []struct {
		at   float64
		name string
	}{{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "K"}} {
		if x := float64(n) / u.at; x >= 0.9995 {
			digits := max(0, 2-int(math.Log10(x)))
			return strconv.FormatFloat(x, 'f', min(digits, 1), 64) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
