package cli

import (
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
	Model string    `json:"model"`
	PP    int       `json:"pp"`
	TG    int       `json:"tg"`
	Depth int       `json:"depth"`
	PPTPS []float64 `json:"pp_tps"`
	TGTPS []float64 `json:"tg_tps"`
	stats
}

func (p *program) benchCommand() *cobra.Command {
	o := infer.BenchOptions{}
	var asJSON bool
	c := &cobra.Command{
		Use:   "bench [MODEL]",
		Short: "Measure prompt and answer speed on random tokens",
		Args:  usage(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			model := p.cfg.Model
			if len(args) == 1 {
				model = args[0]
			}
			ctx, stop := interruptible(c.Context())
			defer stop()
			e, err := p.open(ctx, model)
			if err != nil {
				return err
			}
			r, err := e.Bench(ctx, o)
			report := benchReport{
				Model: e.Info().Name, PP: o.Prompt, TG: o.Generate, Depth: o.Depth,
				PPTPS: r.PromptTPS, TGTPS: r.DecodeTPS, stats: newStats(e.Stats()),
			}
			report.PromptTokens, report.PromptTPS = o.Prompt, median(r.PromptTPS)
			if report.PromptTPS > 0 { // the first token comes when the prompt is read
				report.TTFTS = float64(o.Prompt) / report.PromptTPS
			}
			report.GeneratedTokens, report.DecodeTPS = o.Generate, median(r.DecodeTPS)
			if err = errors.Join(err, e.Close()); err != nil {
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
	c.Flags().IntVar(&o.Depth, "depth", 0, "Tokens in the context before either.")
	c.Flags().IntVar(&o.Reps, "reps", 3, "Repetitions, after one that is not counted.")
	c.Flags().BoolVar(&asJSON, "json", false, "Write JSON.")
	return c
}

func (r benchReport) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s  %s %s  %d threads\n", safe.Clean(r.Model), r.Backend, r.ISA, r.Threads)
	for _, row := range []struct {
		name   string
		tokens int
		tps    []float64
	}{{"prompt", r.PP, r.PPTPS}, {"decode", r.TG, r.TGTPS}} {
		if err == nil && len(row.tps) > 0 {
			_, err = fmt.Fprintf(w, "%s %5d tokens  %8.1f tokens/s  (%.1f to %.1f over %d)\n",
				row.name, row.tokens, median(row.tps), slices.Min(row.tps), slices.Max(row.tps), len(row.tps))
		}
	}
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
