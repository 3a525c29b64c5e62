package chat

import "slices"

// A parser reads the tokens of a template into statements; expressions are in
// parse_expr.go.
type parser struct {
	toks  []lexeme
	pos   int
	depth int
	loops int // open around here, for break and continue
}

func parse(src string) (*Template, error) {
	toks, err := lex(src)
	if err != nil {
		return nil, err
	}
	p := &parser{toks: toks}
	body, _, err := p.block()
	if err != nil {
		return nil, err
	}
	tools := slices.ContainsFunc(toks, func(t lexeme) bool { return t.kind == tokName && t.text == "tools" })
	return &Template{body, tools}, nil
}

func (p *parser) peek() lexeme { return p.toks[p.pos] }

func (p *parser) next() lexeme {
	t := p.toks[p.pos]
	if t.kind != tokEOF {
		p.pos++
	}
	return t
}

func (p *parser) is(kind tokenKind, text string) bool {
	t := p.peek()
	return t.kind == kind && t.text == text
}

func (p *parser) accept(kind tokenKind, text string) bool {
	if !p.is(kind, text) {
		return false
	}
	p.pos++
	return true
}

func (p *parser) acceptOp(text string) bool   { return p.accept(tokOp, text) }
func (p *parser) acceptName(text string) bool { return p.accept(tokName, text) }

func (p *parser) errorf(format string, a ...any) error {
	return syntaxError(p.peek().line, format, a...)
}

func (p *parser) expectOp(text string) error {
	if !p.acceptOp(text) {
		return p.errorf("expected %q, found %v", text, p.peek())
	}
	return nil
}

func (p *parser) name() (string, error) {
	if p.peek().kind != tokName {
		return "", p.errorf("expected a name, found %v", p.peek())
	}
	return p.next().text, nil
}

func (p *parser) end() error {
	if p.peek().kind != tokEnd {
		return p.errorf("expected the end of the tag, found %v", p.peek())
	}
	p.pos++
	return nil
}

// enter goes one level deeper; leave comes back.
func (p *parser) enter() error {
	if p.depth == maxNodes {
		return p.errorf("%w of %d nested expressions and blocks", ErrLimit, maxNodes)
	}
	p.depth++
	return nil
}

func (p *parser) leave() { p.depth-- }

// block reads statements up to the tag of one of ends, and that tag's name.
// Without ends it reads to the end of the template.
func (p *parser) block(ends ...string) (body []statement, end string, err error) {
	if err := p.enter(); err != nil {
		return nil, "", err
	}
	defer p.leave()
	for {
		t := p.next()
		switch t.kind {
		case tokEOF:
			if len(ends) > 0 {
				return nil, "", syntaxError(t.line, "%q is missing", ends[len(ends)-1])
			}
			return body, "", nil
		case tokData:
			body = append(body, &dataStmt{literal(t.text)})
		case tokOutput:
			x, err := p.tuple()
			if err != nil {
				return nil, "", err
			}
			body = append(body, &outputStmt{t.line, x})
			if err := p.end(); err != nil {
				return nil, "", err
			}
		default: // tokBlock: the lexer lets nothing else stand outside of tags
			if slices.Contains(ends, p.peek().text) {
				return body, p.next().text, nil
			}
			st, err := p.statement(t.line)
			if err != nil {
				return nil, "", err
			}
			body = append(body, st)
		}
	}
}

// body reads a block whose only end is end, with its tag.
func (p *parser) body(end string) ([]statement, error) {
	b, _, err := p.block(end)
	if err == nil {
		err = p.end()
	}
	return b, err
}

func (p *parser) statement(line int32) (statement, error) {
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	switch name {
	case "if":
		return p.ifTag(line)
	case "for":
		return p.forTag(line)
	case "set":
		return p.setTag(line)
	case "macro":
		return p.macroTag()
	case "call":
		return p.callTag(line)
	case "filter":
		return p.filterTag(line)
	case "with":
		return p.withTag(line)
	case "generation":
		if err := p.end(); err != nil {
			return nil, err
		}
		body, err := p.body("endgeneration")
		return &groupStmt{body}, err
	case "break", "continue":
		if p.loops == 0 {
			return nil, syntaxError(line, "%s outside of a loop", name)
		}
		f := breakLoop
		if name == "continue" {
			f = continueLoop
		}
		return &flowStmt{f}, p.end()
	}
	return nil, syntaxError(line, "unknown tag %q", clip(name))
}

func (p *parser) ifTag(line int32) (statement, error) {
	st := &ifStmt{}
	for {
		cond, err := p.expression()
		if err != nil {
			return nil, err
		}
		if err := p.end(); err != nil {
			return nil, err
		}
		body, end, err := p.block("elif", "else", "endif")
		if err != nil {
			return nil, err
		}
		st.branches = append(st.branches, branch{line, cond, body})
		if end == "elif" {
			line = p.peek().line
			continue
		}
		if end == "else" {
			if err := p.end(); err != nil {
				return nil, err
			}
			st.body, err = p.body("endif")
			return st, err
		}
		return st, p.end()
	}
}

func (p *parser) forTag(line int32) (_ statement, err error) {
	st := &forStmt{line: line}
	if st.names, err = p.nameList(); err != nil {
		return nil, err
	}
	if !p.acceptName("in") {
		return nil, p.errorf("expected \"in\", found %v", p.peek())
	}
	if st.over, err = p.tupleOf(p.or); err != nil { // a condition after it filters
		return nil, err
	}
	if p.acceptName("if") {
		if st.when, err = p.expression(); err != nil {
			return nil, err
		}
	}
	st.recursive = p.acceptName("recursive")
	if err := p.end(); err != nil {
		return nil, err
	}
	p.loops++
	body, end, err := p.block("else", "endfor")
	p.loops--
	if err != nil {
		return nil, err
	}
	st.body = body
	if err := p.end(); err != nil || end != "else" {
		return st, err
	}
	st.empty, err = p.body("endfor")
	return st, err
}

// nameList reads a or a, b or (a, b).
func (p *parser) nameList() (names []string, err error) {
	paren := p.acceptOp("(")
	for {
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
		if !p.acceptOp(",") || p.peek().kind != tokName {
			break
		}
	}
	if paren {
		err = p.expectOp(")")
	}
	return names, err
}

func (p *parser) setTag(line int32) (_ statement, err error) {
	st := &setStmt{line: line}
	for {
		var t target
		if t.name, err = p.name(); err != nil {
			return nil, err
		}
		if p.acceptOp(".") {
			if t.attr, err = p.name(); err != nil {
				return nil, err
			}
		}
		st.targets = append(st.targets, t)
		if !p.acceptOp(",") {
			break
		}
	}
	if p.acceptOp("=") {
		if st.x, err = p.tuple(); err != nil {
			return nil, err
		}
		return st, p.end()
	}
	if len(st.targets) > 1 {
		return nil, p.errorf("expected \"=\", found %v", p.peek())
	}
	if st.filters, err = p.filters(); err != nil {
		return nil, err
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	st.body, err = p.body("endset")
	return st, err
}

func (p *parser) macroTag() (_ statement, err error) {
	st := &macroStmt{}
	if st.name, err = p.name(); err != nil {
		return nil, err
	}
	if err := p.params(st); err != nil {
		return nil, err
	}
	return st, p.macroBody(st, "endmacro")
}

// params reads (a, b=1).
func (p *parser) params(st *macroStmt) error {
	if err := p.expectOp("("); err != nil {
		return err
	}
	for !p.acceptOp(")") {
		name, err := p.name()
		if err != nil {
			return err
		}
		var fallback expression
		if p.acceptOp("=") {
			if fallback, err = p.expression(); err != nil {
				return err
			}
		}
		st.params = append(st.params, param{name, fallback})
		if !p.acceptOp(",") && !p.is(tokOp, ")") {
			return p.errorf("expected \")\", found %v", p.peek())
		}
	}
	return nil
}

// macroBody reads the rest of a macro. A loop around it is none of its own.
func (p *parser) macroBody(st *macroStmt, end string) (err error) {
	loops := p.loops
	p.loops = 0
	defer func() { p.loops = loops }()
	if err := p.end(); err != nil {
		return err
	}
	st.body, err = p.body(end)
	return err
}

func (p *parser) callTag(line int32) (statement, error) {
	body := &macroStmt{name: "caller"}
	if p.is(tokOp, "(") {
		if err := p.params(body); err != nil {
			return nil, err
		}
	}
	x, err := p.expression()
	if err != nil {
		return nil, err
	}
	call, ok := x.(*postfix)
	if !ok || call.rest[len(call.rest)-1].kind != callSuffix {
		return nil, syntaxError(line, "a call tag without a call")
	}
	return &callStmt{line, call, body}, p.macroBody(body, "endcall")
}

// filters reads |f|g(x).
func (p *parser) filters() (out []suffix, err error) {
	for p.acceptOp("|") {
		f, err := p.filter()
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func (p *parser) filterTag(line int32) (statement, error) {
	first, err := p.filter()
	if err != nil {
		return nil, err
	}
	more, err := p.filters()
	if err != nil {
		return nil, err
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	body, err := p.body("endfilter")
	return &filterStmt{line, append([]suffix{first}, more...), body}, err
}

func (p *parser) withTag(line int32) (statement, error) {
	st := &scopeStmt{line: line}
	for p.peek().kind != tokEnd {
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		if err := p.expectOp("="); err != nil {
			return nil, err
		}
		x, err := p.expression()
		if err != nil {
			return nil, err
		}
		st.names, st.vals = append(st.names, name), append(st.vals, x)
		if !p.acceptOp(",") {
			break
		}
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	var err error
	st.body, err = p.body("endwith")
	return st, err
}
