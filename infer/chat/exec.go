package chat

import (
	"fmt"
	"strconv"
)

// execAll runs statements in order.
func execAll(body []statement, r *run, s *scope, out *builder) (flow, error) {
	for _, st := range body {
		if err := r.step(1); err != nil {
			return goOn, err
		}
		if f, err := st.exec(r, s, out); err != nil || f != goOn {
			return f, err
		}
	}
	return goOn, r.err
}

func (st *dataStmt) exec(_ *run, _ *scope, out *builder) (flow, error) {
	out.add(st.text)
	return goOn, nil
}

func (st *outputStmt) exec(r *run, s *scope, out *builder) (flow, error) {
	v, err := st.x.eval(r, s)
	if err == nil {
		out.print(v)
		err = r.err
	}
	return goOn, at(st.line, err)
}

func (st *ifStmt) exec(r *run, s *scope, out *builder) (flow, error) {
	for _, b := range st.branches {
		v, err := b.cond.eval(r, s)
		if err != nil {
			return goOn, at(b.line, err)
		}
		if truth(v) {
			return execAll(b.body, r, s, out)
		}
	}
	return execAll(st.body, r, s, out)
}

func (st *flowStmt) exec(*run, *scope, *builder) (flow, error) { return st.flow, nil }

func (st *groupStmt) exec(r *run, s *scope, out *builder) (flow, error) {
	return execAll(st.body, r, s, out)
}

// A loop is what a template sees of the loop it is in.
type loop struct {
	st    *forStmt
	home  *scope // around the loop
	items []value
	index int
	depth int
}

func (st *forStmt) exec(r *run, s *scope, out *builder) (flow, error) {
	v, err := st.over.eval(r, s)
	if err != nil {
		return goOn, at(st.line, err)
	}
	f, err := st.loop(r, s, out, v, 0)
	return f, at(st.line, err)
}

func (st *forStmt) loop(r *run, s *scope, out *builder, over value, depth int) (flow, error) {
	items, err := r.iterate(over)
	if err != nil {
		return goOn, err
	}
	inner := r.scope(s)
	if st.when != nil {
		if items, err = st.filter(r, inner, items); err != nil {
			return goOn, err
		}
	}
	if len(items) == 0 {
		return execAll(st.empty, r, s, out)
	}
	l := &loop{st: st, home: s, items: items, depth: depth}
	for i, item := range items {
		clear(inner.vars)
		l.index = i
		inner.vars["loop"] = l
		if err := st.bind(r, inner, item); err != nil {
			return goOn, err
		}
		f, err := execAll(st.body, r, inner, out)
		if err != nil {
			return goOn, err
		}
		if f == breakLoop {
			break
		}
	}
	return goOn, nil
}

// filter keeps the items for which the loop's condition holds.
func (st *forStmt) filter(r *run, inner *scope, items []value) (kept []value, err error) {
	if err := r.items(len(items)); err != nil {
		return nil, err
	}
	for _, item := range items {
		if err := st.bind(r, inner, item); err != nil {
			return nil, err
		}
		v, err := st.when.eval(r, inner)
		if err != nil {
			return nil, err
		}
		if truth(v) {
			kept = append(kept, item)
		}
	}
	return kept, nil
}

// bind sets the variables of the loop to an item.
func (st *forStmt) bind(r *run, inner *scope, item value) error {
	if len(st.names) == 1 {
		inner.vars[st.names[0]] = item
		return nil
	}
	parts, err := r.unpack(item, len(st.names))
	for i, p := range parts {
		inner.vars[st.names[i]] = p
	}
	return err
}

// unpack takes a value apart into n.
func (r *run) unpack(v value, n int) ([]value, error) {
	parts, err := r.iterate(v)
	if err == nil && len(parts) != n {
		err = fmt.Errorf("%d values for %d variables", len(parts), n)
	}
	if err != nil {
		return nil, err
	}
	return parts, nil
}

// attr is what loop.name means.
func (l *loop) attr(name string) value {
	n := len(l.items)
	near := func(i int) value {
		if i < 0 || i >= n {
			return undefined{"loop." + name}
		}
		return l.items[i]
	}
	switch name {
	case "index":
		return integer(l.index + 1)
	case "index0":
		return integer(l.index)
	case "revindex":
		return integer(n - l.index)
	case "revindex0":
		return integer(n - l.index - 1)
	case "first":
		return boolean(l.index == 0)
	case "last":
		return boolean(l.index == n-1)
	case "length":
		return integer(n)
	case "depth":
		return integer(l.depth + 1)
	case "depth0":
		return integer(l.depth)
	case "previtem":
		return near(l.index - 1)
	case "nextitem":
		return near(l.index + 1)
	case "cycle":
		return &function{"cycle", func(_ *run, a args) (value, error) {
			if len(a.pos) == 0 {
				return nil, fmt.Errorf("loop.cycle has nothing to choose from")
			}
			return a.pos[l.index%len(a.pos)], nil
		}}
	}
	return undefined{"loop." + name}
}

// call is loop(x) inside of a recursive loop.
func (l *loop) call(r *run, a args) (value, error) {
	if !l.st.recursive || len(a.pos) != 1 {
		return nil, fmt.Errorf("only a recursive loop is called, with one list")
	}
	if err := r.enter(); err != nil {
		return nil, err
	}
	defer r.leave()
	return r.capture(func(out *builder) error {
		_, err := l.st.loop(r, l.home, out, a.pos[0], l.depth+1)
		return err
	})
}

func (st *setStmt) exec(r *run, s *scope, _ *builder) (flow, error) {
	v, err := st.value(r, s)
	if err == nil {
		err = st.assign(r, s, v)
	}
	return goOn, at(st.line, err)
}

func (st *setStmt) value(r *run, s *scope) (value, error) {
	if st.x != nil {
		return st.x.eval(r, s)
	}
	t, err := r.capture(func(out *builder) error {
		_, err := execAll(st.body, r, r.scope(s), out)
		return err
	})
	if err != nil {
		return nil, err
	}
	return applyAll(r, s, t, st.filters)
}

func (st *setStmt) assign(r *run, s *scope, v value) error {
	vals := []value{v}
	if len(st.targets) > 1 {
		var err error
		if vals, err = r.unpack(v, len(st.targets)); err != nil {
			return err
		}
	}
	for i, t := range st.targets {
		if t.attr == "" {
			s.vars[t.name] = vals[i]
			continue
		}
		ns, ok := s.find(t.name).(*namespace)
		if !ok {
			return fmt.Errorf("%s is no namespace, so its %s cannot be set", clip(t.name), clip(t.attr))
		}
		ns.set(literal(t.attr), vals[i])
	}
	return nil
}

// A macro is a piece of template that is called like a function. It sees the
// variables of where it was written.
type macro struct {
	st   *macroStmt
	home *scope
}

func (st *macroStmt) exec(_ *run, s *scope, _ *builder) (flow, error) {
	s.vars[st.name] = &macro{st, s}
	return goOn, nil
}

func (m *macro) call(r *run, a args) (value, error) {
	if err := r.enter(); err != nil {
		return nil, err
	}
	defer r.leave()
	s := r.scope(m.home)
	if len(a.pos) > len(m.st.params) {
		return nil, fmt.Errorf("macro %s takes %s arguments, not %d", clip(m.st.name), strconv.Itoa(len(m.st.params)), len(a.pos))
	}
	for i, p := range m.st.params {
		v, ok := a.get(i, p.name)
		if !ok && p.fallback != nil {
			var err error
			if v, err = p.fallback.eval(r, s); err != nil {
				return nil, err
			}
		}
		s.vars[p.name] = v
	}
	if caller, ok := (args{named: a.named}).get(0, "caller"); ok {
		s.vars["caller"] = caller
	}
	return r.capture(func(out *builder) error {
		_, err := execAll(m.st.body, r, s, out)
		return err
	})
}

func (st *callStmt) exec(r *run, s *scope, out *builder) (flow, error) {
	last := len(st.call.rest) - 1
	f, err := (&postfix{st.call.x, st.call.rest[:last]}).eval(r, s)
	if err != nil {
		return goOn, at(st.line, err)
	}
	a, err := evalArgs(r, s, st.call.rest[last].args)
	if err != nil {
		return goOn, at(st.line, err)
	}
	a.named = append(a.named, namedValue{"caller", &macro{st.body, s}})
	v, err := call(r, f, a)
	if err == nil {
		out.print(v)
	}
	return goOn, at(st.line, err)
}

func (st *filterStmt) exec(r *run, s *scope, out *builder) (flow, error) {
	t, err := r.capture(func(out *builder) error {
		_, err := execAll(st.body, r, r.scope(s), out)
		return err
	})
	if err != nil {
		return goOn, err
	}
	v, err := applyAll(r, s, t, st.filters)
	if err == nil {
		out.print(v)
	}
	return goOn, at(st.line, err)
}

func (st *scopeStmt) exec(r *run, s *scope, out *builder) (flow, error) {
	inner := r.scope(s)
	for i, name := range st.names {
		v, err := st.vals[i].eval(r, s)
		if err != nil {
			return goOn, at(st.line, err)
		}
		inner.vars[name] = v
	}
	return execAll(st.body, r, inner, out)
}
