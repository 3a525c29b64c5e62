package pull

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName bounds a path that a server sends.
const maxName = 200

// device is a name that Windows keeps for itself, with any ending.
var device = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$`)

// isSafePath reports whether a path that a server sent, with slashes, may
// become one on this machine: below the folder it is for, on every system,
// and without anything that a terminal or a shell trips over.
func isSafePath(s string) bool {
	if len(s) > maxName || s == "." || !utf8.ValidString(s) || !fs.ValidPath(s) || !filepath.IsLocal(filepath.FromSlash(s)) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) || strings.ContainsRune(`\:*?"<>|`, r) {
			return false
		}
	}
	for part := range strings.SplitSeq(s, "/") {
		if device.MatchString(part) || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".") || strings.TrimSpace(part) != part {
			return false
		}
	}
	return true
}

// isGGUF reports whether a name is that of a model file.
func isGGUF(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".gguf") }
