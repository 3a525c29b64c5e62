package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Remote is a server that speaks the OpenAI protocol.
type Remote struct {
	URL    string
	KeyEnv string // the environment variable that holds its key; "": it needs none
	Model  string // the one to use where none is named; "": the only one it has
}

// readRemote reads one server of the table [remotes].
func readRemote(value any) (r Remote, err error) {
	fields := map[string]*string{"url": &r.URL, "key_env": &r.KeyEnv, "model": &r.Model}
	table, ok := value.(map[string]any)
	if !ok {
		return r, errors.New(`a server is a table, such as { url = "http://localhost:8080/v1" }`)
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		at, ok := fields[name]
		if !ok {
			return r, fmt.Errorf("unknown key %q; a server has url, key_env and model", name)
		}
		if *at, ok = table[name].(string); !ok {
			return r, fmt.Errorf("%s is not a string", name)
		}
	}
	if r.URL == "" {
		return r, errors.New("a server needs its url")
	}
	return r, nil
}
