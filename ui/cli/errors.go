package cli

import (
	"context"
	"errors"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/gguf/library/pull"
	"github.com/runnel-chat/runnel/infer"
)

// usageError is a command line that makes no sense.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errInterrupted ends a run that the user stopped; it needs no words.
var errInterrupted = errors.New("interrupted")

// usage turns an argument check's error into one of usage.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// exitCode maps an error to its documented code.
func exitCode(err error) int {
	var u usageError
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE): // the reader has seen enough
		return ExitOK
	case errors.As(err, &u):
		return ExitUsage
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return ExitInterrupted
	case errors.Is(err, library.ErrNotFound):
		return ExitNotFound
	case errors.Is(err, infer.ErrDoesNotFit):
		return ExitDoesNotFit
	case errors.Is(err, pull.ErrFailed):
		return ExitDownload
	}
	return ExitFailed
}
