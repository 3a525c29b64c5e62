package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/ui/safe"
)

// resolve finds the file of the model that a command is about.
func (p *program) resolve(ctx context.Context, model string) (string, error) {
	if model == "" {
		return "", usageError{errors.New("no model: name one with -m (runnel list shows what is here)")}
	}
	return library.Resolve(ctx, p.places(), model)
}

// open finds the model and opens it.
func (p *program) open(ctx context.Context, model string) (*infer.Engine, error) {
	path, err := p.resolve(ctx, model)
	if err != nil {
		return nil, err
	}
	e, err := infer.Open(ctx, path, p.engineOptions(p.cfg))
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
