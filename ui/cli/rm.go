package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/runnel-chat/runnel/assets"
	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/gguf/library"
)

func (p *program) rmCommand() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "rm MODEL",
		Short: "Delete a model from this machine",
		Long: "Delete the files of a model, when they are in the program's own folder or in the\n" +
			"Hugging Face cache. What another program keeps is left to it.",
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, stop := interruptible(c.Context())
			defer stop()
			return p.remove(ctx, args[0], yes)
		},
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "Do not ask.")
	return c
}

// remove asks and deletes.
func (p *program) remove(ctx context.Context, name string, yes bool) error {
	if name == assets.GuideName {
		return errors.New("the guide is part of the program and stays; nothing was deleted")
	}
	r, err := library.PlanRemoval(ctx, p.places(), name)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%s, %s", line(r.Name), config.FormatSize(r.Bytes))
	if !yes {
		if !isTerminal(p.In) || !isTerminal(p.Err) {
			return usageError{fmt.Errorf("to delete %s without a terminal to ask on, say --yes", what)}
		}
		for _, path := range r.Paths {
			fmt.Fprintf(p.Err, "  %s\n", line(path))
		}
		fmt.Fprintf(p.Err, "Delete %s? [y/N] ", what)
		agreed, err := p.agrees(ctx)
		if err != nil {
			return err
		}
		if !agreed {
			return errors.New("nothing was deleted")
		}
	}
	if err := r.Do(); err != nil {
		return err
	}
	fmt.Fprintf(p.Err, "deleted %s\n", what)
	return nil
}

// agrees reads a line and reports whether it says yes. When ctx ends first,
// the read is left to the end of the program: nothing else ends it.
func (p *program) agrees(ctx context.Context) (bool, error) {
	answer := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(p.In).ReadString('\n') // an end of input is no yes
		answer <- strings.ToLower(strings.TrimSpace(text))
	}()
	select {
	case s := <-answer:
		return s == "y" || s == "yes", nil
	case <-ctx.Done():
		fmt.Fprintln(p.Err)
		return false, errInterrupted
	}
}
