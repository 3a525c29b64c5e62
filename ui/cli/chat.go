package cli

import (
	"context"
	"errors"
)

// chat opens the chat with a model, or with the choice of one.
func (p *program) chat(_ context.Context, _ []string) error {
	if !isTerminal(p.In) || !isTerminal(p.Out) {
		return usageError{errors.New("the chat needs a terminal; runnel run answers one prompt without it")}
	}
	return errors.New("this build has no chat; runnel run answers one prompt")
}
