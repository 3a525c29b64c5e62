package ui

import "github.com/runnel-chat/runnel/ui/markdown"

// theme is every look on the screen, in the terminal's own sixteen colours,
// so that the chat looks at home. Without colours (NO_COLOR, a dumb terminal)
// the renderer drops them and the weights remain.
type theme struct {
	text   markdown.Styles
	user   markdown.Style // the mark of the user's messages
	model  markdown.Style // the mark of the model's
	accent markdown.Style // what is selected, the composer's mark
	dim    markdown.Style
	strong markdown.Style
	warn   markdown.Style
	bad    markdown.Style
	good   markdown.Style
	bar    markdown.Style // filled part of a bar
}

// newTheme picks looks for a dark or a light background.
func newTheme(dark bool) *theme {
	t := &theme{
		user: "\x1b[1;34m", model: "\x1b[1;35m", accent: "\x1b[1;34m", dim: "\x1b[90m", strong: "\x1b[1m",
		warn: "\x1b[33m", bad: "\x1b[31m", good: "\x1b[32m", bar: "\x1b[34m",
		text: markdown.Styles{
			Heading: "\x1b[1;34m", Strong: "\x1b[1m", Emphasis: "\x1b[3m", Strike: "\x1b[9m", Code: "\x1b[36m",
			Link: "\x1b[4;34m", Dim: "\x1b[90m", Keyword: "\x1b[35m", String: "\x1b[32m", Number: "\x1b[36m",
			Comment: "\x1b[90m", Name: "\x1b[34m", Added: "\x1b[32m", Removed: "\x1b[31m",
		},
	}
	if dark {
		t.user, t.accent, t.bar = "\x1b[1;94m", "\x1b[1;94m", "\x1b[94m"
		t.model = "\x1b[1;95m"
		t.warn, t.bad, t.good = "\x1b[93m", "\x1b[91m", "\x1b[92m"
		t.text.Heading, t.text.Link, t.text.Code = "\x1b[1;94m", "\x1b[4;94m", "\x1b[96m"
		t.text.Keyword, t.text.String, t.text.Number, t.text.Name = "\x1b[95m", "\x1b[92m", "\x1b[96m", "\x1b[94m"
		t.text.Added, t.text.Removed = "\x1b[92m", "\x1b[91m"
	}
	return t
}
