package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/runnel-chat/runnel/assets"
	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/infer/chat/store"
	"github.com/runnel-chat/runnel/ui"
)

// greeting is said when the guide is opened.
const greeting = "This is Runnel's built-in guide, a very small model that is part of the program. " +
	"It explains Runnel and knows nothing else, it can be wrong, and it takes each question by itself.\n" +
	"Ask, for example: How do I get a model? A real one comes with runnel pull; Ctrl-L shows those on this machine."

// chat opens the chat with a model, or with the choice of one.
func (p *program) chat(ctx context.Context, args []string) error {
	terminal := isTerminal(p.In) && isTerminal(p.Out)
	lines := p.cfg.ScreenReader || terminal && p.Getenv("TERM") == "dumb"
	if !lines && !terminal {
		return usageError{errors.New("the chat needs a terminal; runnel run answers one prompt without it")}
	}
	named := ""
	if len(args) == 1 {
		named = args[0]
	}
	model, err := p.model(named)
	if err != nil {
		return err
	}
	keys, err := ui.ParseKeys(p.cfg.Bindings)
	if err != nil {
		return err
	}
	o := ui.Options{
		Config:   p.cfg,
		Keys:     keys,
		Continue: p.resume,
		Model:    model,
		Models:   p.models,
		Remotes:  p.remoteModels,
		Resolve:  p.find,
		Open:     p.engine,
		Pull:     p.pullInChat,
		Fit:      p.fitWords,
		Request:  request,
		Guide:    assets.GuideName,
		Greeting: greeting,
	}
	run := ui.Run
	if lines {
		run, o.In, o.Out = ui.RunLines, p.In, p.Out
	}
	if p.forget {
		return run(ctx, o)
	}
	s, err := store.Open(filepath.Join(p.paths.Data, "chats.db"))
	if err != nil {
		o.Notice = "This conversation is not kept on the disk: " + err.Error()
		return run(ctx, o)
	}
	o.Store, o.Notice = s, s.Notice()
	return errors.Join(run(ctx, o), s.Close())
}

// fitWords says in a few words whether a model fits this machine's memory.
func (p *program) fitWords(m library.Model) string {
	f, err := header(m.Path)
	if err != nil {
		return ""
	}
	e, err := infer.EstimateMemory(f, p.engineOptions(p.cfg))
	switch {
	case errors.Is(err, infer.ErrUnsupported):
		return "not supported"
	case err != nil:
		return ""
	case e.Fits && e.DecodeTPS > 0:
		return fmt.Sprintf("fits, %.1f tokens/s", e.DecodeTPS)
	case e.Fits:
		return "fits"
	case e.DecodeTPS > 0:
		return fmt.Sprintf("streams, %.1f tokens/s", e.DecodeTPS)
	}
	return "streams"
}
