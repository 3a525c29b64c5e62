package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/gguf/library/pull"
	"github.com/runnel-chat/runnel/ui"
)

func (p *program) pullCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "pull ORG/REPO[:QUANT] | URL",
		Short: "Download a model",
		Long: "Download a model from the Hugging Face hub into the cache that other programs share, or\n" +
			"from any address into the program's own folder. Without a quantisation it takes Q4_K_M,\n" +
			"or the nearest there is. What was received stays when it is interrupted, and the next call\n" +
			"goes on from there. HF_TOKEN and HF_ENDPOINT are honoured. The path goes to standard\n" +
			"output, progress to standard error.",
		Example: "  runnel pull org/model-GGUF:Q5_K_M\n  runnel pull https://example.com/model.gguf",
		Args:    usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if p.cfg.Offline {
				return usageError{errors.New("pull needs the network, and --offline forbids it")}
			}
			ctx, stop := interruptible(c.Context())
			defer stop()
			return p.pull(ctx, args[0], asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "Write one JSON event a line; the last one holds the paths.")
	return c
}

// pull downloads and says how far it is.
func (p *program) pull(ctx context.Context, reference string, asJSON bool) error {
	show := newDownloadView(p.Err)
	if asJSON {
		show = downloadEvents(p.Out)
	}
	start := time.Now()
	r, err := pull.Pull(ctx, reference, p.pullOptions(show.progress))
	show.end()
	switch {
	case errors.Is(err, pull.ErrReference):
		return usageError{err}
	case err != nil:
		return err
	case asJSON:
		return json.NewEncoder(p.Out).Encode(pulled{"done", r.Paths, r.Bytes, r.Received})
	case r.Received == 0:
		fmt.Fprintf(p.Err, "it is here already, %s\n", config.FormatSize(r.Bytes))
	default:
		fmt.Fprintf(p.Err, "%s in %s\n", config.FormatSize(r.Received), formatWait(time.Since(start)))
	}
	_, err = fmt.Fprintln(p.Out, p.shown(r.Paths[0]))
	return err
}

func (p *program) pullOptions(progress func(pull.Progress)) pull.Options {
	return pull.Options{
		Endpoint: p.Getenv("HF_ENDPOINT"), Token: library.HubToken(p.Getenv),
		Hub: library.HubDir(p.Getenv), Own: library.OwnDir(p.paths),
		Progress: progress,
	}
}

// pullInChat downloads for the chat.
func (p *program) pullInChat(ctx context.Context, ref string, progress func(ui.Progress)) (string, error) {
	if p.cfg.Offline {
		return "", errors.New("downloads need the network, and --offline forbids it")
	}
	r, err := pull.Pull(ctx, ref, p.pullOptions(func(at pull.Progress) { progress(ui.Progress(at)) }))
	if err != nil {
		return "", err
	}
	return r.Paths[0], nil
}

// pulled is the last event of pull --json.
type pulled struct {
	Type     string   `json:"type"` // done
	Paths    []string `json:"paths"`
	Bytes    int64    `json:"bytes"`
	Received int64    `json:"received_bytes"`
}

// pullEvent is one of the others.
type pullEvent struct {
	Type  string `json:"type"` // progress or notice
	File  string `json:"file,omitempty"`
	Done  int64  `json:"done_bytes"`
	Total int64  `json:"total_bytes"`
	Text  string `json:"text,omitempty"`
}

// How often progress is shown.
const (
	lineEvery  = 10 * time.Second // in plain lines
	eventEvery = time.Second      // as JSON
)

// downloadView shows progress: on a terminal one line that is written anew,
// elsewhere a line now and then.
type downloadView struct {
	out      io.Writer
	json     bool
	terminal bool
	width    func() int
	shown    time.Time // last
	whole    bool      // the end was shown
	since    time.Time // of the first progress
	first    int64     // bytes that were here then
	grew     time.Time // when the last byte came
	done     int64
	note     string // until a byte comes
	drawn    bool   // a line without its end is on the terminal
}

func newDownloadView(out io.Writer) *downloadView {
	v := &downloadView{out: out, terminal: isTerminal(out), width: func() int { return 80 }}
	if f, ok := out.(*os.File); ok && v.terminal {
		v.width = func() int {
			if w, _, err := term.GetSize(f.Fd()); err == nil && w > 0 {
				return w
			}
			return 80
		}
	}
	return v
}

func downloadEvents(out io.Writer) *downloadView { return &downloadView{out: out, json: true} }

// progress shows where the download is.
func (v *downloadView) progress(s pull.Progress) { v.at(s, time.Now()) }

func (v *downloadView) at(s pull.Progress, now time.Time) {
	if v.since.IsZero() {
		v.since, v.first, v.grew = now, s.Done, now
	}
	if s.Done > v.done {
		v.done, v.grew, v.note = s.Done, now, ""
	}
	if s.Note != "" {
		v.note = s.Note
	}
	switch {
	case v.terminal:
		v.drawn = true
		fmt.Fprintf(v.out, "\r%s\x1b[K", ansi.Truncate(line(v.words(s, now)), v.width()-1, "…"))
	case v.json && (s.Note != "" || v.due(s, now, eventEvery)):
		e := pullEvent{Type: "progress", File: s.File, Done: s.Done, Total: s.Total, Text: s.Note}
		if s.Note != "" {
			e.Type = "notice"
		}
		_ = json.NewEncoder(v.out).Encode(e) // a closed pipe is met at the last event
	case !v.json && (s.Note != "" || v.due(s, now, lineEvery)):
		fmt.Fprintln(v.out, line(v.words(s, now)))
	}
}

// due reports whether it is time for another line, and the end is shown once.
func (v *downloadView) due(s pull.Progress, now time.Time, every time.Duration) bool {
	whole := s.Done == s.Total
	if now.Sub(v.shown) < every && !whole || whole && v.whole {
		return false
	}
	v.shown, v.whole = now, whole
	return true
}

// words say how far the download is and what keeps it, if anything.
func (v *downloadView) words(s pull.Progress, now time.Time) string {
	if s.Total <= 0 {
		return v.note
	}
	text := fmt.Sprintf("%s  %d %%  %s of %s", s.File, s.Done*100/s.Total, config.FormatSize(s.Done), config.FormatSize(s.Total))
	elapsed := v.grew.Sub(v.since)
	switch quiet := now.Sub(v.grew); {
	case v.note != "":
		return text + "  " + v.note
	case quiet >= 5*time.Second && s.Done < s.Total:
		return text + fmt.Sprintf("  nothing for %d s", int(quiet.Seconds()))
	case elapsed >= time.Second && s.Done > v.first && s.Done < s.Total:
		rate := float64(s.Done-v.first) / elapsed.Seconds()
		left := time.Duration(float64(s.Total-s.Done) / rate * float64(time.Second))
		return text + fmt.Sprintf("  %s/s  %s left", config.FormatSize(int64(rate)), formatWait(left))
	}
	return text
}

// end leaves the line as it is and goes to the next.
func (v *downloadView) end() {
	if v.terminal && v.drawn {
		fmt.Fprintln(v.out)
	}
}

// formatWait writes a time for a person.
func formatWait(d time.Duration) string {
	switch {
	case d >= 100*time.Hour:
		return "days"
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	case d >= time.Minute:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d s", int(d.Seconds()+0.5))
}
