package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"charm.land/fang/v2"
	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/infer/sample"
	"github.com/runnel-chat/runnel/ui/safe"
)

// Streams are what a run of the program reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
}

// Exit codes, a stable contract.
const (
	ExitOK          = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitNotFound    = 3
	ExitDoesNotFit  = 4
	ExitDownload    = 5
	ExitInterrupted = 130
)

// Version, Commit and Date are set by the linker in releases.
var (
	Version = "0.2.0-dev"
	Commit  = ""
	Date    = ""
)

// program is one run: its streams, its configuration and the flags that many
// commands share.
type program struct {
	Streams
	cfg   config.Config
	paths config.Paths
	flags []flagValue // given on the command line, in order

	resume bool // the chat goes on with the last conversation
	forget bool // and keeps nothing
}

// Main runs the command line and returns the exit code.
func Main(ctx context.Context, args []string, s Streams) int {
	// The workers of the engine spin while they wait; two more threads let
	// the screen and the collector run beside them.
	runtime.GOMAXPROCS(runtime.NumCPU() + 2)
	p := &program{Streams: s, paths: config.FindPaths(s.Getenv)}
	root := p.root()
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	var failed error
	keepErrors(root, &failed)
	err := fang.Execute(ctx, root, fang.WithVersion(version()), fang.WithoutManpage(),
		fang.WithErrorHandler(func(io.Writer, fang.Styles, error) {}))
	err = cmp.Or(err, failed)
	code := exitCode(err)
	if code != ExitOK && code != ExitInterrupted {
		fmt.Fprintf(s.Err, "runnel: %s\n", line(err.Error()))
	}
	return code
}

// keepErrors keeps what the commands return from fang, which would ask the
// terminal for its colours first, and wait for an answer that a prompt may
// still be reading.
func keepErrors(c *cobra.Command, into *error) {
	if run := c.RunE; run != nil {
		c.RunE = func(c *cobra.Command, args []string) error {
			*into = run(c, args)
			return nil
		}
	}
	for _, sub := range c.Commands() {
		keepErrors(sub, into)
	}
}

// line is text from outside as one line, with nothing in it that a terminal
// obeys.
func line(s string) string {
	return strings.ReplaceAll(safe.Clean(s).String(), "\n", "; ")
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "runnel [MODEL]",
		Short: "Chat with language models in GGUF files, also those bigger than memory",
		Args:  usage(cobra.MaximumNArgs(1)),
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return p.configure()
		},
		RunE: func(c *cobra.Command, args []string) error { return p.chat(c.Context(), args) },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	p.engineFlags(root)
	p.samplingFlags(root)
	p.remoteFlag(root)
	p.screenReaderFlag(root)
	root.Flags().BoolVarP(&p.resume, "continue", "c", false, "Go on with the last conversation.")
	root.Flags().BoolVar(&p.forget, "no-history", false, "Keep nothing of the conversation on the disk.")
	p.offlineFlag(root)
	root.AddCommand(p.runCommand(), p.listCommand(), p.showCommand(), p.pullCommand(), p.rmCommand(), p.benchCommand(), p.doctorCommand(), p.debugCommand(), p.manCommand())
	return root
}

func version() string {
	v := Version
	commit, date := Commit, Date
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision" && commit == "":
				commit = s.Value
			case s.Key == "vcs.time" && date == "":
				date = s.Value
			}
		}
	}
	for _, part := range []string{commit[:min(12, len(commit))], date} {
		if part != "" {
			v += " " + part
		}
	}
	return v
}

// configure loads the file and the environment and puts the flags that were
// given over them.
func (p *program) configure() (err error) {
	if p.cfg, err = config.Load(p.paths.Config, p.Getenv); err != nil {
		return err
	}
	for _, f := range p.flags {
		if err := f.key.Set(&p.cfg, f.value); err != nil {
			return usageError{err}
		}
	}
	return nil
}

func samplingOptions(c config.Config) sample.Options {
	seed := c.Seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	return sample.Options{
		Temperature: float32(c.Temperature), TopK: c.TopK, TopP: float32(c.TopP), MinP: float32(c.MinP),
		RepeatPenalty: float32(c.RepeatPenalty), RepeatLast: c.RepeatLast, Seed: seed,
	}
}

func (p *program) engineOptions(c config.Config) infer.Options {
	return infer.Options{Context: c.Context, Threads: c.Threads, Memory: c.Memory, KV: c.KV, GPU: c.GPU, Speculate: c.Speculate, Cache: p.paths.Cache}
}

// isTerminal reports whether a stream is one.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(f.Fd())
}

// places are the folders to look for models in.
func (p *program) places() library.Places {
	return library.FindPlaces(p.paths, p.cfg.ModelDirs, p.Getenv)
}

// shown is text for standard output: as it is for a pipe or a file, cleaned
// for a terminal.
func (p *program) shown(s string) string {
	if isTerminal(p.Out) {
		return safe.Clean(s).String()
	}
	return s
}
