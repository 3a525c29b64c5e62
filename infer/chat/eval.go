package chat

import "fmt"

func (x *constant) eval(r *run, _ *scope) (value, error) { return x.v, r.step(1) }

func (x *variable) eval(r *run, s *scope) (value, error) { return s.find(x.name), r.step(1) }

func (x *listExpr) eval(r *run, s *scope) (value, error) {
	if err := r.items(len(x.items)); err != nil {
		return nil, err
	}
	out := &list{items: make([]value, len(x.items)), tuple: x.tuple}
	for i, item := range x.items {
		v, err := item.eval(r, s)
		if err != nil {
			return nil, err
		}
		out.items[i] = v
	}
	return out, nil
}

func (x *dictExpr) eval(r *run, s *scope) (value, error) {
	if err := r.items(8 + 4*len(x.keys)); err != nil {
		return nil, err
	}
	out := newDict()
	for i := range x.keys {
		k, err := x.keys[i].eval(r, s)
		if err != nil {
			return nil, err
		}
		key, ok := k.(text)
		if !ok {
			return nil, fmt.Errorf("a key must be a string, not a %s", k.kind())
		}
		v, err := x.vals[i].eval(r, s)
		if err != nil {
			return nil, err
		}
		out.set(key, v)
	}
	return out, nil
}

func (x *condExpr) eval(r *run, s *scope) (value, error) {
	c, err := x.cond.eval(r, s)
	switch {
	case err != nil:
		return nil, err
	case truth(c):
		return x.then.eval(r, s)
	case x.otherwise != nil:
		return x.otherwise.eval(r, s)
	}
	return undefined{"a choice without else"}, nil
}

func (x *logicExpr) eval(r *run, s *scope) (v value, err error) {
	for _, item := range x.items {
		if v, err = item.eval(r, s); err != nil || truth(v) != x.and {
			return v, err
		}
	}
	return v, nil
}

func (x *notExpr) eval(r *run, s *scope) (value, error) {
	v, err := x.x.eval(r, s)
	if err != nil {
		return nil, err
	}
	return boolean(!truth(v)), nil
}

func (x *chainExpr) eval(r *run, s *scope) (value, error) {
	if x.rest[0].op == "~" {
		return x.join(r, s)
	}
	v, err := x.first.eval(r, s)
	for _, o := range x.rest {
		if err != nil {
			return nil, err
		}
		var y value
		if y, err = o.x.eval(r, s); err == nil {
			v, err = arithmetic(r, o.op, v, y)
		}
	}
	return v, err
}

// join is a ~ b ~ c.
func (x *chainExpr) join(r *run, s *scope) (value, error) {
	return r.capture(func(out *builder) error {
		v, err := x.first.eval(r, s)
		if err != nil {
			return err
		}
		out.print(v)
		for _, o := range x.rest {
			if v, err = o.x.eval(r, s); err != nil {
				return err
			}
			out.print(v)
		}
		return nil
	})
}

func (x *negExpr) eval(r *run, s *scope) (value, error) {
	v, err := x.x.eval(r, s)
	if err != nil {
		return nil, err
	}
	i, f, isInt, ok := number(v)
	switch {
	case !ok:
		return nil, fmt.Errorf("a %s has no sign", v.kind())
	case !x.minus:
		return v, nil
	case isInt:
		return integer(-i), nil
	}
	return float(-f), nil
}

func (x *compareExpr) eval(r *run, s *scope) (value, error) {
	left, err := x.first.eval(r, s)
	for _, o := range x.rest {
		if err != nil {
			return nil, err
		}
		right, err := o.x.eval(r, s)
		if err != nil {
			return nil, err
		}
		holds, err := compare(r, o.op, left, right)
		if err != nil || !holds {
			return boolean(false), err
		}
		left = right
	}
	return boolean(true), err
}

func (x *postfix) eval(r *run, s *scope) (value, error) {
	v, err := x.x.eval(r, s)
	for i := range x.rest {
		if err == nil {
			err = r.step(1)
		}
		if err != nil {
			return nil, err
		}
		v, err = x.rest[i].apply(r, s, v)
	}
	return v, err
}

func applyAll(r *run, s *scope, v value, rest []suffix) (value, error) {
	return (&postfix{&constant{v}, rest}).eval(r, s)
}

func (f *suffix) apply(r *run, s *scope, v value) (value, error) {
	switch f.kind {
	case attrSuffix:
		return attribute(v, f.name)
	case indexSuffix:
		i, err := f.bounds[0].eval(r, s)
		if err != nil {
			return nil, err
		}
		return index(r, v, i)
	case sliceSuffix:
		return f.slice(r, s, v)
	}
	a, err := evalArgs(r, s, f.args)
	if err != nil {
		return nil, err
	}
	switch f.kind {
	case callSuffix:
		return call(r, v, a)
	case filterSuffix:
		return filterValue(r, f.name, v, a)
	}
	holds, err := testValue(r, f.name, v, a)
	return boolean(holds != f.not), err
}

func evalArgs(r *run, s *scope, in []argument) (a args, err error) {
	for _, arg := range in {
		v, err := arg.x.eval(r, s)
		if err != nil {
			return a, err
		}
		if arg.name == "" {
			a.pos = append(a.pos, v)
		} else {
			a.named = append(a.named, namedValue{arg.name, v})
		}
	}
	return a, r.items(len(in))
}

func call(r *run, f value, a args) (value, error) {
	if err := r.step(1); err != nil {
		return nil, err
	}
	switch f := f.(type) {
	case *function:
		return f.call(r, a)
	case *macro:
		return f.call(r, a)
	case *loop:
		return f.call(r, a)
	case undefined:
		return nil, missing(f)
	}
	return nil, fmt.Errorf("a %s cannot be called", f.kind())
}

// attribute is v.name.
func attribute(v value, name string) (value, error) {
	switch v := v.(type) {
	case undefined:
		return nil, missing(v)
	case *dict:
		if m, ok := dictMethods[name]; ok {
			return m.of(v, name), nil
		}
		if x, ok := v.get(name); ok {
			return x, nil
		}
	case *namespace:
		if x, ok := v.get(name); ok {
			return x, nil
		}
	case text:
		if m, ok := textMethods[name]; ok {
			return m.of(v, name), nil
		}
	case *list:
		if m, ok := listMethods[name]; ok {
			return m.of(v, name), nil
		}
	case *loop:
		return v.attr(name), nil
	}
	return undefined{v.kind() + " attribute " + name}, nil
}

// index is v[i].
func index(r *run, v, i value) (value, error) {
	if u, ok := v.(undefined); ok {
		return nil, missing(u)
	}
	if key, ok := i.(text); ok {
		if d, ok := v.(*dict); ok {
			if x, ok := d.get(key.s); ok {
				return x, nil
			}
		}
		return attribute(v, key.s)
	}
	n, _, isInt, _ := number(i)
	if !isInt {
		return undefined{"an index of a " + i.kind()}, nil
	}
	switch v := v.(type) {
	case *list:
		if n < 0 {
			n += int64(len(v.items))
		}
		if n >= 0 && n < int64(len(v.items)) {
			return v.items[n], nil
		}
	case text:
		return charAt(r, v, n)
	}
	return undefined{fmt.Sprintf("%s item %d", v.kind(), n)}, nil
}

// slice is v[i:j:k].
func (f *suffix) slice(r *run, s *scope, v value) (value, error) {
	var b [3]*int
	for i, x := range f.bounds {
		if x == nil {
			continue
		}
		at, err := x.eval(r, s)
		if err != nil {
			return nil, err
		}
		if at == (none{}) {
			continue
		}
		n, _, isInt, _ := number(at)
		if !isInt {
			return nil, fmt.Errorf("a slice is cut at integers, not at a %s", at.kind())
		}
		clamped := int(max(min(n, 1<<40), -1<<40))
		b[i] = &clamped
	}
	switch v := v.(type) {
	case undefined:
		return nil, missing(v)
	case text:
		return sliceText(r, v, b)
	case *list:
		if err := r.items(len(v.items)); err != nil {
			return nil, err
		}
		from, n, step, err := sliceBounds(len(v.items), b)
		if err != nil {
			return nil, err
		}
		out := &list{items: make([]value, n), tuple: v.tuple}
		for i := range out.items {
			out.items[i] = v.items[from+i*step]
		}
		return out, nil
	}
	return nil, fmt.Errorf("a %s cannot be sliced", v.kind())
}

// sliceBounds says where the items of a slice are: from, from+step, … n times.
func sliceBounds(size int, b [3]*int) (from, n, step int, err error) {
	step = 1
	if b[2] != nil {
		step = *b[2]
	}
	if step == 0 {
		return 0, 0, 0, fmt.Errorf("a slice cannot have the step 0")
	}
	low, high := 0, size // the range of a bound
	if step < 0 {
		low, high = -1, size-1
	}
	bound := func(p *int, otherwise int) int {
		switch {
		case p == nil:
			return otherwise
		case *p < 0:
			return max(*p+size, low)
		}
		return min(*p, high)
	}
	if step > 0 {
		from = bound(b[0], low)
		n = (bound(b[1], high) - from + step - 1) / step
	} else {
		from = bound(b[0], high)
		n = (from - bound(b[1], low) - step - 1) / -step
	}
	return from, max(n, 0), step, nil
}
