package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/infer/chat"
	"github.com/runnel-chat/runnel/ui/safe"
)

// maxPiped bounds what is read from a pipe as a prompt.
const maxPiped = 64 << 20

func (p *program) runCommand() *cobra.Command {
	var raw, asJSON bool
	var tools string
	c := &cobra.Command{
		Use:   "run [MODEL] [PROMPT]",
		Short: "Answer one prompt to standard output",
		Long: "Answer one prompt to standard output. Text piped in is appended to the prompt.\n" +
			"MODEL may be left out when --model names it. Figures go to standard error.",
		Args: usage(cobra.MaximumNArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			model, prompt, err := p.runArgs(args)
			if err != nil {
				return err
			}
			if raw && tools != "" {
				return usageError{errors.New("--tools needs a chat template, and --raw goes without one")}
			}
			list, err := readTools(tools)
			if err != nil {
				return err
			}
			return p.answer(c.Context(), model, prompt, list, raw, asJSON)
		},
	}
	p.engineFlags(c)
	p.samplingFlags(c)
	p.remoteFlag(c)
	c.Flags().BoolVar(&raw, "raw", false, "Continue the plain text, without a chat template.")
	c.Flags().StringVar(&tools, "tools", "", "File of functions (JSON) that the model may ask for; a call is its answer.")
	c.Flags().BoolVar(&asJSON, "json", false, "Write one JSON event a line; the last one holds the figures.")
	return c
}

// runArgs sorts out model and prompt: with --model, the one argument is the
// prompt.
func (p *program) runArgs(args []string) (model, prompt string, err error) {
	named := ""
	if len(args) == 2 || p.cfg.Model == "" && p.cfg.Remote == "" && len(args) == 1 {
		named, args = args[0], args[1:]
	}
	if model, err = p.model(named); err != nil {
		return "", "", err
	}
	if len(args) == 1 {
		prompt = args[0]
	}
	if !isTerminal(p.In) {
		b, err := io.ReadAll(io.LimitReader(p.In, maxPiped))
		if err != nil {
			return "", "", err
		}
		if piped := string(b); strings.TrimSpace(piped) != "" {
			if prompt != "" {
				prompt += "\n\n"
			}
			prompt += piped
		}
	}
	switch {
	case model == "":
		return "", "", usageError{errors.New("no model: name one, or set model in the configuration (runnel list shows what is here)")}
	case prompt == "":
		return "", "", usageError{errors.New("no prompt: give one as an argument or pipe it in")}
	}
	return model, prompt, nil
}

// readTools reads the functions of a file, if there is one.
func readTools(path string) ([]chat.Tool, error) {
	if path == "" {
		return nil, nil
	}
	b, err := readLimited(path)
	if err != nil {
		return nil, err
	}
	tools, err := chat.ParseTools(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return tools, nil
}

// completer is an engine that can leave the chat template out.
type completer interface {
	Complete(ctx context.Context, text string, r infer.Request) *infer.Stream
}

// answer opens the model, asks, and writes what comes.
func (p *program) answer(ctx context.Context, model, prompt string, tools []chat.Tool, raw, asJSON bool) (err error) {
	ctx, stop := interruptible(ctx)
	defer stop()
	e, err := p.answerer(ctx, model)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	r := request(p.cfg, e.Info())
	r.Tools = tools
	var s *infer.Stream
	if raw {
		plain, ok := e.(completer)
		if !ok {
			return usageError{errors.New("--raw needs a model of this machine: servers apply their template themselves")}
		}
		s = plain.Complete(ctx, prompt, r)
	} else {
		if notice := e.Info().TemplateNotice; notice != "" {
			fmt.Fprintln(p.Err, safe.Clean(notice))
		}
		msgs := []chat.Message{{Role: "user", Content: prompt}}
		if p.cfg.System != "" {
			msgs = append([]chat.Message{{Role: "system", Content: p.cfg.System}}, msgs...)
		}
		s = e.Generate(ctx, msgs, r)
	}
	w := writer{out: p.Out, json: asJSON}
	reason, err := w.drain(s, p.Err)
	if err != nil {
		return errors.Join(err, w.finish())
	}
	if err := w.end(newStats(e.Stats()), p.Err); err != nil {
		return err
	}
	if reason == infer.Cancelled {
		return errInterrupted
	}
	return nil
}

// writer shows a stream: the text alone, or an event a line.
type writer struct {
	out    io.Writer
	json   bool
	filter safe.Filter
	buf    []byte
	last   byte
}

// event is a line of --json.
type event struct {
	Type string `json:"type"` // text, thinking or notice
	Text string `json:"text"`
}

// drain writes the stream to its end.
func (w *writer) drain(s *infer.Stream, notices io.Writer) (infer.Reason, error) {
	for range s.Ready() {
		d := s.Take()
		if d.Notice != "" {
			fmt.Fprintln(notices, safe.Clean(d.Notice))
		}
		if err := w.write("thinking", d.Thinking); err != nil {
			return 0, err
		}
		if err := w.write("text", d.Text); err != nil {
			return 0, err
		}
		if d.Done {
			return d.Reason, d.Err
		}
	}
	return infer.Unfinished, nil
}

func (w *writer) write(kind, text string) error {
	switch {
	case text == "":
		return nil
	case w.json: // JSON escapes whatever a terminal would obey
		return json.NewEncoder(w.out).Encode(event{kind, text})
	case kind == "thinking":
		return nil
	}
	w.buf = w.filter.Append(w.buf[:0], text)
	return w.put()
}

func (w *writer) put() error {
	if len(w.buf) == 0 {
		return nil
	}
	w.last = w.buf[len(w.buf)-1]
	_, err := w.out.Write(w.buf)
	return err
}

// end finishes the text with a newline and writes the figures.
func (w *writer) end(s stats, figures io.Writer) error {
	if w.json {
		s.Type = "stats"
		return json.NewEncoder(w.out).Encode(s)
	}
	if err := w.finish(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(figures, "%d tokens, %.1f tokens/s; prompt %d tokens, %.1f tokens/s; first token after %.2f s\n",
		s.GeneratedTokens, s.DecodeTPS, s.PromptTokens, s.PromptTPS, s.TTFTS)
	return err
}

// finish ends the text with a newline, if there was any.
func (w *writer) finish() error {
	w.buf = w.filter.Flush(w.buf[:0])
	if err := w.put(); err != nil || w.json || w.last == 0 || w.last == '\n' {
		return err
	}
	_, err := io.WriteString(w.out, "\n")
	return err
}
