package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sahilm/fuzzy"

	"github.com/runnel-chat/runnel/config"
)

// ErrNotFound is matched by the error for a name that no model has, or that
// several could mean.
var ErrNotFound = errors.New("model not found")

// maxShown is how many candidates an error names.
const maxShown = 5

// Resolve finds the file of a model by its path or its name: exactly, else by
// the beginning or a part of the name when only one model has it. For a split
// model it is the path of the first file. The error for none or several names
// the nearest.
func Resolve(ctx context.Context, p Places, name string) (string, error) {
	path, isPath, err := resolvePath(name)
	if isPath {
		return path, err
	}
	entries, err := p.entries(ctx)
	if err != nil {
		return "", err
	}
	name = strings.TrimSuffix(name, ".gguf")
	for _, match := range []func(string) bool{
		func(s string) bool { return s == name },
		func(s string) bool { return strings.EqualFold(s, name) },
		func(s string) bool { return strings.HasPrefix(strings.ToLower(s), strings.ToLower(name)) },
		func(s string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(name)) },
		func(s string) bool { return len(fuzzy.Find(name, []string{s})) > 0 },
	} {
		var found []string
		for _, e := range entries {
			if e.matches(match) {
				path = e.Path
				found = append(found, e.Name)
			}
		}
		if len(found) == 1 {
			return path, nil
		}
		if len(found) > 1 {
			return "", several(name, found)
		}
	}
	return "", none(name, entries)
}

func (e entry) matches(match func(string) bool) bool {
	for _, s := range e.also {
		if match(s) {
			return true
		}
	}
	return match(e.Name) || match(e.short) || match(e.long)
}

// resolvePath reports whether a name is a path, and checks it: a file that is
// there, or what can be nothing else.
func resolvePath(name string) (path string, isPath bool, err error) {
	if rest, ok := strings.CutPrefix(name, "~"+string(filepath.Separator)); ok {
		if home, err := os.UserHomeDir(); err == nil {
			name = filepath.Join(home, rest)
		}
	}
	info, err := os.Stat(name)
	explicit := filepath.IsAbs(name) || strings.HasPrefix(name, ".") || name != "" && os.IsPathSeparator(name[0])
	switch {
	case err == nil && info.Mode().IsRegular():
		return name, true, nil
	case err == nil && explicit && info.IsDir():
		return "", true, fmt.Errorf("%s is a folder, not a model file", name)
	case err == nil && explicit:
		return "", true, fmt.Errorf("%s is not a regular file", name)
	case explicit && errors.Is(err, os.ErrNotExist):
		return "", true, fmt.Errorf("%w: there is no file %s", ErrNotFound, name)
	case explicit:
		return "", true, err
	}
	return "", false, nil
}

func several(name string, found []string) error {
	more := ""
	if len(found) > maxShown {
		more = fmt.Sprintf(" and %d more", len(found)-maxShown)
		found = found[:maxShown]
	}
	return fmt.Errorf("%w: %q could be %s%s", ErrNotFound, name, strings.Join(found, ", "), more)
}

func none(name string, entries []entry) error {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name
	}
	if len(names) == 0 {
		return fmt.Errorf("%w: %q, and no other is on this machine", ErrNotFound, name)
	}
	return fmt.Errorf("%w: %q; the nearest is %q", ErrNotFound, name, config.Nearest(name, names))
}
