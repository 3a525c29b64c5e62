package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/ui/safe"
)

// benchReport is what bench --json writes.
type benchReport struct {
	Model       string       `json:"model"`
	PP          int          `json:"pp"`
	TG          int          `json:"tg"`
	PPTPS       []float64    `json:"pp_tps"` // at the first depth
	TGTPS       []float64    `json:"tg_tps"`
	Depths      []benchDepth `json:"depths"`
	MemoryBPS   float64      `json:"memory_bytes_per_s"`
	DecodeBPS   float64      `json:"decode_bytes_per_s"`             // weights read by decoding; 0: not all are read
	CopyBPS     float64      `json:"gpu_copy_bytes_per_s,omitempty"` // reads and writes
	LoadAverage string       `json:"load_average,omitempty"`
	stats
}

// benchDepth is what was measured after so many tokens.
type benchDepth struct {
	Depth int       `json:"depth"`
	PPTPS []float64 `json:"pp_tps"`
	TGTPS []float64 `json:"tg_tps"`
}

func (p *program) benchCommand() *cobra.Command {
	o := infer.BenchOptions{}
	var depths []int
	var asJSON bool
	c := &cobra.Command{
		Use:   "bench [MODEL]",
		Short: "Measure prompt and answer speed on random tokens",
		Long: "Measure prompt and answer speed on random tokens, as the field's bench tools do: sampling is left\n" +
			"out, and the first repetition is not counted. With several depths, each is measured after so many\n" +
			"tokens of context. The speed of decoding is set beside what this machine's memory can give.",
		Example: "  runnel bench -m model.gguf --threads 2 --depth 0,4096 --json",
		Args:    usage(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			model := p.cfg.Model
			if len(args) == 1 {
				model = args[0]
			}
			ctx, stop := interruptible(c.Context())
			defer stop()
			if p.cfg.Context == 0 {
				p.cfg.Context = slices.Max(append(depths, 0)) + max(o.Prompt, o.Generate+1) + 1
			}
			report, err := p.measure(ctx, model, o, depths)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(p.Out).Encode(report)
			}
			return report.print(p.Out)
		},
	}
	p.engineFlags(c)
	c.Flags().IntVar(&o.Prompt, "pp", 512, "Tokens of the prompt.")
	c.Flags().IntVar(&o.Generate, "tg", 64, "Tokens generated.")
	c.Flags().IntSliceVar(&depths, "depth", []int{0}, "Tokens in the context before either; several with commas.")
	c.Flags().IntVar(&o.Reps, "reps", 3, "Repetitions, after one that is not counted.")
	c.Flags().BoolVar(&asJSON, "json", false, "Write JSON.")
	return c
}

// measure opens the model and runs everything. The memory is measured when
// the model has left it.
func (p *program) measure(ctx context.Context, model string, o infer.BenchOptions, depths []int) (r benchReport, err error) {
	e, err := p.open(ctx, model)
	if err != nil {
		return r, err
	}
	defer func() {
		if err = errors.Join(err, e.Close()); err == nil {
			r.MemoryBPS, err = infer.MemoryBandwidth(p.cfg.Threads)
		}
	}()
	first, err := e.FirstToken(ctx)
	if err != nil {
		return r, err
	}
	r = benchReport{Model: e.Info().Name, PP: o.Prompt, TG: o.Generate, LoadAverage: loadAverage()}
	for _, o.Depth = range depths {
		b, err := e.Bench(ctx, o)
		if err != nil {
			return r, err
		}
		r.Depths = append(r.Depths, benchDepth{o.Depth, b.PromptTPS, b.DecodeTPS})
	}
	if r.CopyBPS, err = e.DeviceBandwidth(ctx); err != nil {
		return r, err
	}
	r.stats = newStats(e.Stats())
	r.TTFTS = first.Seconds() // since the model was named
	if len(r.Depths) > 0 {
		r.PPTPS, r.TGTPS = r.Depths[0].PPTPS, r.Depths[0].TGTPS
	}
	r.PromptTokens, r.PromptTPS = o.Prompt, median(r.PPTPS)
	r.GeneratedTokens, r.DecodeTPS = o.Generate, median(r.TGTPS)
	if s := e.Stats(); s.Cache.ExpertHits+s.Cache.ExpertMisses == 0 { // every weight is read for every token
		r.DecodeBPS = r.DecodeTPS * float64(s.WeightBytes)
	}
	return r, nil
}

func (r benchReport) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s  %s %s  %d threads\n", safe.Clean(r.Model), r.Backend, r.ISA, r.Threads)
	line := func(format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintf(w, format+"\n", args...)
		}
	}
	line("first token %28.2f s after the model was named", r.TTFTS)
	for _, d := range r.Depths {
		for _, row := range []struct {
			name   string
			tokens int
			tps    []float64
		}{{"prompt", r.PP, d.PPTPS}, {"decode", r.TG, d.TGTPS}} {
			if len(row.tps) > 0 {
				line("%s %5d tokens at depth %-5d %8.1f tokens/s  (%.1f to %.1f over %d)",
					row.name, row.tokens, d.Depth, median(row.tps), slices.Min(row.tps), slices.Max(row.tps), len(row.tps))
			}
		}
	}
	switch c := r.Prefetch; {
	case r.DecodeBPS > 0 && r.CopyBPS > 0 && c.AwayBytes == c.WeightBytes:
		line("decode reads %.0f GB/s, %.0f %% of the %.0f GB/s that this GPU copies", r.DecodeBPS/1e9, 100*r.DecodeBPS/r.CopyBPS, r.CopyBPS/1e9)
	case r.DecodeBPS > 0 && r.MemoryBPS > 0:
		line("decode reads %.1f GB/s, %.0f %% of the %.1f GB/s that this memory gives", r.DecodeBPS/1e9, 100*r.DecodeBPS/r.MemoryBPS, r.MemoryBPS/1e9)
	}
	if c := r.Prefetch; c.PinnedBytes+c.AwayBytes < c.WeightBytes {
		line("%.0f %% of the weights stay in memory; %s; limited by %s, at %.0f %% of its bound", 100*float64(c.PinnedBytes+c.AwayBytes)/float64(c.WeightBytes), c.Source, c.Limiter, 100*c.BoundRatio)
	}
	line("peak memory %d MiB; load average %s", r.PeakRSSBytes>>20, r.LoadAverage)
	return err
}

// median is the middle value, or the mean of the two; 0 for none.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
