package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// readFile sets what a file says. Errors name the file, the line and the key.
func (c *Config) readFile(path string, b []byte) error {
	var table map[string]any
	if err := toml.Unmarshal(b, &table); err != nil {
		var at *toml.DecodeError
		if errors.As(err, &at) {
			line, _ := at.Position()
			return fmt.Errorf("config: %s:%d: %s", path, line, strings.TrimPrefix(at.Error(), "toml: "))
		}
		return fmt.Errorf("config: %s: %w", path, err)
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		if values, ok := table[name].(map[string]any); ok && tables[name] != nil {
			if err := c.readTable(path, b, name, values); err != nil {
				return err
			}
			continue
		}
		k, err := Find(name)
		if err == nil {
			var v string
			if v, err = plain(name, table[name]); err == nil {
				err = k.Set(c, v)
			}
		}
		if err != nil {
			return fmt.Errorf("config: %s:%d: %w", path, lineOf(b, name), err)
		}
	}
	return nil
}

// plain is a TOML value in the form that the environment would give it.
func plain(name string, v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case int64, float64, bool:
		return fmt.Sprint(v), nil
	case []any:
		var parts []string
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return "", fmt.Errorf("%s is not a list of strings", name)
			}
			parts = append(parts, s)
		}
		return strings.Join(parts, string(filepath.ListSeparator)), nil
	}
	return "", fmt.Errorf("%s has no value of a kind that belongs there", name)
}

// lineOf finds the line that sets a top-level key.
func lineOf(b []byte, name string) int {
	for i, line := range bytes.Split(b, []byte("\n")) {
		key, _, ok := bytes.Cut(line, []byte("="))
		if ok && string(bytes.Trim(bytes.TrimSpace(key), `"'`)) == name {
			return i + 1
		}
	}
	return 1
}
