package chat

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// globals are the functions that every template has.
var globals = map[string]value{
	"range":           &function{"range", rangeOf},
	"namespace":       &function{"namespace", newNamespace},
	"dict":            &function{"dict", func(r *run, a args) (value, error) { return dictOf(r, a) }},
	"raise_exception": &function{"raise_exception", refuse},
}

// strftimeNow is only there where the caller has a clock.
var strftimeNow = &function{"strftime_now", func(r *run, a args) (value, error) {
	format, err := a.text(0, "format", text{})
	if err != nil {
		return nil, err
	}
	return r.capture(func(out *builder) error {
		return strftime(out, r.now, format.s)
	})
}}

func rangeOf(r *run, a args) (value, error) {
	var n [3]int64
	for i, v := range a.pos {
		x, _, isInt, _ := number(v)
		if !isInt || i >= len(n) {
			return nil, errors.New("range takes one to three integers")
		}
		n[i] = x
	}
	start, stop, step := n[0], n[1], n[2]
	switch len(a.pos) {
	case 0:
		return nil, errors.New("range takes one to three integers")
	case 1:
		start, stop, step = 0, n[0], 1
	case 2:
		step = 1
	}
	if step == 0 {
		return nil, errors.New("a range cannot have the step 0")
	}
	size := rangeSize(start, stop, step)
	if size > maxRange {
		return nil, r.fail("numbers in a range", maxRange)
	}
	if err := r.items(size); err != nil {
		return nil, err
	}
	out := &list{items: make([]value, size)}
	for i := range out.items {
		out.items[i] = integer(start + int64(i)*step)
	}
	return out, nil
}

// rangeSize is how many numbers a range has; more than maxRange is all the
// same.
func rangeSize(start, stop, step int64) int {
	n := 0
	for i := start; n <= maxRange && (step > 0 && i < stop || step < 0 && i > stop); n++ {
		next := i + step
		if (next > i) != (step > 0) { // past the end of the integers
			return n + 1
		}
		i = next
	}
	return n
}

// dictOf is dict(mapping, a=1).
func dictOf(r *run, a args) (*dict, error) {
	out := newDict()
	if v, ok := a.get(0, ""); ok {
		from, ok := v.(*dict)
		if !ok {
			return nil, fmt.Errorf("a %s is no mapping", v.kind())
		}
		if err := r.items(4 * len(from.keys)); err != nil {
			return nil, err
		}
		for i, k := range from.keys {
			out.set(k, from.vals[i])
		}
	}
	for _, n := range a.named {
		out.set(literal(n.name), n.v)
	}
	return out, r.items(8 + 4*len(a.named))
}

func newNamespace(r *run, a args) (value, error) {
	d, err := dictOf(r, a)
	if err != nil {
		return nil, err
	}
	return &namespace{*d}, nil
}

func refuse(r *run, a args) (value, error) {
	t, err := r.text(argument0(a))
	if err != nil {
		return nil, err
	}
	return nil, &Refusal{Text: t.s}
}

// goLayouts are the fields of strftime that Go formats alike.
var goLayouts = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'd': "02", 'D': "01/02/06", 'e': "_2", 'F': "2006-01-02",
	'h': "Jan", 'H': "15", 'I': "03", 'j': "002", 'm': "01", 'M': "04", 'p': "PM", 'R': "15:04", 'S': "05",
	'T': "15:04:05", 'y': "06", 'Y': "2006", 'z': "-0700", 'Z': "MST", 'c': "Mon Jan _2 15:04:05 2006",
	'x': "01/02/06", 'X': "15:04:05", 'r': "03:04:05 PM",
}

// strftime writes t in C's format. A minus drops a leading zero.
func strftime(out *builder, t time.Time, format string) error {
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			out.lit(format[i : i+1])
			continue
		}
		i++
		bare := format[i] == '-' && i+1 < len(format)
		if bare {
			i++
		}
		s, err := timeField(t, format[i])
		if err != nil {
			return err
		}
		if bare && len(s) > 1 && (s[0] == '0' || s[0] == ' ') {
			s = s[1:]
		}
		out.lit(s)
		if err := out.m.step(1); err != nil {
			return err
		}
	}
	return out.m.err
}

func timeField(t time.Time, c byte) (string, error) {
	if layout, ok := goLayouts[c]; ok {
		return t.Format(layout), nil
	}
	switch c {
	case '%':
		return "%", nil
	case 'n':
		return "\n", nil
	case 't':
		return "\t", nil
	case 'f':
		return fmt.Sprintf("%06d", t.Nanosecond()/1000), nil
	case 's':
		return strconv.FormatInt(t.Unix(), 10), nil
	case 'u':
		return strconv.Itoa((int(t.Weekday())+6)%7 + 1), nil
	case 'w':
		return strconv.Itoa(int(t.Weekday())), nil
	}
	return "", fmt.Errorf("strftime has no field %q", string(rune(c)))
}
