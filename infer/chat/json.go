package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// toJSON is the tojson filter: keys in their order, any character as it is,
// nothing escaped for HTML.
func toJSON(r *run, v value, a args) (value, error) {
	by, err := a.int(1, "indent", -1)
	if err != nil {
		return nil, err
	}
	if len(a.pos) > 0 { // Jinja's own order of arguments
		if by, err = a.int(0, "indent", -1); err != nil {
			return nil, err
		}
	}
	w := jsonWriter{item: ", ", key: ": ", indent: by, sorted: a.flag(3, "sort_keys")}
	if by >= 0 {
		w.item = ","
	}
	if s, ok := a.get(2, "separators"); ok && s != (none{}) {
		pair, err := r.unpack(s, 2)
		if err != nil {
			return nil, err
		}
		item, ok1 := pair[0].(text)
		key, ok2 := pair[1].(text)
		if !ok1 || !ok2 {
			return nil, errors.New("separators must be strings")
		}
		w.item, w.key = item.s, key.s
	}
	return r.capture(func(out *builder) error {
		w.b = out
		return w.write(v, 0)
	})
}

type jsonWriter struct {
	b         *builder
	item, key string
	indent    int // -1: all in one line
	sorted    bool
}

func (w *jsonWriter) write(v value, depth int) error {
	if err := w.b.m.step(1); err != nil {
		return err
	}
	if depth > maxData {
		return w.b.m.fail("nested values", maxData)
	}
	switch v := v.(type) {
	case none:
		w.b.lit("null")
	case boolean:
		w.b.lit(strconv.FormatBool(bool(v)))
	case integer:
		w.b.lit(strconv.FormatInt(int64(v), 10))
	case float:
		w.b.lit(jsonFloat(float64(v)))
	case text:
		w.str(v)
	case *list:
		return w.list(v, depth)
	case *dict:
		return w.dict(v, depth)
	default:
		return fmt.Errorf("a %s cannot be written as JSON", v.kind())
	}
	return nil
}

func jsonFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case math.IsNaN(f):
		return "NaN"
	}
	return formatFloat(f)
}

func (w *jsonWriter) str(t text) {
	w.b.lit(`"`)
	w.b.escape(t, func(c rune) string {
		switch c {
		case '"':
			return `\"`
		case '\\':
			return `\\`
		case '\n':
			return `\n`
		case '\r':
			return `\r`
		case '\t':
			return `\t`
		case '\b':
			return `\b`
		case '\f':
			return `\f`
		}
		if c < ' ' {
			return fmt.Sprintf(`\u%04x`, c)
		}
		return ""
	})
	w.b.lit(`"`)
}

// line begins a new line where there are lines.
func (w *jsonWriter) line(depth int) {
	if w.indent >= 0 {
		w.b.lit("\n")
		for range min(w.indent, maxText) * depth {
			if w.b.m.step(1) != nil {
				return
			}
			w.b.lit(" ")
		}
	}
}

func (w *jsonWriter) list(v *list, depth int) error {
	w.b.lit("[")
	for i, x := range v.items {
		if i > 0 {
			w.b.lit(w.item)
		}
		w.line(depth + 1)
		if err := w.write(x, depth+1); err != nil {
			return err
		}
	}
	if len(v.items) > 0 {
		w.line(depth)
	}
	w.b.lit("]")
	return w.b.m.err
}

func (w *jsonWriter) dict(v *dict, depth int) error {
	by := make([]int, len(v.keys))
	for i := range by {
		by[i] = i
	}
	if err := w.b.m.items(len(by)); err != nil {
		return err
	}
	if w.sorted {
		slices.SortStableFunc(by, func(i, j int) int { return strings.Compare(v.keys[i].s, v.keys[j].s) })
	}
	w.b.lit("{")
	for n, i := range by {
		if n > 0 {
			w.b.lit(w.item)
		}
		w.line(depth + 1)
		w.str(v.keys[i])
		w.b.lit(w.key)
		if err := w.write(v.vals[i], depth+1); err != nil {
			return err
		}
	}
	if len(by) > 0 {
		w.line(depth)
	}
	w.b.lit("}")
	return w.b.m.err
}

// readJSON makes a value of JSON from outside: all its strings are foreign.
func readJSON(data []byte) (value, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := readValue(d, 0)
	if err != nil {
		return nil, fmt.Errorf("chat: JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("chat: JSON: more after the value")
	}
	return v, nil
}

func readValue(d *json.Decoder, depth int) (value, error) {
	if depth > maxData {
		return nil, fmt.Errorf("%w of %d nested values", ErrLimit, maxData)
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			return readList(d, depth)
		}
		return readDict(d, depth)
	case bool:
		return boolean(t), nil
	case string:
		return foreign(t), nil
	case json.Number:
		return readNumber(string(t)), nil
	}
	return none{}, nil
}

func readNumber(s string) value {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return integer(n)
	}
	f, _ := strconv.ParseFloat(s, 64) // JSON has proven its form; too large is infinite
	return float(f)
}

func readList(d *json.Decoder, depth int) (value, error) {
	out := &list{}
	for d.More() {
		v, err := readValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		out.items = append(out.items, v)
	}
	_, err := d.Token()
	return out, err
}

func readDict(d *json.Decoder, depth int) (value, error) {
	out := newDict()
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := readValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		out.set(foreign(k.(string)), v) // the decoder lets nothing else be a key
	}
	_, err := d.Token()
	return out, err
}
