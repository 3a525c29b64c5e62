package config

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Binding is what the table [keys] says of one action. What actions and
// keys there are is for the screen to know.
type Binding struct {
	Keys []string // none: the action has no key
	At   string   // file and line, for errors
}

// tables are the parts of the file that hold names of the user's own choice.
var tables = map[string]func(c *Config, name, at string, value any) error{
	"keys": func(c *Config, name, at string, value any) error {
		keys, err := stringList(value)
		if err != nil {
			return err
		}
		c.Bindings[name] = Binding{keys, at}
		return nil
	},
	"presets": func(c *Config, name, _ string, value any) error {
		s, ok := value.(string)
		if !ok {
			return fmt.Errorf("a preset is a text")
		}
		if name == "" || strings.ContainsAny(name, " \t\n") {
			return fmt.Errorf("the name of a preset has no blanks")
		}
		c.Presets[name] = s
		return nil
	},
	"remotes": func(c *Config, name, _ string, value any) error {
		r, err := readRemote(value)
		c.Remotes[name] = r
		return err
	},
}

// readTable reads one of them.
func (c *Config) readTable(path string, b []byte, table string, values map[string]any) error {
	c.Bindings, c.Presets, c.Remotes = orEmpty(c.Bindings), orEmpty(c.Presets), orEmpty(c.Remotes)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		at := fmt.Sprintf("%s:%d", path, lineIn(b, table, name))
		if err := tables[table](c, name, at, values[name]); err != nil {
			return fmt.Errorf("config: %s: %s.%s: %w", at, table, name, err)
		}
	}
	return nil
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	return m
}

// stringList is a string, "" being none, or a list of strings.
func stringList(v any) ([]string, error) {
	switch v := v.(type) {
	case string:
		if v == "" {
			return nil, nil
		}
		return []string{v}, nil
	case []any:
		out := make([]string, len(v))
		for i := range v {
			s, ok := v[i].(string)
			if !ok {
				return nil, fmt.Errorf("neither a string nor a list of strings")
			}
			out[i] = s
		}
		return out, nil
	}
	return nil, fmt.Errorf("neither a string nor a list of strings")
}

// lineIn finds the line that sets a key of a table, else the table's own.
func lineIn(b []byte, table, name string) int {
	within, line := false, 1
	for i, l := range bytes.Split(b, []byte("\n")) {
		l = bytes.TrimSpace(l)
		if head, ok := bytes.CutPrefix(l, []byte("[")); ok {
			head, _, _ = bytes.Cut(head, []byte("]"))
			head = bytes.TrimSpace(head)
			if within = string(head) == table; within || string(head) == table+"."+name {
				line = i + 1
			}
			continue
		}
		key, _, ok := bytes.Cut(l, []byte("="))
		if word := string(bytes.Trim(bytes.TrimSpace(key), `"'`)); ok && (within && word == name || word == table+"."+name) {
			return i + 1
		}
	}
	return line
}
