package ui

import (
	"context"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/infer/chat"
)

// Engine answers. *infer.Engine is one, *remote.Engine another; tests have
// their own.
type Engine interface {
	Generate(ctx context.Context, msgs []chat.Message, r infer.Request) *infer.Stream
	Stats() infer.Stats
	Info() infer.Info
	Close() error
}

// Weighty is an engine whose weights are in the memory of this machine.
type Weighty interface {
	// WeightMap appends where the weights of each layer are.
	WeightMap(m []infer.LayerMap) []infer.LayerMap
	// SetMemory changes the budget, also during an answer.
	SetMemory(bytes int64) error
}

// Options are what the chat is made of. The functions run in commands, off
// the screen's goroutine.
type Options struct {
	Config config.Config
	Keys   *Keys  // nil: the built-in ones
	Model  string // path or name to open at once; "" shows the picker, or opens the guide

	// Models lists the model files of this machine.
	Models func(ctx context.Context) ([]library.Model, error)
	// Remotes lists the models of the servers that the user has named, those
	// that cannot be asked with their error; nil: there are none.
	Remotes func(ctx context.Context) []library.Model
	// Resolve finds the file behind a path or name.
	Resolve func(ctx context.Context, name string) (string, error)
	// Open opens a model file with the settings as they are now.
	Open func(ctx context.Context, path string, c config.Config) (Engine, error)
	// Pull downloads a model and returns the path of its first file; nil:
	// nothing can be downloaded. progress may be called from any goroutine.
	Pull func(ctx context.Context, ref string, progress func(Progress)) (path string, err error)
	// Fit says in a few words whether a model fits the memory; "" is not known.
	Fit func(m library.Model) string
	// Request makes the request of the next answer.
	Request func(c config.Config, model infer.Info) infer.Request

	// Guide is the name of the model to open when there is no other, and
	// Greeting what is said when it is opened.
	Guide, Greeting string

	// Store keeps the conversations; nil: nothing is kept.
	Store Store
	// Notice is shown at the start, if not empty.
	Notice string
	// Continue resumes the newest conversation.
	Continue bool

	// Clipboard sets the desktop's clipboard; nil is the real one.
	Clipboard func(text string) error

	In  io.Reader // nil: the terminal
	Out io.Writer
	Now func() time.Time // nil: time.Now
}

// Run shows the chat until the user leaves it or ctx ends.
func Run(ctx context.Context, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := New(ctx, o)
	opts := []tea.ProgramOption{tea.WithContext(ctx)}
	if o.In != nil {
		opts = append(opts, tea.WithInput(o.In))
	}
	if o.Out != nil {
		opts = append(opts, tea.WithOutput(o.Out))
	}
	var clock frameClock
	clock.program = tea.NewProgram(paced{m, &clock}, opts...)
	_, err := clock.program.Run()
	clock.stop()
	cancel()
	if cerr := m.close(); err == nil {
		err = cerr
	}
	return err
}
