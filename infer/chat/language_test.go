package chat

import (
	"testing"
	"time"
)

// language are templates with what Jinja makes of them.
var language = []struct{ source, want string }{
	{`{{ 1 + 2 * 3 - 4 // 3 % 5 }} {{ 7 / 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ 2 ** -1 }}`, `6 3.5 -4 2 1024 0.5`},
	{`{{ 1.0 }} {{ 1e20 }} {{ 1e-7 }} {{ 0.1 + 0.2 }} {{ 100000.0 * 3 }} {{ 1_000 }}`, `1.0 1e+20 1e-07 0.30000000000000004 300000.0 1000`},
	{`{{ 'a' 'b' "c" }} {{ 'it''s' }} {{ "\n\t\x41\u00e9\\\"\q" }}`, "abc its \n\tAé\\\"\\q"},
	{`{{ [1, 'a', none, true, 1.5, {'k': 'v'}, (1, 2), (1,), ()] }}`, `[1, 'a', None, True, 1.5, {'k': 'v'}, (1, 2), (1,), ()]`},
	{`{{ ['it\'s', '"', 'a\nb', "'\""] }}`, `["it's", '"', 'a\nb', '\'"']`},
	{`{{ 1 if true else 2 }} {{ 1 if false }}|{{ 'x' if none else 'y' if 0 else 'z' }}`, `1 |z`},
	{`{{ 1 and 2 }} {{ 0 and 2 }} {{ 0 or '' or 3 }} {{ not 1 }} {{ not not 'a' }}`, `2 0 3 False True`},
	{`{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 == true }} {{ 'a' < 'b' }} {{ [1,2] < [1,3] }}`, `True False True True True`},
	{`{{ 'a' in 'abc' }} {{ 1 in [1] }} {{ 'k' in {'k': 1} }} {{ 'z' not in 'abc' }} {{ 1 not in [] }}`, `True True True True True`},
	{`{{ 'héllo'[1] }} {{ 'héllo'[-1] }} {{ 'héllo'[1:3] }} {{ 'héllo'[::-1] }} {{ 'héllo'[:-1] }} {{ 'héllo'[::2] }} {{ 'abc'[5:] }}|{{ 'abc'[9] }}|`, `é o él olléh héll hlo ||`},
	{`{{ [1,2,3,4][1:] }} {{ [1,2,3,4][::-1] }} {{ [1,2,3,4][-2:] }} {{ [1,2,3,4][3:0:-2] }} {{ [1,2][:none] }} {{ [1][7] is defined }}`, `[2, 3, 4] [4, 3, 2, 1] [3, 4] [4, 2] [1, 2] False`},
	{`{{ {'a': 1}.a }} {{ {'a': 1}['a'] }} {{ {'a': 1}.get('b') }} {{ {'a': 1}.get('b', 2) }} {{ {'a': {'b': 3}}.a.b }} {{ {'items': 1}['items'] }}`, `1 1 None 2 3 1`},
	{`{{ {'a': 1, 'b': 2}.items()|list }} {{ {'a': 1}.keys()|list }} {{ {'a': 1}.values()|list }} {{ {'b': 1, 'a': 2}|dictsort }}`, `[('a', 1), ('b', 2)] ['a'] [1] [('a', 2), ('b', 1)]`},
	{`{{ ' a b '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'xxa'.lstrip('x') }}|{{ 'axx'.rstrip('x') }}|{{ 'abcba'.strip('ab') }}`, `a b|a|a|a|c`},
	{`{{ 'a,b,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ ' a  b '.split() }} {{ 'a,b,c'.rsplit(',', 1) }} {{ 'a b c'.split(none, 1) }} {{ ''.split('x') }} {{ ''.split() }}`, `['a', 'b', 'c'] ['a', 'b,c'] ['a', 'b'] ['a,b', 'c'] ['a', 'b c'] [''] []`},
	{`{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith(('x', 'c')) }} {{ 'aXbX'.replace('X', '-') }} {{ 'aXbX'.replace('X', '-', 1) }} {{ 'abc'.replace('', '-') }} {{ 'ab'.replace('', '-', 2) }}`, `True True a-b- a-bX -a-b-c- -a-b`},
	{`{{ "they're bill's" .title() }} {{ "they're bill's x-ray"|title }} {{ 'aBC'.capitalize() }} {{ 'aé'.upper() }} {{ 'AÉ'|lower }}`, `They'Re Bill'S They're Bill's X-Ray Abc AÉ aé`},
	{`{{ 'a\nb\r\nc\n'.splitlines() }} {{ 'abc'.find('c') }} {{ 'éabc'.find('c') }} {{ 'abc'.find('x') }} {{ 'aaa'.count('a') }} {{ '-'.join(['a', 'b']) }}`, `['a', 'b', 'c'] 2 3 -1 3 a-b`},
	{`{{ '12'.isdigit() }} {{ ''.isdigit() }} {{ 'ab'.isalpha() }} {{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('c') }}`, `True False True bc ab`},
	{`{{ [3,1,2]|sort }} {{ ['b','A','c']|sort }} {{ ['b','A','c']|sort(case_sensitive=true) }} {{ [1,2]|sort(reverse=true) }} {{ [{'n':2},{'n':1}]|sort(attribute='n') }}`, `[1, 2, 3] ['A', 'b', 'c'] ['A', 'b', 'c'] [2, 1] [{'n': 1}, {'n': 2}]`},
	{`{{ [1,2,3]|first }} {{ [1,2,3]|last }} {{ []|first is defined }} {{ 'abc'|first }} {{ 'abc'|last }} {{ [1,2]|length }} {{ 'é'|length }} {{ {'a':1}|count }}`, `1 3 False a c 2 1 1`},
	{`{{ [1,2,3]|sum }} {{ [1,5,3]|max }} {{ [4,1]|min }} {{ [1,2]|join('-') }} {{ [1,2]|join }} {{ [{'a':1},{'a':2}]|join(',', attribute='a') }}`, `6 5 1 1-2 12 1,2`},
	{`{{ [{'a':1},{'a':2},{}]|map(attribute='a', default=0)|list }} {{ ['a','b']|map('upper')|list }} {{ [1,2,3]|select('odd')|list }} {{ [1,2,3]|reject('eq', 2)|list }} {{ [0,1,'']|select|list }}`, `[1, 2, 0] ['A', 'B'] [1, 3] [1, 3] [1]`},
	{`{{ [{'a':1},{'a':2}]|selectattr('a', 'equalto', 2)|list }} {{ [{'a':1},{'a':0}]|rejectattr('a')|list }} {{ [{'a':{'b':1}}]|map(attribute='a.b')|list }} {{ [[1,2]]|map(attribute=1)|list }}`, `[{'a': 2}] [{'a': 0}] [1] [2]`},
	{`{{ x|default('d') }} {{ ''|default('d') }}|{{ ''|default('d', true) }} {{ none|d('e', boolean=true) }} {{ x|default }}|`, `d |d e |`},
	{`{{ '5'|int }} {{ 'x'|int }} {{ 'x'|int(7) }} {{ 3.9|int }} {{ '3.9'|int }} {{ '1.5'|float }} {{ 'x'|float }} {{ 2.5|round }} {{ 2.567|round(2) }} {{ 2.1|round(0, 'ceil') }} {{ -3|abs }}`, `5 0 7 3 3 1.5 0.0 2.0 2.57 3.0 3`},
	{`{{ 'a\nb\n\nc'|indent }}|{{ 'a\nb'|indent(2, true) }}|{{ 'a\n\nb'|indent(1, false, true) }}|{{ 'a\nb\n'|indent('> ') }}|`, "a\n    b\n\n    c|  a\n  b|a\n \n b|a\n> b\n|"},
	{`{{ [1,'b',none,true,{'k':1.5}]|tojson }} {{ {'b':1,'a':[]}|tojson(indent=2) }} {{ {}|tojson(indent=2) }} {{ '<é"\\/\n\x01>'|tojson }} {{ (1,2)|tojson }}`, "[1, \"b\", null, true, {\"k\": 1.5}] {\n  \"b\": 1,\n  \"a\": []\n} {} \"<é\\\"\\\\/\\n\\u0001>\" [1, 2]"},
	{`{{ {'b':1,'a':2}|tojson(sort_keys=true) }} {{ {'b':1,'a':[1,2]}|tojson(separators=(',', ':')) }}`, `{"a": 2, "b": 1} {"b":1,"a":[1,2]}`},
	{`{{ 'a & b'|e }} {{ 'x'|safe }} {{ 1|string ~ 2 }} {{ [1,2]|reverse|list }} {{ 'abc'|reverse }} {{ [1,1,2]|unique|list }} {{ ' x '|trim }}|{{ 'xax'|trim('x') }}`, `a &amp; b x 12 [2, 1] cba [1, 2] x|a`},
	{`{{ {'a':1}|items|list }} {{ x|items|list }} {{ 'a-b'|replace('-', '+') }}`, `[('a', 1)] [] a+b`},
	{`{{ 1 is odd }} {{ 2 is even }} {{ 9 is divisibleby(3) }} {{ 9 is divisibleby 2 }} {{ 'a' is string }} {{ 1 is number }} {{ 1 is integer }} {{ 1.0 is float }} {{ true is integer }} {{ true is boolean }}`, `True True True False True True True True False True`},
	{`{{ x is defined }} {{ x is undefined }} {{ none is none }} {{ {} is mapping }} {{ [] is sequence }} {{ 'a' is sequence }} {{ {} is iterable }} {{ 1 is iterable }} {{ x is iterable }} {{ x is none }} {{ range is callable }}`, `False True True True True True True False True False True`},
	{`{{ true is true }} {{ 1 is true }} {{ false is false }} {{ 'a' is in ['a'] }} {{ 1 is eq 1 }} {{ 2 is gt(1) }} {{ 'a' is lower }} {{ 'A' is upper }} {{ not x is defined }} {{ 1 is not none }} {{ 'a' is not string }}`, `True False True True True True True True True True False`},
	{`{% for i in [1,2,3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}`, `103TrueFalse32;212FalseFalse313;321FalseTrue32;`},
	{`{% for i in [] %}x{% else %}empty{% endfor %} {% for i in x %}x{% else %}none{% endfor %}`, `empty none`},
	{`{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }} {% endfor %}{% for k in {'a': 1} %}{{ k }}{% endfor %}{% for c in 'hé' %}{{ c }}.{% endfor %}`, `a=1 b=2 ah.é.`},
	{`{% for i in range(6) if i is odd %}{{ loop.index }}:{{ i }} {% endfor %}{% for i in range(3, 0, -1) %}{{ i }}{% endfor %}`, `1:1 2:3 3:5 321`},
	{`{% for i in range(9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}`, `013`},
	{`{% for i in [1,2] %}{% for j in [1,2] %}{{ loop.index }}{{ i }}{{ j }} {% endfor %}{{ loop.index }}{% endfor %}{{ loop is defined }}`, `111 212 1121 222 2False`},
	{`{% for x in [[1,[2]],[3]] recursive %}{% if x is sequence %}({{ loop(x) }}){% else %}{{ x }}{{ loop.depth }}{% endif %}{% endfor %}`, `(12(23))(32)`},
	{`{% for i in range(5) %}{{ loop.cycle('a', 'b') }}{% endfor %}`, `ababa`},
	{`{% set a = 1 %}{% for i in [1] %}{% set a = 2 %}{{ a }}{% endfor %}{{ a }}{% if true %}{% set a = 3 %}{% endif %}{{ a }}`, `213`},
	{`{% set ns = namespace(n=0, m='x') %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}{{ ns.m }}{{ ns.q is defined }}`, `6xFalse`},
	{`{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set c %}x{{ a }}y{% endset %}{{ c }}{% set d | upper %}abc{% endset %}{{ d }}{% set t = 1, 2 %}{{ t }}`, `12x1yABC(1, 2)`},
	{`{% macro f(a, b=2, c='z') %}{{ a }}{{ b }}{{ c }};{% endmacro %}{{ f(1) }}{{ f(1, c=3) }}{{ f(b=1, a=0) }}{{ f() }}`, `12z;123;01z;2z;`},
	{`{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}{% set g = f %}{{ g(1) }}`, `321010`},
	{`{% macro f() %}[{{ caller('x') }}]{% endmacro %}{% call(a) f() %}<{{ a }}>{% endcall %}{% filter upper %}abc{{ 1 }}{% endfilter %}`, `[<x>]ABC1`},
	{`{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }}{% raw %}{{ x }}{% y %}{% endraw %}`, `3False{{ x }}{% y %}`},
	{`{% if false %}1{% elif 0 %}2{% elif 'x' %}3{% else %}4{% endif %}{% if none %}1{% else %}2{% endif %}`, `32`},
	{`{{ dict(a=1, b='x') }} {{ dict({'a': 1}, b=2) }} {{ range(5)|list }} {{ range(2, 8, 3)|list }} {{ range(0)|list }}`, `{'a': 1, 'b': 'x'} {'a': 1, 'b': 2} [0, 1, 2, 3, 4] [2, 5] []`},
	{`{{ 'ab' * 3 }} {{ 2 * 'x' }} {{ [1] * 2 }} {{ [1] + [2] }} {{ 'a' + 'b' }} {{ 'a' * 0 }}|{{ true + 1 }}`, `ababab xx [1, 1] [1, 2] ab |2`},
	{`{{ -1 }} {{ +1 }} {{ - 2 ** 2 }} {{ -1|abs }} {{ (-1)|abs }} {{ 2 * -3 }} {{ 1 - -1 }}`, `-1 1 4 1 1 -6 2`},
	{"a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "a\n  b\nc"},
	{"a\n  {%- if true -%}\n  b\n  {%- endif -%}\nc\n", `abc`},
	{"  {%+ if true %}x{% endif +%}\n y {{- 1 -}} z\n{# c #}\nw\n", "  x\n y1z\nw"},
	{"  {{ 1 }}\n  {# c #}\n  {# d -#}\n  e", "  1\ne"},
	{"{% for x in [1,2] %}\n  {{ x }}\n{% endfor %}\nend", "  1\n  2\nend"},
	{`{{ {'a': {'b': 1}}['a']['b'] }} {{ [[1,2],[3]][0][1] }} {{ ('a', 'b')[1] }} {{ 'x'.upper().lower() }} {{ (1, 2)|length }} {{ [1,2,3].index(2) }} {{ [1,1].count(1) }}`, `1 2 b x 2 1 2`},
	{`{{ '%' }}{{ '}}' }}{{ {'a': {}} }}{{ '{{' }}`, `%}}{'a': {}}{{`},
	{`{{ strftime_now('%d %b %Y %H:%M:%S %B %A %a %y %m %j %p %I %%') }}`, `03 Sep 2024 10:20:30 September Tuesday Tue 24 09 247 AM 10 %`},
	{`{{ messages[0].content[0:3] }} {{ messages|length }} {{ messages[0]['role'] }} {{ messages[-1].role }} {{ messages[0] }}`, `Hel 1 user user {'role': 'user', 'content': 'Hello <|end|>'}`},
	{`{{ tools is none }} {{ documents is none }} {{ bos_token }} {{ eos_token }} {{ add_generation_prompt }} {{ enable_thinking }}`, `True True <s> </s> True False`},
}

func TestLanguage(t *testing.T) {
	in := &Input{
		Messages: []Message{{Role: "user", Content: "Hello <|end|>"}}, BOS: "<s>", EOS: "</s>",
		AddGenerationPrompt: true, Extra: map[string]any{"enable_thinking": false},
		Now: time.Date(2024, 9, 3, 10, 20, 30, 0, time.UTC),
	}
	for _, c := range language {
		tmpl, err := Parse(c.source)
		if err != nil {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		if got, err := tmpl.Render(in); err != nil || got.String() != c.want {
			t.Errorf("%s\ngot  %q, %v\nwant %q", c.source, got, err, c.want)
		}
	}
}
