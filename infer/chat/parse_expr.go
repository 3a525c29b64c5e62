package chat

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// tuple reads an expression, or several with commas between them.
func (p *parser) tuple() (expression, error) { return p.tupleOf(p.expression) }

func (p *parser) tupleOf(item func() (expression, error)) (expression, error) {
	x, err := item()
	if err != nil || !p.is(tokOp, ",") {
		return x, err
	}
	items := []expression{x}
	for p.acceptOp(",") && p.startsExpression() {
		if x, err = item(); err != nil {
			return nil, err
		}
		items = append(items, x)
	}
	return &listExpr{items, true}, nil
}

// startsExpression reports whether more follows a comma.
func (p *parser) startsExpression() bool {
	t := p.peek()
	return t.kind != tokEnd && !(t.kind == tokOp && (t.text == ")" || t.text == "="))
}

// expression is a value, or a choice: x if c else y.
func (p *parser) expression() (expression, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	x, err := p.or()
	if err != nil || !p.acceptName("if") {
		return x, err
	}
	c := &condExpr{then: x}
	if c.cond, err = p.or(); err != nil {
		return nil, err
	}
	if p.acceptName("else") {
		if c.otherwise, err = p.expression(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (p *parser) or() (expression, error)  { return p.logic("or", p.and) }
func (p *parser) and() (expression, error) { return p.logic("and", p.not) }

func (p *parser) logic(word string, item func() (expression, error)) (expression, error) {
	x, err := item()
	if err != nil || !p.is(tokName, word) {
		return x, err
	}
	l := &logicExpr{and: word == "and", items: []expression{x}}
	for p.acceptName(word) {
		if x, err = item(); err != nil {
			return nil, err
		}
		l.items = append(l.items, x)
	}
	return l, nil
}

func (p *parser) not() (expression, error) {
	if !p.acceptName("not") {
		return p.compare()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	x, err := p.not()
	return &notExpr{x}, err
}

var comparisons = []string{"==", "!=", "<", "<=", ">", ">="}

// comparison reads the operator of one, or "".
func (p *parser) comparison() string {
	t := p.peek()
	switch {
	case t.kind == tokOp && slices.Contains(comparisons, t.text):
		return p.next().text
	case p.acceptName("in"):
		return "in"
	case p.is(tokName, "not") && p.toks[p.pos+1].kind == tokName && p.toks[p.pos+1].text == "in":
		p.pos += 2
		return "not in"
	}
	return ""
}

func (p *parser) compare() (expression, error) {
	x, err := p.sum()
	if err != nil {
		return nil, err
	}
	var rest []operand
	for op := p.comparison(); op != ""; op = p.comparison() {
		y, err := p.sum()
		if err != nil {
			return nil, err
		}
		rest = append(rest, operand{op, y})
	}
	if rest == nil {
		return x, nil
	}
	return &compareExpr{x, rest}, nil
}

func (p *parser) sum() (expression, error)     { return p.chain(p.concat, "+", "-") }
func (p *parser) concat() (expression, error)  { return p.chain(p.product, "~") }
func (p *parser) product() (expression, error) { return p.chain(p.power, "*", "/", "//", "%") }
func (p *parser) power() (expression, error)   { return p.chain(p.unary, "**") }

func (p *parser) chain(item func() (expression, error), ops ...string) (expression, error) {
	x, err := item()
	if err != nil {
		return nil, err
	}
	var rest []operand
	for t := p.peek(); t.kind == tokOp && slices.Contains(ops, t.text); t = p.peek() {
		p.pos++
		y, err := item()
		if err != nil {
			return nil, err
		}
		rest = append(rest, operand{t.text, y})
	}
	if rest == nil {
		return x, nil
	}
	return &chainExpr{x, rest}, nil
}

// unary reads a value with its sign and what follows it. Filters and tests
// come after the sign, all else before.
func (p *parser) unary() (expression, error) {
	x, err := p.signed()
	if err != nil {
		return nil, err
	}
	return p.suffixes(x, true)
}

func (p *parser) signed() (expression, error) {
	minus := p.acceptOp("-")
	if !minus && !p.acceptOp("+") {
		x, err := p.primary()
		if err != nil {
			return nil, err
		}
		return p.suffixes(x, false)
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	x, err := p.signed()
	return &negExpr{minus, x}, err
}

func (p *parser) primary() (expression, error) {
	t := p.next()
	switch t.kind {
	case tokName:
		switch t.text {
		case "true", "True":
			return &constant{boolean(true)}, nil
		case "false", "False":
			return &constant{boolean(false)}, nil
		case "none", "None":
			return &constant{none{}}, nil
		}
		return &variable{t.text}, nil
	case tokString:
		var s strings.Builder // strings side by side are one
		s.WriteString(t.text)
		for p.peek().kind == tokString {
			s.WriteString(p.next().text)
		}
		return &constant{literal(s.String())}, nil
	case tokInt:
		n, err := strconv.ParseInt(t.text, 10, 64)
		if err != nil {
			return nil, syntaxError(t.line, "the number %s is too large", clip(t.text))
		}
		return &constant{integer(n)}, nil
	case tokFloat:
		f, err := strconv.ParseFloat(t.text, 64)
		if err != nil || math.IsInf(f, 0) {
			return nil, syntaxError(t.line, "the number %s is too large", clip(t.text))
		}
		return &constant{float(f)}, nil
	case tokOp:
		switch t.text {
		case "(":
			return p.parenthesis()
		case "[":
			return p.listLiteral()
		case "{":
			return p.dictLiteral()
		}
	}
	p.pos = max(0, p.pos-1)
	return nil, syntaxError(t.line, "expected a value, found %v", t)
}

func (p *parser) parenthesis() (expression, error) {
	if p.acceptOp(")") {
		return &listExpr{tuple: true}, nil
	}
	x, err := p.tuple()
	if err != nil {
		return nil, err
	}
	return x, p.expectOp(")")
}

func (p *parser) listLiteral() (expression, error) {
	l := &listExpr{}
	for !p.acceptOp("]") {
		x, err := p.expression()
		if err != nil {
			return nil, err
		}
		l.items = append(l.items, x)
		if !p.acceptOp(",") && !p.is(tokOp, "]") {
			return nil, p.errorf("expected \"]\", found %v", p.peek())
		}
	}
	return l, nil
}

func (p *parser) dictLiteral() (expression, error) {
	d := &dictExpr{}
	for !p.acceptOp("}") {
		k, err := p.expression()
		if err != nil {
			return nil, err
		}
		if err := p.expectOp(":"); err != nil {
			return nil, err
		}
		v, err := p.expression()
		if err != nil {
			return nil, err
		}
		d.keys, d.vals = append(d.keys, k), append(d.vals, v)
		if !p.acceptOp(",") && !p.is(tokOp, "}") {
			return nil, p.errorf("expected \"}\", found %v", p.peek())
		}
	}
	return d, nil
}

// suffixes reads what follows a value.
func (p *parser) suffixes(x expression, filters bool) (expression, error) {
	var rest []suffix
	for {
		var s suffix
		var err error
		switch {
		case p.acceptOp("."):
			if p.peek().kind == tokInt {
				s = suffix{kind: attrSuffix, name: p.next().text}
				break
			}
			s.name, err = p.name()
		case p.acceptOp("["):
			s, err = p.subscript()
		case p.acceptOp("("):
			s.kind = callSuffix
			s.args, err = p.args()
		case filters && p.acceptOp("|"):
			s, err = p.filter()
		case filters && p.acceptName("is"):
			s, err = p.test()
		default:
			if rest == nil {
				return x, nil
			}
			return &postfix{x, rest}, nil
		}
		if err != nil {
			return nil, err
		}
		rest = append(rest, s)
	}
}

func (p *parser) subscript() (s suffix, err error) {
	s.kind = indexSuffix
	for i := 0; ; i++ {
		if !p.is(tokOp, ":") && !p.is(tokOp, "]") {
			if s.bounds[i], err = p.expression(); err != nil {
				return s, err
			}
		}
		if i == 2 || !p.acceptOp(":") {
			break
		}
		s.kind = sliceSuffix
	}
	if s.kind == indexSuffix && s.bounds[0] == nil {
		return s, p.errorf("expected an index, found %v", p.peek())
	}
	return s, p.expectOp("]")
}

// args reads the rest of (a, b, name=c).
func (p *parser) args() (out []argument, err error) {
	for !p.acceptOp(")") {
		var a argument
		if next := p.toks[min(p.pos+1, len(p.toks)-1)]; p.peek().kind == tokName && next.kind == tokOp && next.text == "=" {
			a.name = p.next().text
			p.pos++
		}
		if a.x, err = p.expression(); err != nil {
			return nil, err
		}
		out = append(out, a)
		if !p.acceptOp(",") && !p.is(tokOp, ")") {
			return nil, p.errorf("expected \")\", found %v", p.peek())
		}
	}
	return out, nil
}

func (p *parser) filter() (s suffix, err error) {
	s.kind = filterSuffix
	if s.name, err = p.name(); err != nil {
		return s, err
	}
	if p.acceptOp("(") {
		s.args, err = p.args()
	}
	return s, err
}

// test reads the rest of x is [not] name [argument].
func (p *parser) test() (s suffix, err error) {
	s.kind = testSuffix
	s.not = p.acceptName("not")
	if s.name, err = p.name(); err != nil {
		return s, err
	}
	switch t := p.peek(); {
	case p.acceptOp("("):
		s.args, err = p.args()
	case t.kind == tokString, t.kind == tokInt, t.kind == tokFloat,
		t.kind == tokOp && (t.text == "[" || t.text == "{"),
		t.kind == tokName && !slices.Contains([]string{"else", "or", "and", "is", "if", "in", "not", "recursive"}, t.text):
		if err := p.enter(); err != nil {
			return s, err
		}
		defer p.leave()
		x, err := p.signed()
		if err != nil {
			return s, err
		}
		s.args = []argument{{x: x}}
	}
	return s, err
}
