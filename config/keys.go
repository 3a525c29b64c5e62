package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Key is one setting.
type Key struct {
	Name    string
	Default string
	Doc     string // a sentence, with the legal range
	Set     func(c *Config, value string) error
}

// Keys lists every setting, in the order of the documentation.
var Keys = []Key{
	text("model", "", "Model to open at start: a path or a name from `runnel list`.", func(c *Config) *string { return &c.Model }),
	{"model_dirs", "", "Further folders with model files, separated by the system's list separator.", func(c *Config, v string) error {
		c.ModelDirs = nil
		for _, d := range filepath.SplitList(v) {
			if d != "" {
				c.ModelDirs = append(c.ModelDirs, d)
			}
		}
		return nil
	}},
	text("system", "", "System prompt of new chats.", func(c *Config) *string { return &c.System }),
	whole("context", 0, 1<<24, "0", "Context in tokens; 0 is what the model was trained for.", func(c *Config) *int { return &c.Context }),
	whole("threads", 0, 1024, "0", "Worker threads; 0 is one a core.", func(c *Config) *int { return &c.Threads }),
	{"memory", "0", "Memory budget such as 2GiB; 0 is what the machine has to give.", func(c *Config, v string) (err error) {
		c.Memory, err = ParseSize(v)
		return err
	}},
	{"gpu", "auto", "Use of a GPU: auto, off, or a number of layers.", func(c *Config, v string) error {
		if n, err := strconv.Atoi(v); v != "auto" && v != "off" && (err != nil || n < 0) {
			return fmt.Errorf("gpu = %q is none of auto, off or a number of layers", v)
		}
		c.GPU = v
		return nil
	}},
	choice("kv", "f16", []string{"f16", "f32", "q8_0"}, "Storage of keys and values: f16, f32 or q8_0.", func(c *Config) *string { return &c.KV }),
	choice("speculate", "auto", []string{"auto", "on", "off"}, "Compute ahead what the text suggests: auto (where weights stream), on or off. The answer is the same.", func(c *Config) *string { return &c.Speculate }),
	whole("max_tokens", 0, 1<<24, "0", "Longest answer in tokens; 0 is until the context is full.", func(c *Config) *int { return &c.MaxTokens }),
	number("temperature", 0, 5, "0.8", "Randomness, 0 to 5; 0 always takes the likeliest token.", func(c *Config) *float64 { return &c.Temperature }),
	whole("top_k", 0, 1<<20, "40", "Draw from the k likeliest tokens; 0 is all.", func(c *Config) *int { return &c.TopK }),
	number("top_p", 0, 1, "0.95", "Draw from the likeliest tokens that reach this probability, 0 to 1; 1 is all.", func(c *Config) *float64 { return &c.TopP }),
	number("min_p", 0, 1, "0.05", "Draw from tokens at least this likely against the likeliest, 0 to 1; 0 is all.", func(c *Config) *float64 { return &c.MinP }),
	number("repeat_penalty", 0.1, 10, "1", "Makes recent tokens less likely, 0.1 to 10; 1 is off.", func(c *Config) *float64 { return &c.RepeatPenalty }),
	whole("repeat_last_n", 0, 1<<16, "64", "How many recent tokens the penalty looks at.", func(c *Config) *int { return &c.RepeatLast }),
	{"seed", "0", "Seed of the draw; the same seed gives the same answer, 0 a new one each time.", func(c *Config, v string) (err error) {
		if c.Seed, err = strconv.ParseUint(v, 10, 64); err != nil {
			return fmt.Errorf("seed = %q is not a whole number", v)
		}
		return nil
	}},
	text("remote", "", "Server to ask instead of a model file: an address such as http://localhost:8080/v1, or a name of [remotes].", func(c *Config) *string { return &c.Remote }),
	truth("offline", "false", "Never open a connection: true or false.", func(c *Config) *bool { return &c.Offline }),
	truth("type_ahead", "true", "Read a message while it is being typed, so that the answer begins sooner: true or false.", func(c *Config) *bool { return &c.TypeAhead }),
	choice("theme", "auto", []string{"auto", "dark", "light"}, "Colours: auto (the terminal's background decides), dark or light.", func(c *Config) *string { return &c.Theme }),
	choice("panel", "full", []string{"full", "line", "off"}, "Live figures beside the chat: full, line or off.", func(c *Config) *string { return &c.Panel }),
	truth("screen_reader", "false", "Chat in plain lines instead of a screen, for screen readers and simple terminals: true or false.", func(c *Config) *bool { return &c.ScreenReader }),
}

// Find returns the key of that name; the error names the nearest one.
func Find(name string) (Key, error) {
	for _, k := range Keys {
		if k.Name == name {
			return k, nil
		}
	}
	names := make([]string, len(Keys))
	for i, k := range Keys {
		names[i] = k.Name
	}
	return Key{}, fmt.Errorf("unknown key %q; the nearest is %q", name, Nearest(name, names))
}

func text(name, def, doc string, at func(*Config) *string) Key {
	return Key{name, def, doc, func(c *Config, v string) error {
		*at(c) = v
		return nil
	}}
}

func choice(name, def string, of []string, doc string, at func(*Config) *string) Key {
	return Key{name, def, doc, func(c *Config, v string) error {
		if !slices.Contains(of, v) {
			return fmt.Errorf("%s = %q is none of %s", name, v, strings.Join(of, ", "))
		}
		*at(c) = v
		return nil
	}}
}

func truth(name, def, doc string, at func(*Config) *bool) Key {
	return Key{name, def, doc, func(c *Config, v string) error {
		b, err := strconv.ParseBool(v)
		if err != nil {
			return fmt.Errorf("%s = %q is neither true nor false", name, v)
		}
		*at(c) = b
		return nil
	}}
}

func whole(name string, lo, hi int, def, doc string, at func(*Config) *int) Key {
	return Key{name, def, doc, func(c *Config, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil {
			return fmt.Errorf("%s = %q is not a whole number", name, v)
		}
		if n < lo || n > hi {
			return fmt.Errorf("%s = %d is outside %d..%d", name, n, lo, hi)
		}
		*at(c) = n
		return nil
	}}
}

func number(name string, lo, hi float64, def, doc string, at func(*Config) *float64) Key {
	return Key{name, def, doc, func(c *Config, v string) error {
		x, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return fmt.Errorf("%s = %q is not a number", name, v)
		}
		if !(x >= lo && x <= hi) {
			return fmt.Errorf("%s = %g is outside %g..%g", name, x, lo, hi)
		}
		*at(c) = x
		return nil
	}}
}
