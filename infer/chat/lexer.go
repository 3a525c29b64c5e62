package chat

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEOF    tokenKind = iota
	tokData             // text between tags
	tokOutput           // {{
	tokBlock            // {%
	tokEnd              // }} or %}
	tokName
	tokString // its text is unescaped
	tokInt
	tokFloat
	tokOp
)

type lexeme struct {
	kind tokenKind
	line int32
	text string
}

func (t lexeme) String() string {
	switch t.kind {
	case tokEOF:
		return "the end of the template"
	case tokEnd:
		return "the end of the tag"
	case tokData, tokOutput, tokBlock:
		return "text"
	}
	return strconv.Quote(clip(t.text))
}

// A lexer cuts a template into data and the tokens of its tags. White space
// around tags follows Jinja with trim_blocks and lstrip_blocks: a newline
// after a block is dropped, and so are the blanks before one that begins its
// line. A minus drops all white space on its side, a plus keeps it.
type lexer struct {
	src  string
	pos  int
	line int // of counted
	seen int
	out  []lexeme
}

// syntaxError is a template that is no template.
func syntaxError(line int32, format string, a ...any) error {
	return &Error{Line: int(line), Err: fmt.Errorf(format, a...)}
}

// lex reads all of src.
func lex(src string) ([]lexeme, error) {
	src = strings.ReplaceAll(src, "\r\n", "\n")
	src = strings.ReplaceAll(src, "\r", "\n")
	src = strings.TrimSuffix(src, "\n")
	l := &lexer{src: src, line: 1}
	for l.pos < len(src) {
		if err := l.data(); err != nil {
			return nil, err
		}
	}
	l.emit(tokEOF, len(src), "")
	return l.out, nil
}

// emit appends a token that begins at byte at.
func (l *lexer) emit(kind tokenKind, at int, s string) {
	l.out = append(l.out, lexeme{kind, l.lineAt(at), s})
}

func (l *lexer) lineAt(at int) int32 {
	if at > l.seen {
		l.line += strings.Count(l.src[l.seen:at], "\n")
		l.seen = at
	}
	return int32(l.line)
}

// data reads text up to the next tag, and the tag.
func (l *lexer) data() error {
	start, at := l.pos, l.pos
	for {
		i := strings.IndexByte(l.src[at:], '{')
		if i < 0 || at+i+1 == len(l.src) {
			l.emit(tokData, start, l.src[start:])
			l.pos = len(l.src)
			return nil
		}
		at += i
		if c := l.src[at+1]; c == '{' || c == '%' || c == '#' {
			break
		}
		at++
	}
	text, tag := l.src[start:at], l.src[at+1]
	l.pos = at + 2
	switch {
	case l.accept("-"):
		text = strings.TrimRightFunc(text, unicode.IsSpace)
	case tag != '{' && l.accept("+"):
	case tag != '{':
		text = l.stripLine(text, start)
	}
	if text != "" {
		l.emit(tokData, start, text)
	}
	switch {
	case tag == '#':
		return l.comment(at)
	case tag == '%' && l.raw():
		return l.rawText(at)
	case tag == '%':
		l.emit(tokBlock, at, "{%")
		return l.tag("%}")
	}
	l.emit(tokOutput, at, "{{")
	return l.tag("}}")
}

// stripLine drops the blanks between the start of a line and a block.
func (l *lexer) stripLine(text string, start int) string {
	i := strings.LastIndexByte(text, '\n') + 1
	if (i > 0 || start == 0 || l.src[start-1] == '\n') && strings.TrimSpace(text[i:]) == "" {
		return text[:i]
	}
	return text
}

func (l *lexer) accept(s string) bool {
	if !strings.HasPrefix(l.src[l.pos:], s) {
		return false
	}
	l.pos += len(s)
	return true
}

func (l *lexer) space() {
	rest := strings.TrimLeftFunc(l.src[l.pos:], unicode.IsSpace)
	l.pos = len(l.src) - len(rest)
}

// close reads the end of a tag, with the white space that goes with it.
func (l *lexer) close(mark string) bool {
	switch {
	case l.accept("-" + mark):
		l.space()
	case mark != "}}" && l.accept("+"+mark):
	case l.accept(mark):
		if mark != "}}" {
			l.accept("\n")
		}
	default:
		return false
	}
	return true
}

func (l *lexer) comment(at int) error {
	i := strings.Index(l.src[l.pos:], "#}")
	if i < 0 {
		return syntaxError(l.lineAt(at), "a comment does not end")
	}
	l.pos += i
	if c := l.src[l.pos-1]; i > 0 && (c == '-' || c == '+') {
		l.pos--
	}
	l.close("#}")
	return nil
}

// raw reads the rest of {% raw %}, if this is one.
func (l *lexer) raw() bool {
	start := l.pos
	l.space()
	if l.accept("raw") {
		l.space()
		if l.accept("%}") {
			return true
		}
		if l.accept("-%}") {
			l.space()
			return true
		}
	}
	l.pos = start
	return false
}

func (l *lexer) rawText(at int) error {
	start := l.pos
	for {
		i := strings.Index(l.src[l.pos:], "{%")
		if i < 0 {
			return syntaxError(l.lineAt(at), "a raw block does not end")
		}
		end := l.pos + i
		l.pos = end + 2
		text := l.src[start:end]
		switch {
		case l.accept("-"):
			text = strings.TrimRightFunc(text, unicode.IsSpace)
		case l.accept("+"):
		default:
			text = l.stripLine(text, start)
		}
		l.space()
		if l.accept("endraw") {
			l.space()
			if l.close("%}") {
				l.emit(tokData, start, text)
				return nil
			}
		}
	}
}

// tag reads tokens up to the end of a tag. Inside of brackets the end mark
// does not count: }} may close two maps.
func (l *lexer) tag(mark string) error {
	begin := l.lineAt(l.pos)
	depth := 0
	for {
		l.space()
		if l.pos == len(l.src) {
			return syntaxError(begin, "a tag does not end")
		}
		at := l.pos
		if depth == 0 && l.close(mark) {
			l.emit(tokEnd, at, mark)
			return nil
		}
		if err := l.token(); err != nil {
			return err
		}
		if t := l.out[len(l.out)-1]; t.kind == tokOp {
			switch t.text {
			case "(", "[", "{":
				if depth++; depth > maxNodes {
					return syntaxError(l.lineAt(at), "%w of %d nested brackets", ErrLimit, maxNodes)
				}
			case ")", "]", "}":
				depth--
			}
		}
	}
}

// token reads one token.
func (l *lexer) token() error {
	start := l.pos
	r, size := utf8.DecodeRuneInString(l.src[start:])
	switch {
	case r == '_' || unicode.IsLetter(r):
		for r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			l.pos += size
			r, size = utf8.DecodeRuneInString(l.src[l.pos:])
		}
		l.emit(tokName, start, l.src[start:l.pos])
	case '0' <= r && r <= '9':
		l.number(start)
	case r == '"' || r == '\'':
		return l.str(start)
	default:
		op := l.operator()
		if op == "" {
			return syntaxError(l.lineAt(start), "unexpected %q", r)
		}
		l.pos += len(op)
		l.emit(tokOp, start, op)
	}
	return nil
}

func (l *lexer) digits() {
	for l.pos < len(l.src) && (isDigit(l.src[l.pos]) || l.src[l.pos] == '_') {
		l.pos++
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (l *lexer) digitAt(i int) bool { return i < len(l.src) && isDigit(l.src[i]) }

func (l *lexer) number(start int) {
	kind := tokInt
	l.digits()
	if l.digitAt(l.pos+1) && l.src[l.pos] == '.' {
		kind = tokFloat
		l.pos++
		l.digits()
	}
	if l.pos < len(l.src) && l.src[l.pos]|0x20 == 'e' {
		at := l.pos + 1
		if at < len(l.src) && (l.src[at] == '+' || l.src[at] == '-') {
			at++
		}
		if l.digitAt(at) {
			kind, l.pos = tokFloat, at
			l.digits()
		}
	}
	l.emit(kind, start, strings.ReplaceAll(l.src[start:l.pos], "_", ""))
}

const twoByteOperators = "// ** == != >= <="

func (l *lexer) operator() string {
	rest := l.src[l.pos:]
	if len(rest) > 1 && rest[0] != ' ' && rest[1] != ' ' && strings.Contains(twoByteOperators, rest[:2]) {
		return rest[:2]
	}
	if strings.IndexByte("+-/*%~[](){}><=.:|,", rest[0]) >= 0 {
		return rest[:1]
	}
	return ""
}

func (l *lexer) str(start int) error {
	quote := l.src[start]
	for i := start + 1; i < len(l.src); i++ {
		switch l.src[i] {
		case '\\':
			i++
		case quote:
			l.pos = i + 1
			l.emit(tokString, start, unescape(l.src[start+1:i]))
			return nil
		}
	}
	return syntaxError(l.lineAt(start), "a string does not end")
}

var escapes = map[byte]string{
	'n': "\n", 't': "\t", 'r': "\r", '\\': "\\", '\'': "'", '"': "\"", 'a': "\a", 'b': "\b", 'f': "\f", 'v': "\v", '\n': "",
}

// unescape reads the escapes of a Python string; unknown ones stay as they
// are.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if e, ok := escapes[s[i]]; ok {
			b.WriteString(e)
			continue
		}
		digits, base, from := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[i]], 16, i+1
		if '0' <= s[i] && s[i] <= '7' {
			base, from, digits = 8, i, 0
			for digits < 3 && i+digits < len(s) && '0' <= s[i+digits] && s[i+digits] <= '7' {
				digits++
			}
		}
		end := from + digits
		if digits > 0 && end <= len(s) {
			if n, err := strconv.ParseUint(s[from:end], base, 32); err == nil {
				b.WriteRune(rune(n))
				i = end - 1
				continue
			}
		}
		b.WriteByte('\\')
		b.WriteByte(s[i])
	}
	return b.String()
}
