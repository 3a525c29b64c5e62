package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/runnel-chat/runnel/assets"
	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/ui/safe"
)

// resolve finds the file of the model that a command is about. The guide has
// none: its name stands for it, and a file of that name is ./guide.
func (p *program) resolve(ctx context.Context, model string) (string, error) {
	if model == "" {
		return "", usageError{errors.New("no model: name one with -m (runnel list shows what is here)")}
	}
	if model == assets.GuideName {
		return model, nil
	}
	return library.Resolve(ctx, p.places(), model)
}

// header reads the header of what resolve has found.
func header(path string) (*gguf.File, error) {
	if path == assets.GuideName {
		return gguf.FromBytes(path, assets.Guide)
	}
	return library.Open(path)
}

// models lists what is on this machine, and the guide as the last.
func (p *program) models(ctx context.Context) ([]library.Model, error) {
	list, err := library.Find(ctx, p.places())
	if err != nil {
		return nil, err
	}
	f, err := header(assets.GuideName)
	if err != nil {
		return nil, err
	}
	return append(list, library.BuiltInModel(f)), nil
}

// openPath opens what resolve has found.
func openPath(ctx context.Context, path string, o infer.Options) (*infer.Engine, error) {
	if path != assets.GuideName {
		return infer.Open(ctx, path, o)
	}
	f, err := header(path)
	if err != nil {
		return nil, err
	}
	return infer.OpenFile(ctx, f, path, o)
}

// request is how to answer. The guide recites what it has learned, so it never
// draws.
func request(c config.Config, model infer.Info) infer.Request {
	r := infer.Request{Sample: samplingOptions(c), MaxTokens: c.MaxTokens}
	if model.Path == assets.GuideName {
		r.Sample.Temperature = 0
	}
	return r
}

// open finds the model and opens it.
func (p *program) open(ctx context.Context, model string) (*infer.Engine, error) {
	path, err := p.resolve(ctx, model)
	if err != nil {
		return nil, err
	}
	e, err := openPath(ctx, path, p.engineOptions(p.cfg))
	if errors.Is(err, os.ErrNotExist) { // a part of it
		return nil, fmt.Errorf("%w: %w", library.ErrNotFound, err)
	}
	if err != nil {
		return nil, err
	}
	if n, err := strconv.Atoi(p.cfg.GPU); err == nil && n > 0 && e.Stats().GPU.Name == "" {
		fmt.Fprintln(p.Err, "note: no GPU is used:", safe.Clean(e.Stats().GPU.Unused))
	}
	return e, nil
}

// interruptible is a context that the first interrupt ends; the second one
// ends the program as if nobody listened.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
