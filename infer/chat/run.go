package chat

import (
	"errors"
	"fmt"
	"time"
)

// A run is one rendering of a template.
type run struct {
	meter
	now time.Time
}

// A scope holds variables; loops, macros and captured blocks have their own.
type scope struct {
	vars   map[string]value
	parent *scope
}

func newScope(parent *scope) *scope { return &scope{make(map[string]value), parent} }

// scope is a new scope inside of parent, whose memory counts.
func (r *run) scope(parent *scope) *scope {
	_ = r.alloc(512) // the error stays in the meter, and the next step finds it
	return newScope(parent)
}

func (s *scope) find(name string) value {
	for ; s != nil; s = s.parent {
		if v, ok := s.vars[name]; ok {
			return v
		}
	}
	return undefined{name}
}

func (r *run) builder() *builder { return &builder{m: &r.meter} }

// capture makes a text of what write writes.
func (r *run) capture(write func(out *builder) error) (text, error) {
	out := r.builder()
	if err := write(out); err != nil {
		return text{}, err
	}
	return out.text(), r.err
}

// text is a value as a template shows it.
func (r *run) text(v value) (text, error) {
	if t, ok := v.(text); ok {
		return t, nil
	}
	return r.capture(func(out *builder) error {
		out.print(v)
		return nil
	})
}

// at adds the line to an error that has none.
func at(line int32, err error) error {
	if e := (*Error)(nil); err == nil || errors.As(err, &e) {
		return err
	}
	return &Error{Line: int(line), Err: err}
}

// missing is the error of using something that is not there.
func missing(u undefined) error { return fmt.Errorf("%s is undefined", clip(u.what)) }

// iterate lists what a loop goes over.
func (r *run) iterate(v value) ([]value, error) {
	switch v := v.(type) {
	case undefined:
		return nil, nil
	case *list:
		return v.items, r.step(len(v.items))
	case *dict:
		if err := r.items(len(v.keys)); err != nil {
			return nil, err
		}
		out := make([]value, len(v.keys))
		for i, k := range v.keys {
			out[i] = k
		}
		return out, nil
	case text:
		if err := r.items(2 * len(v.s)); err != nil {
			return nil, err
		}
		var out []value
		for i, c := range v.s {
			out = append(out, v.slice(i, i+runeSize(v.s, i, c)))
		}
		return out, nil
	}
	return nil, fmt.Errorf("a %s cannot be iterated", v.kind())
}

// An args list is what a call passes.
type args struct {
	pos   []value
	named []namedValue
}

type namedValue struct {
	name string
	v    value
}

// get returns the argument at position i or with the name.
func (a args) get(i int, name string) (value, bool) {
	if i < len(a.pos) {
		return a.pos[i], true
	}
	for _, n := range a.named {
		if n.name == name {
			return n.v, true
		}
	}
	return undefined{name}, false
}

// text returns an argument that must be a string, or otherwise.
func (a args) text(i int, name string, otherwise text) (text, error) {
	v, ok := a.get(i, name)
	if !ok {
		return otherwise, nil
	}
	switch v := v.(type) {
	case text:
		return v, nil
	case none:
		return otherwise, nil
	}
	return text{}, fmt.Errorf("argument %q must be a string, not a %s", name, v.kind())
}

// int returns an argument that must be a whole number, or otherwise.
func (a args) int(i int, name string, otherwise int) (int, error) {
	v, ok := a.get(i, name)
	if !ok {
		return otherwise, nil
	}
	if n, _, isInt, _ := number(v); isInt {
		return int(n), nil
	}
	if v == (none{}) {
		return otherwise, nil
	}
	return 0, fmt.Errorf("argument %q must be an integer, not a %s", name, v.kind())
}

// flag returns an argument as true or false.
func (a args) flag(i int, name string) bool {
	v, ok := a.get(i, name)
	return ok && truth(v)
}
