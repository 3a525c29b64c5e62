// Package markdown turns the Markdown of an answer into styled terminal
// lines, again and again while the answer grows.
//
//	safe.Text ──▶ chunks ──▶ lines
//	              │ finished: rendered once and kept
//	              └ the last one: rendered anew with every token
//
// A chunk ends where nothing that follows can change how it looks: at a blank
// line outside of code and lists, or at the closing fence of a code block. So
// a token costs one chunk, however long the answer is. Code is coloured by a
// small lexer of ours that works line by line: it is linear in its input,
// whatever a model writes, and goes on where the last token left it.
//
// The package knows neither the screen nor the chat. No line it returns is
// wider than asked, and no escape code in one comes from the text.
package markdown
