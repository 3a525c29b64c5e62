package chat

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A filter is v|name(args).
type filter func(r *run, v value, a args) (value, error)

// filters is filled in at start because map and select look filters up again.
var filters map[string]filter

func init() {
	filters = map[string]filter{
		"abs":        abs,
		"capitalize": onText(capitalize),
		"count":      length,
		"d":          fallback,
		"default":    fallback,
		"dictsort":   dictSort,
		"e":          escapeHTML,
		"escape":     escapeHTML,
		"first":      func(r *run, v value, _ args) (value, error) { return edge(r, v, false) },
		"float":      toFloat,
		"indent":     indent,
		"int":        toInt,
		"items":      pairs,
		"join":       joinFilter,
		"last":       func(r *run, v value, _ args) (value, error) { return edge(r, v, true) },
		"length":     length,
		"list":       toList,
		"lower":      onText(lower),
		"map":        mapFilter,
		"max":        func(r *run, v value, _ args) (value, error) { return extreme(r, v, 1) },
		"min":        func(r *run, v value, _ args) (value, error) { return extreme(r, v, -1) },
		"reject":     choose(false, false),
		"rejectattr": choose(true, false),
		"replace":    func(r *run, v value, a args) (value, error) { return method0(r, "replace", v, a) },
		"reverse":    reverse,
		"round":      round,
		"safe":       func(r *run, v value, _ args) (value, error) { return r.text(v) },
		"select":     choose(false, true),
		"selectattr": choose(true, true),
		"sort":       sortFilter,
		"string":     func(r *run, v value, _ args) (value, error) { return r.text(v) },
		"sum":        sum,
		"title":      onText(titleFilter),
		"tojson":     toJSON,
		"trim":       func(r *run, v value, a args) (value, error) { return method0(r, "strip", v, a) },
		"unique":     unique,
		"upper":      onText(upper),
	}
}

func filterValue(r *run, name string, v value, a args) (value, error) {
	f, ok := filters[name]
	if !ok {
		return nil, fmt.Errorf("there is no filter %q", clip(name))
	}
	return f(r, v, a)
}

// onText makes a filter of a function of strings; other values are shown as
// strings first.
func onText(f func(*run, text) (value, error)) filter {
	return func(r *run, v value, _ args) (value, error) {
		t, err := r.text(v)
		if err != nil {
			return nil, err
		}
		return f(r, t)
	}
}

// method0 calls a method of v, shown as a string.
func method0(r *run, name string, v value, a args) (value, error) {
	t, err := r.text(v)
	if err != nil {
		return nil, err
	}
	return textMethods[name](r, t, a)
}

func titleFilter(r *run, t text) (value, error) {
	return title(r, t, func(before rune) bool { return isSpace(before) || strings.ContainsRune("-({[<", before) })
}

func fallback(_ *run, v value, a args) (value, error) {
	_, gone := v.(undefined)
	if !gone && !(a.flag(1, "boolean") && !truth(v)) {
		return v, nil
	}
	if d, ok := a.get(0, "default_value"); ok {
		return d, nil
	}
	return text{}, nil
}

func length(r *run, v value, _ args) (value, error) {
	switch v := v.(type) {
	case undefined:
		return integer(0), nil
	case text:
		return integer(utf8.RuneCountInString(v.s)), r.scan(len(v.s))
	case *list:
		return integer(len(v.items)), nil
	case *dict:
		return integer(len(v.keys)), nil
	}
	return nil, fmt.Errorf("a %s has no length", v.kind())
}

func toList(r *run, v value, _ args) (value, error) {
	items, err := r.iterate(v)
	return &list{items: items}, err
}

func pairs(r *run, v value, _ args) (value, error) {
	switch v := v.(type) {
	case undefined:
		return &list{}, nil
	case *dict:
		return v.items(), r.items(4 * len(v.keys))
	}
	return nil, fmt.Errorf("only a mapping has items, not a %s", v.kind())
}

func edge(r *run, v value, last bool) (value, error) {
	if t, ok := v.(text); ok {
		return charAt(r, t, map[bool]int64{false: 0, true: -1}[last])
	}
	items, err := r.iterate(v)
	switch {
	case err != nil:
		return nil, err
	case len(items) == 0:
		return undefined{"an item of an empty list"}, nil
	case last:
		return items[len(items)-1], nil
	}
	return items[0], nil
}

func reverse(r *run, v value, _ args) (value, error) {
	if t, ok := v.(text); ok {
		back := -1
		return sliceText(r, t, [3]*int{2: &back})
	}
	items, err := r.iterate(v)
	if err != nil || r.items(len(items)) != nil {
		return nil, cmpErr(err, r.err)
	}
	items = slices.Clone(items)
	slices.Reverse(items)
	return &list{items: items}, nil
}

func joinFilter(r *run, v value, a args) (value, error) {
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	if path, ok := a.get(1, "attribute"); ok {
		if items, err = pluck(r, items, path); err != nil {
			return nil, err
		}
	}
	sep, err := a.text(0, "d", text{})
	if err != nil {
		return nil, err
	}
	return join(r, items, sep)
}

// follow takes a path of attributes: a.b.0.
func follow(r *run, v value, path value) (value, error) {
	t, ok := path.(text)
	if !ok {
		return index(r, v, path)
	}
	for part := range strings.SplitSeq(t.s, ".") {
		if err := r.step(1); err != nil {
			return nil, err
		}
		key := value(literal(part))
		if n, err := strconv.Atoi(part); err == nil {
			key = integer(n)
		}
		var err error
		if v, err = index(r, v, key); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func pluck(r *run, items []value, path value) ([]value, error) {
	if err := r.items(len(items)); err != nil {
		return nil, err
	}
	out := make([]value, len(items))
	for i, v := range items {
		var err error
		if out[i], err = follow(r, v, path); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// mapFilter is map(attribute="x") or map("filter", args).
func mapFilter(r *run, v value, a args) (value, error) {
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	if path, ok := (args{named: a.named}).get(0, "attribute"); ok {
		if items, err = pluck(r, items, path); err != nil {
			return nil, err
		}
		if d, ok := (args{named: a.named}).get(0, "default"); ok {
			for i, v := range items {
				if _, gone := v.(undefined); gone {
					items[i] = d
				}
			}
		}
		return &list{items: items}, nil
	}
	name, err := a.text(0, "filter", text{})
	if err != nil {
		return nil, err
	}
	if err := r.items(len(items)); err != nil {
		return nil, err
	}
	out := make([]value, len(items))
	for i, v := range items {
		if out[i], err = filterValue(r, name.s, v, args{a.pos[min(1, len(a.pos)):], a.named}); err != nil {
			return nil, err
		}
	}
	return &list{items: out}, nil
}

// choose keeps the items, or those with an attribute, that pass a test or do
// not.
func choose(attr, keep bool) filter {
	return func(r *run, v value, a args) (value, error) {
		items, err := r.iterate(v)
		if err != nil || r.items(len(items)) != nil {
			return nil, cmpErr(err, r.err)
		}
		rest := a.pos
		var path value
		if attr {
			if len(rest) == 0 {
				return nil, fmt.Errorf("the name of an attribute is missing")
			}
			path, rest = rest[0], rest[1:]
		}
		out := &list{}
		for _, item := range items {
			x := item
			if attr {
				if x, err = follow(r, item, path); err != nil {
					return nil, err
				}
			}
			passes := truth(x)
			if len(rest) > 0 {
				name, ok := rest[0].(text)
				if !ok {
					return nil, fmt.Errorf("the name of a test must be a string")
				}
				if passes, err = testValue(r, name.s, x, args{rest[1:], a.named}); err != nil {
					return nil, err
				}
			}
			if passes == keep {
				out.items = append(out.items, item)
			}
		}
		return out, r.err
	}
}

// fold is what strings are sorted by unless case counts.
func fold(r *run, v value, caseCounts bool) (value, error) {
	if t, ok := v.(text); ok && !caseCounts {
		return lower(r, t)
	}
	return v, nil
}

// sorted orders items by their keys; equal ones stay as they were.
func sorted(r *run, items, keys []value, backwards bool) (*list, error) {
	if err := r.items(2 * len(items)); err != nil {
		return nil, err
	}
	by := make([]int, len(items))
	for i := range by {
		by[i] = i
	}
	var failed error
	slices.SortStableFunc(by, func(i, j int) int {
		c, err := order(r, keys[i], keys[j], 0)
		failed = cmpErr(failed, err)
		if backwards {
			return -c
		}
		return c
	})
	out := &list{items: make([]value, len(items))}
	for i, j := range by {
		out.items[i] = items[j]
	}
	return out, failed
}

func sortFilter(r *run, v value, a args) (value, error) {
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	keys := items
	if path, ok := a.get(2, "attribute"); ok && path != (none{}) {
		if keys, err = pluck(r, items, path); err != nil {
			return nil, err
		}
	}
	if keys, err = foldAll(r, keys, a.flag(1, "case_sensitive")); err != nil {
		return nil, err
	}
	return sorted(r, items, keys, a.flag(0, "reverse"))
}

func foldAll(r *run, in []value, caseCounts bool) ([]value, error) {
	if err := r.items(len(in)); err != nil {
		return nil, err
	}
	out := make([]value, len(in))
	for i, v := range in {
		var err error
		if out[i], err = fold(r, v, caseCounts); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func dictSort(r *run, v value, a args) (value, error) {
	d, ok := v.(*dict)
	if !ok {
		return nil, fmt.Errorf("only a mapping is sorted by its keys, not a %s", v.kind())
	}
	by, err := a.text(1, "by", literal("key"))
	if err != nil {
		return nil, err
	}
	keys := d.vals
	if by.s == "key" {
		if keys, err = r.iterate(d); err != nil {
			return nil, err
		}
	}
	if keys, err = foldAll(r, keys, a.flag(0, "case_sensitive")); err != nil {
		return nil, err
	}
	if err := r.items(4 * len(d.keys)); err != nil {
		return nil, err
	}
	return sorted(r, d.items().items, keys, a.flag(2, "reverse"))
}

func unique(r *run, v value, a args) (value, error) {
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	keys, err := foldAll(r, items, a.flag(0, "case_sensitive"))
	if err != nil {
		return nil, err
	}
	out := &list{}
	var seen []value
	for i, k := range keys {
		if !slices.ContainsFunc(seen, func(s value) bool { return equal(r, s, k, 0) }) {
			seen = append(seen, k)
			out.items = append(out.items, items[i])
		}
		if r.err != nil { // nothing is equal any more
			return nil, r.err
		}
	}
	return out, nil
}

// extreme is the largest or, with sign -1, the smallest item.
func extreme(r *run, v value, sign int) (value, error) {
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return undefined{"an item of an empty list"}, nil
	}
	best := items[0]
	for _, x := range items[1:] {
		c, err := order(r, x, best, 0)
		if err != nil {
			return nil, err
		}
		if c*sign > 0 {
			best = x
		}
	}
	return best, nil
}

func sum(r *run, v value, a args) (value, error) {
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	if path, ok := a.get(0, "attribute"); ok && path != (none{}) {
		if items, err = pluck(r, items, path); err != nil {
			return nil, err
		}
	}
	total := value(integer(0))
	if start, ok := a.get(1, "start"); ok {
		total = start
	}
	for _, x := range items {
		if total, err = arithmetic(r, "+", total, x); err != nil {
			return nil, err
		}
	}
	return total, nil
}

func abs(_ *run, v value, _ args) (value, error) {
	i, f, isInt, ok := number(v)
	switch {
	case !ok:
		return nil, fmt.Errorf("a %s has no sign", v.kind())
	case isInt:
		return integer(max(i, -i)), nil
	}
	return float(math.Abs(f)), nil
}

func round(_ *run, v value, a args) (value, error) {
	_, f, _, ok := number(v)
	digits, err := a.int(0, "precision", 0)
	if !ok || err != nil {
		return nil, cmpErr(err, fmt.Errorf("a %s cannot be rounded", v.kind()))
	}
	how, err := a.text(1, "method", literal("common"))
	if err != nil {
		return nil, err
	}
	scale := math.Pow(10, float64(max(min(digits, 15), -15)))
	switch how.s {
	case "ceil":
		f = math.Ceil(f*scale) / scale
	case "floor":
		f = math.Floor(f*scale) / scale
	default:
		f = math.RoundToEven(f*scale) / scale
	}
	return float(f), nil
}

func toInt(_ *run, v value, a args) (value, error) {
	otherwise := value(integer(0))
	if d, ok := a.get(0, "default"); ok {
		otherwise = d
	}
	i, f, isInt, ok := number(v)
	if t, isText := v.(text); isText {
		s := strings.TrimSpace(t.s)
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return integer(n), nil
		}
		n, err := strconv.ParseFloat(s, 64)
		f, ok = n, err == nil
	}
	switch {
	case isInt:
		return integer(i), nil
	case ok && math.Abs(f) < 1<<62:
		return integer(f), nil
	}
	return otherwise, nil
}

func toFloat(_ *run, v value, a args) (value, error) {
	_, f, _, ok := number(v)
	if t, isText := v.(text); isText {
		n, err := strconv.ParseFloat(strings.TrimSpace(t.s), 64)
		f, ok = n, err == nil
	}
	if ok {
		return float(f), nil
	}
	if d, ok := a.get(0, "default"); ok {
		return d, nil
	}
	return float(0), nil
}

var htmlEscapes = map[rune]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '"': "&#34;", '\'': "&#39;"}

func escapeHTML(r *run, v value, _ args) (value, error) {
	t, err := r.text(v)
	if err != nil {
		return nil, err
	}
	return r.capture(func(out *builder) error {
		out.escape(t, func(c rune) string { return htmlEscapes[c] })
		return nil
	})
}

// indent puts blanks before all lines but, unless asked, the first and the
// empty ones.
func indent(r *run, v value, a args) (value, error) {
	t, err := r.text(v)
	if err != nil {
		return nil, err
	}
	var by value
	if w, ok := a.get(0, "width"); !ok {
		by = literal("    ")
	} else if by = w; w.kind() != "string" {
		n, err := a.int(0, "width", 4)
		if err != nil {
			return nil, err
		}
		if by, err = repeat(r, literal(" "), int64(n)); err != nil {
			return nil, err
		}
	}
	ls, err := lines(r, t)
	if err != nil {
		return nil, err
	}
	if last, _ := utf8.DecodeLastRuneInString(t.s); len(ls) == 0 || endsLine(last) {
		ls = append(ls, text{})
	}
	first, blank := a.flag(1, "first"), a.flag(2, "blank")
	return r.capture(func(out *builder) error {
		for i, l := range ls {
			if i > 0 {
				out.lit("\n")
			}
			if i == 0 && first || i > 0 && (blank || l.s != "") {
				out.add(by.(text))
			}
			out.add(l)
		}
		return nil
	})
}
