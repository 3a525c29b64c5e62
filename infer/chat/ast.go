package chat

// A statement is a part of a template that writes, or sets variables.
type statement interface {
	exec(r *run, s *scope, out *builder) (flow, error)
}

// An expression is a part of a tag that has a value.
type expression interface {
	eval(r *run, s *scope) (value, error)
}

// flow says how a statement ended.
type flow uint8

const (
	goOn flow = iota
	breakLoop
	continueLoop
)

type (
	dataStmt   struct{ text text }
	outputStmt struct {
		line int32
		x    expression
	}
	ifStmt struct {
		branches []branch
		otherwise
	}
	branch struct {
		line int32
		cond expression
		body []statement
	}
	otherwise struct{ body []statement }
	forStmt   struct {
		line      int32
		names     []string // several take an item apart
		over      expression
		when      expression // may be nil
		body      []statement
		empty     []statement
		recursive bool
	}
	flowStmt struct{ flow flow }
	setStmt  struct {
		line    int32
		targets []target
		x       expression  // nil: the text of body
		body    []statement // of {% set x %}…{% endset %}
		filters []suffix    // over that text
	}
	target    struct{ name, attr string } // attr of a namespace, or ""
	macroStmt struct {
		name   string
		params []param
		body   []statement
	}
	param struct {
		name     string
		fallback expression // may be nil
	}
	callStmt struct { // {% call f() %}: the body is its caller
		line int32
		call *postfix
		body *macroStmt
	}
	filterStmt struct {
		line    int32
		filters []suffix
		body    []statement
	}
	scopeStmt struct { // {% with %}
		line  int32
		names []string
		vals  []expression
		body  []statement
	}
	groupStmt struct{ body []statement } // {% generation %}
)

type (
	constant struct{ v value }
	variable struct{ name string }
	listExpr struct {
		items []expression
		tuple bool
	}
	dictExpr struct{ keys, vals []expression }
	condExpr struct{ then, cond, otherwise expression } // otherwise may be nil
	// Chains of one precedence are lists, so that long ones are not deep.
	logicExpr struct {
		and   bool
		items []expression
	}
	notExpr   struct{ x expression }
	chainExpr struct { // arithmetic, from left to right
		first expression
		rest  []operand
	}
	compareExpr struct { // a < b < c means a < b and b < c
		first expression
		rest  []operand
	}
	operand struct {
		op string
		x  expression
	}
	negExpr struct {
		minus bool
		x     expression
	}
	postfix struct {
		x    expression
		rest []suffix
	}
	// A suffix is what follows a value: .name, [i], [i:j:k], (args), |filter
	// or is test.
	suffix struct {
		kind   suffixKind
		name   string
		args   []argument
		bounds [3]expression
		not    bool // is not
	}
	argument struct {
		name string
		x    expression
	}
)

type suffixKind uint8

const (
	attrSuffix suffixKind = iota
	indexSuffix
	sliceSuffix
	callSuffix
	filterSuffix
	testSuffix
)
