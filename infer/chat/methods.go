package chat

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A method is a function of a value. Only these can be called: none reaches
// anything but its arguments, and none changes them.
type method[T value] func(r *run, v T, a args) (value, error)

// of binds the method to its receiver.
func (m method[T]) of(v T, name string) value {
	return &function{name, func(r *run, a args) (value, error) { return m(r, v, a) }}
}

var dictMethods = map[string]method[*dict]{
	"get": func(_ *run, d *dict, a args) (value, error) {
		key, ok := a.get(0, "key")
		if !ok {
			return nil, fmt.Errorf("get needs a key")
		}
		if k, ok := key.(text); ok {
			if v, ok := d.get(k.s); ok {
				return v, nil
			}
		}
		if v, ok := a.get(1, "default"); ok {
			return v, nil
		}
		return none{}, nil
	},
	"items": func(r *run, d *dict, _ args) (value, error) { return d.items(), r.items(4 * len(d.keys)) },
	"keys": func(r *run, d *dict, _ args) (value, error) {
		keys, err := r.iterate(d)
		return &list{items: keys}, err
	},
	"values": func(r *run, d *dict, _ args) (value, error) { return &list{items: d.vals}, r.step(1) },
}

var listMethods = map[string]method[*list]{
	"count": func(r *run, l *list, a args) (value, error) {
		n, want := 0, argument0(a)
		for _, v := range l.items {
			if equal(r, v, want, 0) {
				n++
			}
		}
		return integer(n), r.err
	},
	"index": func(r *run, l *list, a args) (value, error) {
		want := argument0(a)
		for i, v := range l.items {
			if equal(r, v, want, 0) {
				return integer(i), nil
			}
		}
		return nil, fmt.Errorf("the list has no such item")
	},
}

func argument0(a args) value {
	v, _ := a.get(0, "")
	return v
}

var textMethods = map[string]method[text]{
	"strip":  stripMethod(true, true),
	"lstrip": stripMethod(true, false),
	"rstrip": stripMethod(false, true),
	"upper":  func(r *run, t text, _ args) (value, error) { return upper(r, t) },
	"lower":  func(r *run, t text, _ args) (value, error) { return lower(r, t) },
	"title": func(r *run, t text, _ args) (value, error) {
		return title(r, t, func(before rune) bool { return !unicode.IsLetter(before) })
	},
	"capitalize": func(r *run, t text, _ args) (value, error) { return capitalize(r, t) },
	"startswith": affix(strings.HasPrefix),
	"endswith":   affix(strings.HasSuffix),
	"removeprefix": func(_ *run, t text, a args) (value, error) {
		p, err := a.text(0, "prefix", text{})
		return t.slice(len(t.s)-len(strings.TrimPrefix(t.s, p.s)), len(t.s)), err
	},
	"removesuffix": func(_ *run, t text, a args) (value, error) {
		p, err := a.text(0, "suffix", text{})
		return t.slice(0, len(strings.TrimSuffix(t.s, p.s))), err
	},
	"split": func(r *run, t text, a args) (value, error) {
		sep, limit, err := splitArgs(a)
		if err != nil || sep == "" {
			return fieldsOf(r, t, limit, err)
		}
		return split(r, t, sep, limit)
	},
	"rsplit": rsplit,
	"splitlines": func(r *run, t text, _ args) (value, error) {
		ls, err := lines(r, t)
		out := &list{}
		for _, l := range ls {
			out.items = append(out.items, l)
		}
		return out, err
	},
	"replace": func(r *run, t text, a args) (value, error) {
		old, err := a.text(0, "old", text{})
		if err != nil {
			return nil, err
		}
		repl, err := a.text(1, "new", text{})
		if err != nil {
			return nil, err
		}
		n, err := a.int(2, "count", -1)
		if err != nil {
			return nil, err
		}
		return replace(r, t, old, repl, n)
	},
	"find": func(r *run, t text, a args) (value, error) {
		sub, err := a.text(0, "sub", text{})
		if err != nil || r.scan(len(t.s)) != nil {
			return nil, cmpErr(err, r.err)
		}
		i := strings.Index(t.s, sub.s)
		if i > 0 {
			i = utf8.RuneCountInString(t.s[:i])
		}
		return integer(i), nil
	},
	"count": func(r *run, t text, a args) (value, error) {
		sub, err := a.text(0, "sub", text{})
		if err != nil || r.scan(len(t.s)) != nil {
			return nil, cmpErr(err, r.err)
		}
		return integer(strings.Count(t.s, sub.s)), nil
	},
	"join": func(r *run, t text, a args) (value, error) {
		items, err := r.iterate(argument0(a))
		if err != nil {
			return nil, err
		}
		return join(r, items, t)
	},
	"isdigit": is(unicode.IsDigit),
	"isalpha": is(unicode.IsLetter),
	"isalnum": is(func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }),
	"isspace": is(isSpace),
}

// cmpErr is the first error.
func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func stripMethod(left, right bool) method[text] {
	return func(r *run, t text, a args) (value, error) {
		drop := isSpace
		if v, ok := a.get(0, "chars"); ok && v != (none{}) {
			chars, err := a.text(0, "chars", text{})
			if err != nil {
				return nil, err
			}
			if err := r.items(len(chars.s)); err != nil {
				return nil, err
			}
			set := make(map[rune]bool)
			for _, c := range chars.s {
				set[c] = true
			}
			drop = func(c rune) bool { return set[c] }
		}
		out := strip(t, drop, left, right)
		return out, r.step((len(t.s) - len(out.s)) / 8)
	}
}

// affix tests one prefix or suffix, or a list of them.
func affix(has func(s, affix string) bool) method[text] {
	return func(r *run, t text, a args) (value, error) {
		if l, ok := argument0(a).(*list); ok {
			for _, v := range l.items {
				if p, ok := v.(text); ok && r.step(1) == nil && has(t.s, p.s) {
					return boolean(true), nil
				}
			}
			return boolean(false), r.err
		}
		p, ok := argument0(a).(text)
		if !ok {
			return nil, fmt.Errorf("a string begins and ends with strings, not a %s", argument0(a).kind())
		}
		return boolean(has(t.s, p.s)), r.scan(len(p.s))
	}
}

func splitArgs(a args) (sep string, limit int, err error) {
	t, err := a.text(0, "sep", text{})
	if err != nil {
		return "", 0, err
	}
	limit, err = a.int(1, "maxsplit", -1)
	return t.s, limit, err
}

func fieldsOf(r *run, t text, limit int, err error) (value, error) {
	if err != nil {
		return nil, err
	}
	return fields(r, t, limit)
}

// rsplit cuts from the right.
func rsplit(r *run, t text, a args) (value, error) {
	sep, limit, err := splitArgs(a)
	if err != nil || sep == "" {
		return fieldsOf(r, t, -1, err)
	}
	l, err := split(r, t, sep, -1)
	if cuts := len(l.items) - 1; err == nil && limit >= 0 && cuts > limit {
		keep := l.items[cuts-limit+1:]
		n := len(t.s)
		for _, v := range keep {
			n -= len(v.(text).s) + len(sep)
		}
		l.items = append([]value{t.slice(0, n)}, keep...)
	}
	return l, err
}

// is tests all characters of a string that has some.
func is(class func(rune) bool) method[text] {
	return func(r *run, t text, _ args) (value, error) {
		other := strings.IndexFunc(t.s, func(c rune) bool { return !class(c) })
		return boolean(t.s != "" && other < 0), r.scan(len(t.s))
	}
}

// join writes the items with sep between them.
func join(r *run, items []value, sep text) (value, error) {
	return r.capture(func(out *builder) error {
		for i, v := range items {
			if err := r.step(1); err != nil {
				return err
			}
			if i > 0 {
				out.add(sep)
			}
			out.print(v)
		}
		return nil
	})
}
