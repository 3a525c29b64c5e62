package chat

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A value is what an expression of a template can be: one of the types below
// and nothing else. Only namespaces change after they are made.
type value interface{ kind() string }

type (
	undefined struct{ what string } // a variable, key or attribute that is not there
	none      struct{}
	boolean   bool
	integer   int64
	float     float64
	list      struct {
		items []value
		tuple bool // only looks different when printed
	}
	dict struct { // keeps the order of its keys
		keys []text
		vals []value
		at   map[string]int
	}
	namespace struct{ dict }
	function  struct { // of the interpreter, or a method with its receiver
		name string
		call func(*run, args) (value, error)
	}
)

func (undefined) kind() string  { return "undefined" }
func (none) kind() string       { return "none" }
func (boolean) kind() string    { return "boolean" }
func (integer) kind() string    { return "integer" }
func (float) kind() string      { return "float" }
func (text) kind() string       { return "string" }
func (*list) kind() string      { return "list" }
func (*dict) kind() string      { return "mapping" }
func (*namespace) kind() string { return "namespace" }
func (*function) kind() string  { return "function" }
func (*macro) kind() string     { return "macro" }
func (*loop) kind() string      { return "loop" }

func newDict() *dict { return &dict{at: make(map[string]int)} }

func (d *dict) get(key string) (value, bool) {
	i, ok := d.at[key]
	if !ok {
		return nil, false
	}
	return d.vals[i], true
}

func (d *dict) set(key text, v value) {
	if i, ok := d.at[key.s]; ok {
		d.vals[i] = v
		return
	}
	d.at[key.s] = len(d.keys)
	d.keys = append(d.keys, key)
	d.vals = append(d.vals, v)
}

// items lists the pairs of a map.
func (d *dict) items() *list {
	out := &list{items: make([]value, len(d.keys))}
	for i, k := range d.keys {
		out.items[i] = &list{items: []value{k, d.vals[i]}, tuple: true}
	}
	return out
}

func truth(v value) bool {
	switch v := v.(type) {
	case undefined, none:
		return false
	case boolean:
		return bool(v)
	case integer:
		return v != 0
	case float:
		return v != 0
	case text:
		return v.s != ""
	case *list:
		return len(v.items) > 0
	case *dict:
		return len(v.keys) > 0
	}
	return true
}

// number reads booleans, integers and floats; an integer is exact in i.
func number(v value) (i int64, f float64, isInt, ok bool) {
	switch v := v.(type) {
	case boolean:
		if v {
			return 1, 1, true, true
		}
		return 0, 0, true, true
	case integer:
		return int64(v), float64(v), true, true
	case float:
		return 0, float64(v), false, true
	}
	return 0, 0, false, false
}

// formatFloat writes a float the way Python does.
func formatFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// print writes a value as a template shows it.
func (b *builder) print(v value) {
	switch v := v.(type) {
	case undefined:
	case text:
		b.add(v)
	default:
		b.repr(v, 0)
	}
}

// repr writes a value as Python source.
func (b *builder) repr(v value, depth int) {
	if b.m.step(1) != nil {
		return
	}
	if depth > maxData {
		_ = b.m.fail("nested values", maxData) // stays in the meter
		return
	}
	switch v := v.(type) {
	case undefined:
		b.lit("Undefined")
	case none:
		b.lit("None")
	case boolean:
		b.lit(map[boolean]string{false: "False", true: "True"}[v])
	case integer:
		b.lit(strconv.FormatInt(int64(v), 10))
	case float:
		b.lit(formatFloat(float64(v)))
	case text:
		b.quote(v)
	case *list:
		b.reprList(v, depth)
	case *dict:
		b.lit("{")
		for i, k := range v.keys {
			if i > 0 {
				b.lit(", ")
			}
			b.quote(k)
			b.lit(": ")
			b.repr(v.vals[i], depth+1)
		}
		b.lit("}")
	default:
		b.lit("<" + v.kind() + ">")
	}
}

func (b *builder) reprList(v *list, depth int) {
	open, end := "[", "]"
	if v.tuple {
		open, end = "(", ")"
		if len(v.items) == 1 {
			end = ",)"
		}
	}
	b.lit(open)
	for i, item := range v.items {
		if i > 0 {
			b.lit(", ")
		}
		b.repr(item, depth+1)
	}
	b.lit(end)
}

// quote writes a string as Python source.
func (b *builder) quote(t text) {
	mark := "'"
	if strings.Contains(t.s, "'") && !strings.Contains(t.s, `"`) {
		mark = `"`
	}
	b.lit(mark)
	b.escape(t, func(r rune) string {
		switch {
		case r == '\\':
			return `\\`
		case r == '\n':
			return `\n`
		case r == '\r':
			return `\r`
		case r == '\t':
			return `\t`
		case mark[0] == byte(r) && r < 0x80:
			return `\` + mark
		case r < ' ' || r == 0x7f:
			return fmt.Sprintf(`\x%02x`, r)
		}
		return ""
	})
	b.lit(mark)
}

// escape writes t with each character for which with returns something
// replaced by that, as text of the same origin.
func (b *builder) escape(t text, with func(rune) string) {
	for s, user := range t.parts() {
		from := 0
		for i, r := range s {
			if e := with(r); e != "" {
				b.write(s[from:i], user)
				b.write(e, user)
				from = i + len(string(r))
			}
		}
		b.write(s[from:], user)
	}
}
