package gguf

import (
	"errors"
	"fmt"
	"strings"
)

// ErrMissing is matched by the error of a getter whose key or tensor the file
// does not have.
var ErrMissing = errors.New("missing")

// FormatError says what is wrong with a file and where.
type FormatError struct {
	Path   string // base name of the file, when it was opened by path
	Off    int64  // bytes from the start of the file; -1 when no place is to blame
	Key    string // the metadata key concerned, or ""
	Tensor string // the tensor concerned, or ""
	Why    string
}

// Error quotes every name that comes from the file.
func (e *FormatError) Error() string {
	var b strings.Builder
	b.WriteString("gguf: ")
	if e.Path != "" {
		fmt.Fprintf(&b, "%q: ", e.Path)
	}
	switch {
	case e.Tensor != "":
		fmt.Fprintf(&b, "tensor %q ", clip(e.Tensor))
	case e.Key != "":
		fmt.Fprintf(&b, "key %q ", clip(e.Key))
	}
	if e.Off >= 0 {
		fmt.Fprintf(&b, "at %#x", e.Off)
	}
	return strings.TrimSuffix(b.String(), " ") + ": " + e.Why
}

// clip keeps a hostile name from filling the screen.
func clip(s string) string {
	const limit = 80
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "…"
}
