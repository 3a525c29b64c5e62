package markdown

import "strings"

// lexer colours code line by line. It knows families of languages, not
// grammars: comments, strings, numbers and the words that stand out. It is a
// value: a copy of it tries out a line that is not complete yet.
type lexer struct {
	lang  language
	diff  bool
	until string // what ends the comment or string that spans lines; "" outside
	style func(*Styles) Style
}

// language is what a family of languages has in common.
type language struct {
	comment  []string    // to the end of the line
	spanning [][2]string // comments over several lines
	strings  string      // quotes of strings in one line
	long     []string    // quotes of strings over several lines
	keywords string      // between spaces
}

var (
	cLike = language{
		comment: []string{"//"}, spanning: [][2]string{{"/*", "*/"}}, strings: `"'`, long: []string{"`"},
		keywords: " abstract as async await auto bool boolean break byte case catch chan char class const continue def default " +
			"defer delete do double else enum export extends extern false final finally float fn for from func function go goto " +
			"if impl implements import in inline instanceof int interface let long loop map match mod mut namespace new nil null " +
			"operator override package private protected pub public range return select self short signed sizeof static string " +
			"struct super switch template this throw trait true try type typedef typeof union unsafe unsigned use using var " +
			"virtual void volatile where while yield ",
	}
	scripts = language{
		comment: []string{"#"}, strings: `"'`, long: []string{`"""`, "'''"},
		keywords: " False None True alias and as assert async await begin break case class continue def del do done elif else " +
			"elsif end ensure esac except exec export fi finally for from function global if import in is lambda local match " +
			"module nil nonlocal not or pass print raise require rescue return self set then true false try unless until when " +
			"while with yield ",
	}
	queries = language{
		comment: []string{"--"}, spanning: [][2]string{{"/*", "*/"}}, strings: `'"`,
		keywords: " add all alter and as asc between by case create delete desc distinct drop else end exists false from full " +
			"group having if in index inner insert into is join key left like limit not null offset on or order outer primary " +
			"references right select set table then true union unique update values view when where with ",
	}
	data   = language{comment: []string{"#"}, strings: `"'`, keywords: " true false null yes no on off "}
	markup = language{spanning: [][2]string{{"<!--", "-->"}}, strings: `"'`}
	none   = language{}
)

// languages maps the word behind a fence to a family.
var languages = map[string]language{}

func init() {
	for _, f := range []struct {
		family language
		names  string
	}{
		{cLike, "c h c++ cpp cc cs csharp go golang java javascript js jsx ts tsx typescript rust rs kotlin kt swift scala dart php zig css scss glsl cuda"},
		{scripts, "python py ruby rb sh bash zsh fish shell console perl r julia jl elixir make makefile dockerfile nix"},
		{queries, "sql lua haskell hs ada elm"},
		{data, "yaml yml toml ini conf json jsonc properties env"},
		{markup, "html xml svg vue markdown md"},
	} {
		for name := range strings.FieldsSeq(f.names) {
			languages[name] = f.family
		}
	}
}

func newLexer(lang string) lexer {
	lang = strings.ToLower(lang)
	l, ok := languages[lang]
	if !ok {
		l = none
	}
	return lexer{lang: l, diff: lang == "diff" || lang == "patch"}
}

// line returns the spans of a line of code.
func (l *lexer) line(s string, st *Styles) []span {
	if l.diff {
		return []span{{s, diffStyle(s, st)}}
	}
	var out []span
	plain := 0 // where the text begins that has no style yet
	emit := func(from, to int, style Style) {
		if plain < from {
			out = append(out, span{s[plain:from], ""})
		}
		if from < to {
			out = append(out, span{s[from:to], style})
		}
		plain = to
	}
	for i := 0; i < len(s); {
		n, style := l.token(s, i, st)
		if style != "" {
			emit(i, i+n, style)
		}
		i += n
	}
	emit(len(s), len(s), "")
	return out
}

func diffStyle(s string, st *Styles) Style {
	switch {
	case strings.HasPrefix(s, "+"):
		return st.Added
	case strings.HasPrefix(s, "-"):
		return st.Removed
	case strings.HasPrefix(s, "@@"):
		return st.Comment
	}
	return ""
}

// token measures what begins at s[i] and says how it looks.
func (l *lexer) token(s string, i int, st *Styles) (n int, style Style) {
	rest := s[i:]
	if l.until != "" {
		return l.span(rest, 0, st)
	}
	for _, mark := range l.lang.comment {
		if strings.HasPrefix(rest, mark) {
			return len(rest), st.Comment
		}
	}
	for _, marks := range l.lang.spanning {
		if strings.HasPrefix(rest, marks[0]) {
			l.until, l.style = marks[1], func(st *Styles) Style { return st.Comment }
			return l.span(rest, len(marks[0]), st)
		}
	}
	for _, quote := range l.lang.long {
		if strings.HasPrefix(rest, quote) {
			l.until, l.style = quote, func(st *Styles) Style { return st.String }
			return l.span(rest, len(quote), st)
		}
	}
	if c := rest[0]; strings.IndexByte(l.lang.strings, c) >= 0 {
		return quoted(rest), st.String
	}
	return l.word(rest, st)
}

// span goes on in a comment or string over several lines, after its first n
// bytes.
func (l *lexer) span(s string, n int, st *Styles) (int, Style) {
	style := l.style(st)
	end := strings.Index(s[n:], l.until)
	if end < 0 {
		return len(s), style
	}
	n += end + len(l.until)
	l.until = ""
	return n, style
}

// quoted measures a string in one line; a backslash protects what follows.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		}
	}
	return len(s)
}

// word measures a word or a number, or anything else up to the next one.
func (l *lexer) word(s string, st *Styles) (int, Style) {
	if !wordByte(s[0]) {
		return 1, ""
	}
	n := 1
	for n < len(s) && (wordByte(s[n]) || s[n] == '.' && digit(s[0])) {
		n++
	}
	w := s[:n]
	switch {
	case digit(s[0]):
		return n, st.Number
	case strings.Contains(l.lang.keywords, " "+w+" "), strings.Contains(queries.keywords, " "+strings.ToLower(w)+" ") && l.lang.keywords == queries.keywords:
		return n, st.Keyword
	case n < len(s) && s[n] == '(' && l.lang.keywords != "":
		return n, st.Name
	}
	return n, ""
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// wordByte counts every byte beyond ASCII as a letter, so that no character
// is cut.
func wordByte(c byte) bool {
	return c == '_' || digit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
