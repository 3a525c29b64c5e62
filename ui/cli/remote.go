package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/infer/remote"
	"github.com/runnel-chat/runnel/ui"
)

// remoteKey holds the key of a server that the configuration does not name.
const remoteKey = "RUNNEL_REMOTE_KEY"

var errOffline = errors.New("offline is set: no server is asked")

// server finds the server behind an address or a name of [remotes], and the
// model of it that is meant: "" is its only one.
func (p *program) server(name string) (s remote.Server, model string, ok bool) {
	r, known := p.cfg.Remotes[name]
	if !known && !remote.IsAddress(name) {
		return s, "", false
	}
	if known {
		s = remote.Server{Name: name, URL: r.URL}
	} else {
		s.URL, model = remote.SplitAddress(name)
		s.Key = p.Getenv(remoteKey)
		for other, o := range p.cfg.Remotes {
			if o.URL == s.URL {
				s.Name, r, known = other, o, true
			}
		}
	}
	if known {
		s.Key = ""
		if r.KeyEnv != "" {
			s.Key = p.Getenv(r.KeyEnv)
		}
		if model == "" {
			model = r.Model
		}
	}
	return s, model, true
}

// model is the model that is asked for: the one that was named, of the server
// that the settings choose, if they do. The model key of the configuration is
// a file; only a flag names one of a server.
func (p *program) model(named string) (string, error) {
	if p.cfg.Remote == "" {
		if named == "" {
			return p.cfg.Model, nil
		}
		return named, nil
	}
	s, model, ok := p.server(p.cfg.Remote)
	if !ok {
		return "", usageError{fmt.Errorf("remote = %q is neither an address such as http://localhost:8080/v1 nor a server of the configuration%s",
			p.cfg.Remote, p.nearestServer())}
	}
	for _, f := range p.flags {
		if f.key.Name == "model" && named == "" {
			named = f.value
		}
	}
	if named == "" {
		named = model
	}
	return s.Address(named), nil
}

func (p *program) nearestServer() string {
	names := slices.Sorted(maps.Keys(p.cfg.Remotes))
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("; the nearest is %q", config.Nearest(p.cfg.Remote, names))
}

// find finds what a name stands for: the address of a server's model, or the
// path of a file.
func (p *program) find(ctx context.Context, name string) (string, error) {
	if s, model, ok := p.server(name); ok {
		return s.Address(model), nil
	}
	return p.resolve(ctx, name)
}

// answerer is engine for a name, with what open has to say of a file.
func (p *program) answerer(ctx context.Context, name string) (ui.Engine, error) {
	if _, _, ok := p.server(name); ok {
		return p.engine(ctx, name, p.cfg)
	}
	e, err := p.open(ctx, name)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// engine opens the model of a file or of a server.
func (p *program) engine(ctx context.Context, path string, c config.Config) (ui.Engine, error) {
	// Neither *Engine may end up in the interface when it is nil.
	if s, model, ok := p.server(path); ok {
		if c.Offline {
			return nil, errOffline
		}
		e, err := s.Open(ctx, model)
		if err != nil {
			return nil, err
		}
		return e, nil
	}
	e, err := openPath(ctx, path, p.engineOptions(c))
	if err != nil {
		return nil, err
	}
	e.Warm()
	return e, nil
}

// remoteModels lists the models of every server that is known, asked all at
// once.
func (p *program) remoteModels(ctx context.Context) []library.Model {
	if p.cfg.Offline {
		return nil
	}
	names := slices.Sorted(maps.Keys(p.cfg.Remotes))
	if _, known := p.cfg.Remotes[p.cfg.Remote]; p.cfg.Remote != "" && !known {
		names = append(names, p.cfg.Remote)
	}
	of := make([][]library.Model, len(names))
	var asked sync.WaitGroup
	for i, name := range names {
		asked.Go(func() {
			s, _, ok := p.server(name)
			if !ok {
				return
			}
			models, err := s.Models(ctx)
			if err != nil {
				of[i] = []library.Model{{Name: name, Path: name, Err: err}}
			}
			for _, m := range models {
				of[i] = append(of[i], library.Model{Name: m.ID, Path: s.Address(m.ID), Arch: "on " + s.Label(), Context: m.Context})
			}
		})
	}
	asked.Wait()
	return slices.Concat(of...)
}
