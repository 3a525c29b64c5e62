package chat

import (
	"errors"
	"runtime"
	"strings"
	"testing"
)

// hostile are templates that want too much. Every one must end with an error.
var hostile = []struct{ name, source string }{
	{"macro calls itself", `{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}`},
	{"macros call each other", `{% macro f(n) %}{{ g(n) }}{% endmacro %}{% macro g(n) %}{{ f(n ~ n) }}{% endmacro %}{{ f('x') }}`},
	{"macro calls itself twice", `{% macro f(n) %}{% if n < 60 %}{{ f(n+1) }}{{ f(n+1) }}{% endif %}{% endmacro %}{{ f(0) }}`},
	{"macro as an argument", `{% macro f(g) %}{{ g(g) }}{% endmacro %}{{ f(f) }}`},
	{"caller calls itself", `{% macro f() %}{% call f() %}{{ caller() }}{% endcall %}{% endmacro %}{{ f() }}`},
	{"parentheses", "{{ " + strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000) + " }}"},
	{"lists in lists", "{{ " + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + " }}"},
	{"maps in maps", "{{ " + strings.Repeat("{'a':", 40_000) + "1" + strings.Repeat("}", 40_000) + " }}"},
	{"open parentheses", "{{ " + strings.Repeat("(", 200_000)},
	{"minus signs", "{{ " + strings.Repeat("- ", 100_000) + "1 }}"},
	{"not not not", "{{ " + strings.Repeat("not ", 60_000) + "1 }}"},
	{"subscripts", "{{ " + strings.Repeat("a[", 60_000) + "1" + strings.Repeat("]", 60_000) + " }}"},
	{"choices", "{{ " + strings.Repeat("1 if 1 else ", 20_000) + "1 }}"},
	{"tests of tests", "{{ " + strings.Repeat("1 is in -", 20_000) + "1 }}"},
	{"blocks", strings.Repeat("{% if 1 %}", 20_000)},
	{"loops in loops", strings.Repeat("{% for i in range(9) %}", 20) + "x" + strings.Repeat("{% endfor %}", 20)},
	{"long range", `{% for i in range(10**9) %}{% endfor %}`},
	{"long range backwards", `{{ range(0, -10**9, -1) }}`},
	{"many ranges", `{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}`},
	{"range of ranges", `{% for i in range(100000) %}{{ range(100000)|length }}{% endfor %}`},
	{"long string", `{{ "a" * 10**9 }}`},
	{"long list", `{{ [0] * 10**9 }}`},
	{"empty list many times", `{{ [] * 10**18 }}`},
	{"string doubling", `{% set ns = namespace(s='a') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}`},
	{"string doubling by joining", `{% set ns = namespace(s='a') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}`},
	{"list doubling", `{% set ns = namespace(l=[0]) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}`},
	{"list doubling by nesting", `{% set ns = namespace(l=[0]) %}{% for i in range(99) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}`},
	{"JSON of nested doubles", `{% set ns = namespace(l=[0]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l|tojson }}`},
	{"comparing nested doubles", `{% set ns = namespace(l=[0], m=[0]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% set ns.m = [ns.m, ns.m] %}{% endfor %}{{ ns.l == ns.m }}`},
	{"deep list", `{% set ns = namespace(l=[]) %}{% for i in range(90000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l|tojson }}`},
	{"deep list shown", `{% set ns = namespace(l=[]) %}{% for i in range(90000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}`},
	{"deep lists compared", `{% set a = namespace(l=[]) %}{% set b = namespace(l=[]) %}{% for i in range(90000) %}{% set a.l = [a.l] %}{% set b.l = [b.l] %}{% endfor %}{{ a.l < b.l }}`},
	{"replace doubles", `{% set ns = namespace(s='aa') %}{% for i in range(99) %}{% set ns.s = ns.s.replace('a', 'aa') %}{% endfor %}`},
	{"replace with nothing found", `{% set s = 'a' * 1000000 %}{% for i in range(100000) %}{% if s.replace('b', 'c') %}{% endif %}{% endfor %}`},
	{"replace empty", `{% set ns = namespace(s='aa') %}{% for i in range(99) %}{% set ns.s = ns.s.replace('', 'xxxxxxxx') %}{% endfor %}`},
	{"join doubles", `{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s|join(ns.s) %}{% endfor %}`},
	{"search", `{% set s = 'a' * 1000000 %}{% for i in range(100000) %}{% if 'b' in s %}{% endif %}{% endfor %}`},
	{"search of a long string", `{% set s = 'a' * 4000000 %}{% set t = 'a' * 2000000 ~ 'b' %}{% for i in range(100000) %}{% if t in s %}{% endif %}{% endfor %}`},
	{"equal strings", `{% set s = 'a' * 1000000 %}{% set t = 'a' * 1000000 %}{% for i in range(100000) %}{% if s == t %}{% endif %}{% endfor %}`},
	{"split", `{% set s = 'a' * 1000000 %}{% for i in range(100000) %}{% if s.split('a') %}{% endif %}{% endfor %}`},
	{"split at spaces", `{% set s = ' a' * 500000 %}{% for i in range(100000) %}{% if s.split() %}{% endif %}{% endfor %}`},
	{"lines", `{% set s = 'a\n' * 500000 %}{% for i in range(100000) %}{% if s.splitlines() %}{% endif %}{% endfor %}`},
	{"characters", `{% set s = 'a' * 1000000 %}{% for c in s %}{% for d in s %}{% endfor %}{% endfor %}`},
	{"last character", `{% set s = 'é' * 1000000 %}{% for i in range(100000) %}{% if s[-1] %}{% endif %}{% endfor %}`},
	{"backwards", `{% set s = 'é' * 1000000 %}{% for i in range(100000) %}{% if s[::-1] %}{% endif %}{% endfor %}`},
	{"strip many", `{% set s = ' ' * 1000000 ~ 'x' %}{% for i in range(100000) %}{% if s.strip() %}{% endif %}{% endfor %}`},
	{"strip many of many", `{% set s = 'é' * 100000 %}{% set c = 'ab' * 100000 ~ 'é' %}{{ s.strip(c) }}{% for i in range(100000) %}{{ s.strip(c) }}{% endfor %}`},
	{"upper", `{% set s = 'a' * 1000000 %}{% for i in range(100000) %}{% if s|upper %}{% endif %}{% endfor %}`},
	{"length", `{% set s = 'a' * 8000000 %}{% for i in range(100000) %}{% if s|length %}{% endif %}{% endfor %}`},
	{"indent", `{% set ns = namespace(s='a\nb') %}{% for i in range(99) %}{% set ns.s = ns.s|indent(10**9) %}{% endfor %}`},
	{"JSON indent", `{{ [[1]]|tojson(indent=10**15) }}`},
	{"JSON many times", `{% set l = [0] * 10000 %}{% for i in range(100000) %}{% if l|tojson %}{% endif %}{% endfor %}`},
	{"output", `{% set s = 'a' * 1000000 %}{% for i in range(100000) %}{{ s }}{% endfor %}`},
	{"long output in small pieces", `{% for i in range(100000) %}` + strings.Repeat("a", 200) + `{% endfor %}`},
	{"set blocks", `{% set ns = namespace(s='aaaa') %}{% for i in range(99) %}{% set t %}{{ ns.s }}{{ ns.s }}{% endset %}{% set ns.s = t %}{% endfor %}`},
	{"sort", `{% set l = range(100000)|list %}{% for i in range(100000) %}{% if l|sort %}{% endif %}{% endfor %}`},
	{"unique", `{{ range(100000)|unique|length }}`},
	{"map", `{% for i in range(100000) %}{% if range(1000)|map('string')|list %}{% endif %}{% endfor %}`},
	{"sum of strings", `{{ (['aaaaaaaa'] * 100000)|sum(start='') }}`},
	{"slices", `{% set l = [0] * 100000 %}{% for i in range(100000) %}{% if l[1:] %}{% endif %}{% endfor %}`},
	{"items", `{% set d = {'a': 1, 'b': 2, 'c': 3, 'd': 4} %}{% for i in range(100000) %}{% if d.items() %}{% endif %}{% endfor %}`},
	{"namespaces", `{% set ns = namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = [ns.l, namespace(a=1)] %}{% endfor %}`},
	{"scopes", `{% for i in range(100000) %}{% for j in [1] %}{% set x = i %}{% for k in [1] %}{% endfor %}{% endfor %}{% endfor %}`},
	{"recursive loop", `{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}`},
	{"recursive loop over itself", `{% set ns = namespace(l=[]) %}{% set ns.l = [ns] %}{% for x in [ns] recursive %}{{ loop(x.l) }}{% endfor %}`},
	{"powers", `{{ 9 ** 9 ** 9 }}`},
	{"least integer", `{{ (-9223372036854775807 - 1) // -1 }}`},
	{"products", `{% set ns = namespace(n=9) %}{% for i in range(99) %}{% set ns.n = ns.n * ns.n %}{% endfor %}`},
	{"division by zero", `{{ 1 % 0 }}`},
	{"float division by zero", `{{ 1.5 // 0 }}`},
	{"large number", `{{ 99999999999999999999999999 }}`},
	{"index of a class", `{{ ''.__class__.__mro__ }}`},
	{"attribute of a function", `{{ raise_exception.__globals__['os'].popen('id') }}`},
	{"format", `{{ '{0.__class__}'.format(1) }}`},
	{"attribute by filter", `{{ ''|attr('__class__') }}`},
	{"include", `{% include '/etc/passwd' %}`},
	{"import", `{% import 'os' as os %}`},
	{"extends", `{% extends 'x' %}`},
	{"too much source", strings.Repeat("a", maxSource+1)},
	{"end of nothing", `{% endif %}`},
	{"break outside", `{% break %}`},
	{"break in a macro", `{% for i in [1] %}{% macro f() %}{% break %}{% endmacro %}{% endfor %}`},
	{"open tag", `{% if `},
	{"open output", `{{ `},
	{"open comment", `{# `},
	{"open string", `{{ 'a`},
	{"open raw", `{% raw %}`},
	{"open block", `{% if 1 %}`},
	{"open subscript", `{{ a[`},
	{"no subscript", `{{ a[] }}`},
	{"unknown character", `{{ $ }}`},
	{"unknown filter", `{{ 1|nothing }}`},
	{"unknown test", `{{ 1 is nothing }}`},
	{"call tag without a call", `{% call f %}{% endcall %}`},
	{"operator alone", `{{ not }}`},
	{"attribute of something missing", `{{ a.b.c }}`},
	{"call of something missing", `{{ a() }}`},
	{"sum of something missing", `{{ a + 1 }}`},
	{"setting no namespace", `{% set a = {} %}{% set a.b = 1 %}`},
	{"unpacking", `{% for a, b in [1] %}{% endfor %}`},
	{"step 0", `{{ [1][::0] }}{{ 'a'[::0] }}`},
	{"range step 0", `{{ range(0, 1, 0) }}`},
	{"refusal", `{{ raise_exception('no') }}`},
}

func renderSource(source string) (Prompt, error) {
	t, err := Parse(source)
	if err != nil {
		return nil, err
	}
	return t.Render(&Input{Messages: []Message{{Role: "user", Content: "Hello"}}})
}

// TestHostile: every one fails, and none takes much memory on the way.
func TestHostile(t *testing.T) {
	const most = 64 << 20
	for _, h := range hostile {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p, err := renderSource(h.source)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: rendered %d segments", h.name, len(p))
		} else if n := len(err.Error()); n > 400 {
			t.Errorf("%s: the error has %d bytes", h.name, n)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > most {
			t.Errorf("%s: %d MiB", h.name, used>>20)
		}
	}
}

// TestErrors: an error says where, and of what kind it is.
func TestErrors(t *testing.T) {
	_, err := renderSource("a\n{% if 1 %}\n{{ raise_exception('no ' ~ messages[0].content) }}{% endif %}")
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Text != "no Hello" {
		t.Errorf("got %v", err)
	}
	var where *Error
	if !errors.As(err, &where) || where.Line != 3 {
		t.Errorf("got %v", err)
	}
	if _, err := renderSource("{{ range(10**9) }}"); !errors.Is(err, ErrLimit) {
		t.Errorf("got %v", err)
	}
	if _, err := renderSource("\n{{ 1 + }}"); !errors.As(err, &where) || where.Line != 2 {
		t.Errorf("got %v", err)
	}
}

// BenchmarkHostile shows the time until a template is given up.
func BenchmarkHostile(b *testing.B) {
	for _, h := range hostile {
		b.Run(strings.ReplaceAll(h.name, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := renderSource(h.source); err == nil {
					b.Fatal("rendered")
				}
			}
		})
	}
}
