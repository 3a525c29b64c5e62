package markdown

// Style is the escape sequence that switches a look on; "" is plain text.
type Style string

const reset = "\x1b[m"

// Paint returns s in the style, and plain text after it.
func (p Style) Paint(s string) string {
	if p == "" || s == "" {
		return s
	}
	return string(p) + s + reset
}

// Styles are the looks of the parts of a document.
type Styles struct {
	Heading, Strong, Emphasis, Strike Style
	Code, Link, Dim                   Style

	Keyword, String, Number, Comment, Name Style // of code blocks
	Added, Removed                         Style // of diffs
}
