package ui

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Keys are named as tea.Key.String names them: modifiers in this order, then
// a name or a single character.
var modifiers = []string{"ctrl", "alt", "shift", "meta", "hyper", "super"}

// namedKeys are those with a name, and how that is shown.
var namedKeys = map[string]string{
	"enter": "Enter", "tab": "Tab", "backspace": "Backspace", "esc": "Esc", "space": "Space",
	"up": "↑", "down": "↓", "left": "←", "right": "→", "home": "Home", "end": "End",
	"pgup": "PgUp", "pgdown": "PgDn", "insert": "Insert", "delete": "Delete",
	"begin": "Begin", "find": "Find", "select": "Select",
}

func init() {
	for i := 1; i <= 63; i++ {
		namedKeys[fmt.Sprintf("f%d", i)] = fmt.Sprintf("F%d", i)
	}
}

// sameByte are keys that most terminals cannot tell from others.
var sameByte = map[string]string{"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+[": "esc"}

// parseKey brings what a user wrote into the form of tea.Key.String.
func parseKey(text string) (string, error) {
	rest, mods := text, map[string]bool{}
	for {
		word, after, ok := strings.Cut(rest, "+")
		word = strings.ToLower(word)
		if !ok || after == "" || !slices.Contains(modifiers, word) {
			break
		}
		mods[word], rest = true, after
	}
	switch lower := strings.ToLower(rest); {
	case namedKeys[lower] != "":
		rest = lower
	case utf8.RuneCountInString(rest) != 1 || !utf8.ValidString(rest) || !unicode.IsGraphic([]rune(rest)[0]) || rest == " ":
		return "", fmt.Errorf("%q is no key such as ctrl+s, f5, alt+enter or x", text)
	case len(mods) > 0:
		rest = lower
	}
	var b strings.Builder
	for _, m := range modifiers {
		if mods[m] {
			b.WriteString(m + "+")
		}
	}
	b.WriteString(rest)
	name := b.String()
	if same := sameByte[name]; same != "" {
		return "", fmt.Errorf("terminals send %s for %s", same, text)
	}
	return name, nil
}

// typed tells whether a key writes a character.
func typed(name string) bool { return utf8.RuneCountInString(name) == 1 || name == "space" }

// keyLabel is a key as it is shown.
func keyLabel(name string) string {
	parts := strings.Split(name, "+")
	if strings.HasSuffix(name, "+") { // the plus itself
		parts = append(parts[:len(parts)-2], "+")
	}
	last := len(parts) - 1
	for i, p := range parts {
		switch {
		case i < last:
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		case namedKeys[p] != "":
			parts[i] = namedKeys[p]
		case last > 0:
			parts[i] = strings.ToUpper(p)
		}
	}
	return strings.Join(parts, "-")
}
