package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/runnel-chat/runnel/infer/token"
)

// tokenizeRequest is a line of tokenize --batch.
type tokenizeRequest struct {
	Text         string `json:"text"`
	AddSpecial   bool   `json:"add_special"`
	ParseSpecial bool   `json:"parse_special"`
}

// tokenizeReply answers one.
type tokenizeReply struct {
	IDs     []int32 `json:"ids"`
	Decoded string  `json:"decoded"`
}

func (p *program) tokenizeCommand() *cobra.Command {
	var r tokenizeRequest
	var batch bool
	c := &cobra.Command{
		Use:   "tokenize -m MODEL",
		Short: "Turn standard input into token ids",
		Args:  usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			path, err := p.resolve(c.Context(), p.cfg.Model)
			if err != nil {
				return err
			}
			f, err := header(path)
			if err != nil {
				return err
			}
			t, err := token.New(f)
			if err != nil {
				return err
			}
			if batch {
				return tokenizeLines(t, p.In, p.Out)
			}
			b, err := p.readAll()
			if err != nil {
				return err
			}
			r.Text = string(b)
			return json.NewEncoder(p.Out).Encode(r.answer(t))
		},
	}
	p.flag(c, "model", "m", "model", "MODEL")
	c.Flags().BoolVar(&r.AddSpecial, "add-special", false, "Add the tokens that begin and end a text.")
	c.Flags().BoolVar(&r.ParseSpecial, "parse-special", false, "Names of control tokens become their ids.")
	c.Flags().BoolVar(&batch, "batch", false, "Read one JSON request a line, write one reply a line.")
	return c
}

func (r tokenizeRequest) answer(t *token.Tokenizer) tokenizeReply {
	ids := t.Encode([]int32{}, r.Text, token.Options{Special: r.AddSpecial, Parse: r.ParseSpecial})
	return tokenizeReply{ids, t.Decode(ids)}
}

func tokenizeLines(t *token.Tokenizer, in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxPiped)
	w := bufio.NewWriter(out)
	enc := json.NewEncoder(w)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var r tokenizeRequest
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if err := enc.Encode(r.answer(t)); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return w.Flush()
}
