package markdown

import "strings"

// cut finds the first chunk of text: its length, with the blank lines that
// follow it. ok says that no more text can change it; final that no more text
// will come.
func cut(text string, final bool) (n int, ok bool) {
	if _, open := openFence(text); open {
		return cutFence(text, final)
	}
	list := isItem(text)
	for line := range strings.Lines(text) {
		if n > 0 && blankBefore(text, n) && !blank(line) {
			if !strings.HasSuffix(line, "\n") && !final {
				return 0, false // it may yet turn out to be an item
			}
			indent := len(line) - len(strings.TrimLeft(line, " "))
			if indent < 2 && !(list && isItem(line)) {
				return n, true
			}
		}
		if _, open := openFence(line); open && n > 0 && (strings.HasSuffix(line, "\n") || final) && !list {
			return n, true // a fence ends a paragraph
		}
		n += len(line)
		if n > maxChunk && strings.HasSuffix(line, "\n") {
			return n, true
		}
	}
	return n, final && n > 0
}

// maxChunk bounds a chunk that never ends, and so the cost of a token.
const maxChunk = 8 << 10

func blank(line string) bool { return strings.TrimSpace(line) == "" }

// blankBefore reports whether the line that ends at n is blank.
func blankBefore(text string, n int) bool {
	return blank(text[strings.LastIndexByte(text[:n-1], '\n')+1 : n])
}

// isItem reports whether a list item begins text.
func isItem(text string) bool {
	text = strings.TrimLeft(text, " ")
	digits := 0
	for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	if digits > 0 && digits < len(text) && (text[digits] == '.' || text[digits] == ')') {
		text = text[digits:]
	} else if digits > 0 || text == "" || !strings.ContainsRune("-*+", rune(text[0])) {
		return false
	}
	return len(text) > 1 && text[1] == ' '
}

// fence is how a code block opens: its indentation, its marks and the word
// that names the language.
type fence struct {
	indent int
	mark   byte
	marks  int
	lang   string
}

// openFence reads the opening fence at the beginning of text.
func openFence(text string) (f fence, ok bool) {
	line, _, _ := strings.Cut(text, "\n")
	rest := strings.TrimLeft(line, " ")
	f.indent = len(line) - len(rest)
	if f.indent > 3 || rest == "" || rest[0] != '`' && rest[0] != '~' {
		return f, false
	}
	f.mark = rest[0]
	for f.marks < len(rest) && rest[f.marks] == f.mark {
		f.marks++
	}
	info := strings.TrimSpace(rest[f.marks:])
	if f.marks < 3 || f.mark == '`' && strings.ContainsRune(info, '`') {
		return f, false
	}
	f.lang, _, _ = strings.Cut(info, " ")
	return f, true
}

// closes reports whether line is the closing fence.
func (f fence) closes(line string) bool {
	line = strings.TrimRight(line, " \t\n")
	rest := strings.TrimLeft(line, " ")
	return len(line)-len(rest) <= 3 && len(rest) >= f.marks && strings.Trim(rest, string(f.mark)) == ""
}

// strip takes the fence's own indentation off a line of code.
func (f fence) strip(line string) string {
	for range f.indent {
		line = strings.TrimPrefix(line, " ")
	}
	return line
}

func cutFence(text string, final bool) (n int, ok bool) {
	f, _ := openFence(text)
	closed := false
	for line := range strings.Lines(text) {
		if closed && !blank(line) {
			return n, true
		}
		if !closed && n > 0 && f.closes(line) && (strings.HasSuffix(line, "\n") || final) {
			closed = true
		}
		n += len(line)
	}
	return n, closed || final
}
