package chat

import (
	"fmt"
	"strings"
	"unicode"
)

// testValue is v is name(args).
func testValue(r *run, name string, v value, a args) (bool, error) {
	if u, ok := v.(undefined); ok && name != "defined" && name != "undefined" {
		return testUndefined(name, u)
	}
	_, _, isInt, isNum := number(v)
	_, isBool := v.(boolean)
	switch name {
	case "defined":
		_, ok := v.(undefined)
		return !ok, nil
	case "undefined":
		_, ok := v.(undefined)
		return ok, nil
	case "none":
		return v == none{}, nil
	case "boolean":
		return isBool, nil
	case "true":
		return v == boolean(true), nil
	case "false":
		return v == boolean(false), nil
	case "integer":
		return isInt && !isBool, nil
	case "float":
		return isNum && !isInt, nil
	case "number":
		return isNum, nil
	case "string":
		_, ok := v.(text)
		return ok, nil
	case "mapping":
		_, ok := v.(*dict)
		return ok, nil
	case "iterable", "sequence":
		switch v.(type) {
		case text, *list, *dict:
			return true, nil
		}
		return false, nil
	case "callable":
		switch v.(type) {
		case *function, *macro, *loop:
			return true, nil
		}
		return false, nil
	case "lower", "upper":
		return testCase(r, name, v)
	case "odd", "even", "divisibleby":
		return testDivision(name, v, a)
	}
	if op, ok := testOperators[name]; ok {
		b, ok := a.get(0, "other")
		if !ok {
			return false, fmt.Errorf("the test %s needs a value to compare with", name)
		}
		return compare(r, op, v, b)
	}
	return false, fmt.Errorf("there is no test %q", clip(name))
}

var testOperators = map[string]string{
	"eq": "==", "equalto": "==", "sameas": "==", "ne": "!=", "lt": "<", "lessthan": "<", "le": "<=",
	"gt": ">", "greaterthan": ">", "ge": ">=", "in": "in",
}

// testUndefined answers the tests that something missing passes or fails.
func testUndefined(name string, u undefined) (bool, error) {
	switch name {
	case "iterable", "sequence": // it is empty
		return true, nil
	case "none", "boolean", "true", "false", "integer", "float", "number", "string", "mapping", "callable", "eq", "equalto", "sameas", "in":
		return false, nil
	case "ne":
		return true, nil
	}
	return false, missing(u)
}

func testCase(r *run, name string, v value) (bool, error) {
	t, ok := v.(text)
	if !ok || r.scan(len(t.s)) != nil {
		return false, r.err
	}
	if name == "lower" {
		return t.s == strings.ToLower(t.s) && strings.IndexFunc(t.s, unicode.IsLower) >= 0, nil
	}
	return t.s == strings.ToUpper(t.s) && strings.IndexFunc(t.s, unicode.IsUpper) >= 0, nil
}

func testDivision(name string, v value, a args) (bool, error) {
	n, _, isInt, _ := number(v)
	if !isInt {
		return false, fmt.Errorf("a %s is not %s", v.kind(), name)
	}
	by, err := a.int(0, "num", 2)
	if err == nil && by == 0 {
		err = errDivision
	}
	if err != nil {
		return false, err
	}
	return (n%int64(by) == 0) != (name == "odd"), nil
}
