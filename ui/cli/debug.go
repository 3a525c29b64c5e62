package cli

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/gguf/synth"
)

func (p *program) debugCommand() *cobra.Command {
	c := &cobra.Command{Use: "debug", Short: "Look inside: logits, tokens, templates, synthetic models"}
	c.AddCommand(p.logitsCommand(), p.tokenizeCommand(), p.templateCommand(), p.synthCommand())
	return c
}

func (p *program) logitsCommand() *cobra.Command {
	var ids, out string
	c := &cobra.Command{
		Use:   "logits -m MODEL --ids 1,2,3 --out FILE",
		Short: "Write the logits after every token, float32 little-endian [positions][vocab]",
		Args:  usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			list, err := parseIDs(ids)
			if err != nil {
				return usageError{err}
			}
			if out == "" {
				return usageError{fmt.Errorf("--out is missing")}
			}
			return p.writeLogits(c, list, out)
		},
	}
	p.engineFlags(c)
	p.flag(c, "kv", "", "kv", "f32|f16|q8_0")
	c.Flags().StringVar(&ids, "ids", "", "Token ids, separated by commas.")
	c.Flags().StringVar(&out, "out", "", "File to write.")
	return c
}

func parseIDs(s string) ([]int32, error) {
	var ids []int32
	for part := range strings.SplitSeq(s, ",") {
		id, err := strconv.ParseInt(strings.TrimSpace(part), 10, 32)
		if err != nil {
			return nil, fmt.Errorf("--ids: %q is not a token id", part)
		}
		ids = append(ids, int32(id))
	}
	return ids, nil
}

// writeLogits keeps keys and values in float32 unless a flag says otherwise:
// the numbers are for comparing.
func (p *program) writeLogits(c *cobra.Command, ids []int32, out string) (err error) {
	if !c.Flags().Changed("kv") {
		p.cfg.KV = "f32"
	}
	e, err := p.open(c.Context(), p.cfg.Model)
	if err != nil {
		return err
	}
	defer e.Close()
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	w := bufio.NewWriter(f)
	var buf []byte
	err = e.Logits(c.Context(), ids, func(_ int, row []float32) error {
		buf = buf[:0]
		for _, x := range row {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(x))
		}
		_, err := w.Write(buf)
		return err
	})
	if err != nil {
		return err
	}
	return w.Flush()
}

func (p *program) synthCommand() *cobra.Command {
	var shape, mix string
	var seed uint64
	c := &cobra.Command{
		Use:   "synth --shape SHAPE --type MIX OUT.gguf",
		Short: "Write a valid model of a real shape with seeded random weights",
		Args:  usage(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) (err error) {
			size, err := synth.Size(shape, mix)
			if err != nil {
				return usageError{err}
			}
			f, err := os.Create(args[0])
			if err != nil {
				return err
			}
			defer func() {
				if cerr := f.Close(); err == nil {
					err = cerr
				}
				if err != nil {
					os.Remove(args[0]) // half a model is of no use
				}
			}()
			if err := synth.Write(f, shape, mix, seed); err != nil {
				return err
			}
			fmt.Fprintf(p.Err, "%s, %s %s, seed %d\n", config.FormatSize(size), shape, mix, seed)
			return nil
		},
	}
	c.Flags().StringVar(&shape, "shape", "tinyllama", "One of "+shapeNames()+".")
	c.Flags().StringVar(&mix, "type", "Q4_K_M", "One of "+strings.Join(synth.Mixes(), ", ")+".")
	c.Flags().Uint64Var(&seed, "seed", 1, "Seed of the weights.")
	return c
}

func shapeNames() string {
	var names []string
	for _, s := range synth.Shapes() {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// readAll reads standard input up to a limit that no sane input reaches.
func (p *program) readAll() ([]byte, error) { return io.ReadAll(io.LimitReader(p.In, maxPiped)) }
