package config

import (
	"fmt"
	"os"
	"strings"
)

// Config is everything a user can set. Sizes are in bytes; 0 means that the
// program decides, unless a key says otherwise.
type Config struct {
	Model     string   // path or name to open at start
	ModelDirs []string // further folders with model files
	System    string   // system prompt
	Context   int
	Threads   int
	Memory    int64
	GPU       string
	KV        string
	MaxTokens int
	Speculate string

	Temperature   float64
	TopK          int
	TopP          float64
	MinP          float64
	RepeatPenalty float64
	RepeatLast    int
	Seed          uint64 // 0: a new one each time

	Offline bool   // no connections
	Remote  string // a server to ask: a name of Remotes, or an address

	TypeAhead bool // read what is typed before it is sent

	Theme string
	Panel string

	ScreenReader bool // lines instead of a screen

	// Of the file alone.
	Bindings map[string]Binding // [keys], by action
	Presets  map[string]string  // [presets], texts by name
	Remotes  map[string]Remote  // servers by the names that the user gave them
}

// Default returns the built-in configuration.
func Default() Config {
	var c Config
	for _, k := range Keys {
		if err := k.Set(&c, k.Default); err != nil {
			panic(fmt.Sprintf("config: default of %s: %v", k.Name, err))
		}
	}
	return c
}

// Load reads the file at path, if there is one, and the environment over the
// defaults. getenv is os.Getenv outside of tests.
func Load(path string, getenv func(string) string) (Config, error) {
	c := Default()
	b, err := os.ReadFile(path)
	switch {
	case err == nil:
		if err := c.readFile(path, b); err != nil {
			return c, err
		}
	case !os.IsNotExist(err):
		return c, fmt.Errorf("config: %w", err)
	}
	for _, k := range Keys {
		name := k.Env()
		v := getenv(name)
		if v == "" {
			continue
		}
		if err := k.Set(&c, v); err != nil {
			return c, fmt.Errorf("config: environment %s: %w", name, err)
		}
	}
	return c, nil
}

// Env is the name of the key's environment variable.
func (k Key) Env() string { return "RUNNEL_" + strings.ToUpper(k.Name) }
