package chat

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"
)

var (
	errOverflow = errors.New("a number is too large")
	errDivision = errors.New("division by zero")
)

// arithmetic is a op b.
func arithmetic(r *run, op string, a, b value) (value, error) {
	for _, v := range [...]value{a, b} {
		if u, ok := v.(undefined); ok {
			return nil, missing(u)
		}
	}
	ai, af, aInt, aNum := number(a)
	bi, bf, bInt, bNum := number(b)
	switch {
	case aNum && bNum && aInt && bInt && op != "/":
		return integers(op, ai, bi)
	case aNum && bNum:
		return floats(op, af, bf)
	case op == "+":
		return add(r, a, b)
	case op == "*" && bInt:
		return repeat(r, a, bi)
	case op == "*" && aInt:
		return repeat(r, b, ai)
	}
	return nil, fmt.Errorf("a %s and a %s have no %q", a.kind(), b.kind(), op)
}

func integers(op string, a, b int64) (value, error) {
	switch op {
	case "+":
		if c := a + b; (c > a) == (b > 0) {
			return integer(c), nil
		}
		return nil, errOverflow
	case "-":
		if c := a - b; (c < a) == (b > 0) {
			return integer(c), nil
		}
		return nil, errOverflow
	case "*":
		return product(a, b)
	case "**":
		return power(a, b)
	}
	if b == 0 {
		return nil, errDivision
	}
	if b == -1 { // the one that overflows
		if op == "%" {
			return integer(0), nil
		}
		return product(a, b)
	}
	q, m := a/b, a%b
	if m != 0 && (m < 0) != (b < 0) {
		q, m = q-1, m+b
	}
	if op == "%" {
		return integer(m), nil
	}
	return integer(q), nil
}

func product(a, b int64) (value, error) {
	c := a * b
	if a != 0 && (c/a != b || a == -1 && b == math.MinInt64) {
		return nil, errOverflow
	}
	return integer(c), nil
}

func power(a, n int64) (value, error) {
	if n < 0 {
		return floats("**", float64(a), float64(n))
	}
	if f := math.Pow(float64(a), float64(n)); math.Abs(f) > 1<<62 {
		return nil, errOverflow
	}
	if a == 0 || a == 1 || a == -1 {
		n = min(n, 2-n%2) // any other has few factors
	}
	out := int64(1)
	for range n {
		out *= a
	}
	return integer(out), nil
}

func floats(op string, a, b float64) (value, error) {
	switch op {
	case "+":
		return float(a + b), nil
	case "-":
		return float(a - b), nil
	case "*":
		return float(a * b), nil
	case "**":
		return float(math.Pow(a, b)), nil
	}
	if b == 0 {
		return nil, errDivision
	}
	switch op {
	case "/":
		return float(a / b), nil
	case "//":
		return float(math.Floor(a / b)), nil
	}
	m := math.Mod(a, b)
	if m != 0 && (m < 0) != (b < 0) {
		m += b
	}
	return float(m), nil
}

// add joins strings or lists.
func add(r *run, a, b value) (value, error) {
	switch a := a.(type) {
	case text:
		if b, ok := b.(text); ok {
			return r.capture(func(out *builder) error {
				out.add(a)
				out.add(b)
				return nil
			})
		}
	case *list:
		if b, ok := b.(*list); ok {
			if err := r.items(len(a.items) + len(b.items)); err != nil {
				return nil, err
			}
			items := append(make([]value, 0, len(a.items)+len(b.items)), a.items...)
			return &list{items: append(items, b.items...), tuple: a.tuple}, nil
		}
	}
	return nil, fmt.Errorf("a %s and a %s cannot be added", a.kind(), b.kind())
}

// repeat is a string or a list n times over.
func repeat(r *run, v value, n int64) (value, error) {
	n = max(n, 0)
	switch v := v.(type) {
	case text:
		if v.s == "" {
			return v, nil
		}
		return r.capture(func(out *builder) error {
			for range n {
				if err := r.step(1); err != nil {
					return err
				}
				out.add(v)
			}
			return r.err
		})
	case *list:
		out := &list{tuple: v.tuple}
		for range n {
			if err := r.items(1 + len(v.items)); err != nil {
				return nil, err
			}
			out.items = append(out.items, v.items...)
		}
		return out, nil
	}
	return nil, fmt.Errorf("a %s cannot be repeated", v.kind())
}

// compare is a op b.
func compare(r *run, op string, a, b value) (bool, error) {
	switch op {
	case "==":
		return equal(r, a, b, 0), r.err
	case "!=":
		return !equal(r, a, b, 0), r.err
	case "in":
		return contains(r, b, a)
	case "not in":
		in, err := contains(r, b, a)
		return !in, err
	}
	c, err := order(r, a, b, 0)
	if err != nil {
		return false, err
	}
	switch op {
	case "<":
		return c < 0, nil
	case "<=":
		return c <= 0, nil
	case ">":
		return c > 0, nil
	}
	return c >= 0, nil
}

// equal is a == b. The meter's error stays in the meter.
func equal(r *run, a, b value, depth int) bool {
	if r.step(1) != nil {
		return false
	}
	if depth > maxData {
		_ = r.fail("nested values", maxData) // stays in the meter
		return false
	}
	if ai, af, aInt, ok := number(a); ok {
		bi, bf, bInt, ok := number(b)
		if aInt && bInt {
			return ok && ai == bi
		}
		return ok && af == bf
	}
	switch a := a.(type) {
	case undefined:
		_, ok := b.(undefined)
		return ok
	case none:
		return b == none{}
	case text:
		b, ok := b.(text)
		return ok && len(a.s) == len(b.s) && r.scan(len(a.s)) == nil && a.s == b.s
	case *list:
		b, ok := b.(*list)
		if !ok || len(a.items) != len(b.items) {
			return false
		}
		for i := range a.items {
			if !equal(r, a.items[i], b.items[i], depth+1) {
				return false
			}
		}
		return true
	case *dict:
		b, ok := b.(*dict)
		if !ok || len(a.keys) != len(b.keys) {
			return false
		}
		for i, k := range a.keys {
			if v, ok := b.get(k.s); !ok || !equal(r, a.vals[i], v, depth+1) {
				return false
			}
		}
		return true
	case *namespace:
		return a == b
	case *macro:
		return a == b
	}
	return false
}

// order compares numbers, strings, and lists of them.
func order(r *run, a, b value, depth int) (int, error) {
	if err := r.step(1); err != nil {
		return 0, err
	}
	if depth > maxData {
		return 0, r.fail("nested values", maxData)
	}
	ai, af, aInt, aNum := number(a)
	bi, bf, bInt, bNum := number(b)
	switch {
	case aInt && bInt:
		return cmp.Compare(ai, bi), nil
	case aNum && bNum:
		return cmp.Compare(af, bf), nil
	}
	switch a := a.(type) {
	case text:
		if b, ok := b.(text); ok {
			return strings.Compare(a.s, b.s), r.scan(min(len(a.s), len(b.s)))
		}
	case *list:
		if b, ok := b.(*list); ok {
			for i := range min(len(a.items), len(b.items)) {
				if c, err := order(r, a.items[i], b.items[i], depth+1); c != 0 || err != nil {
					return c, err
				}
			}
			return cmp.Compare(len(a.items), len(b.items)), nil
		}
	}
	return 0, fmt.Errorf("a %s and a %s have no order", a.kind(), b.kind())
}

// contains is item in v.
func contains(r *run, v, item value) (bool, error) {
	switch v := v.(type) {
	case undefined:
		return false, nil
	case text:
		t, ok := item.(text)
		if !ok {
			return false, fmt.Errorf("a string contains strings, not a %s", item.kind())
		}
		return r.scan(len(v.s)) == nil && strings.Contains(v.s, t.s), r.err
	case *list:
		for _, x := range v.items {
			if equal(r, x, item, 0) {
				return true, nil
			}
		}
		return false, r.err
	case *dict:
		t, ok := item.(text)
		if !ok {
			return false, nil
		}
		_, ok = v.get(t.s)
		return ok, nil
	}
	return false, fmt.Errorf("a %s contains nothing", v.kind())
}
