package chat

import (
	"strings"
	"testing"
)

func TestParseTools(t *testing.T) {
	const f = `{"name":"f","description":"d","parameters":{"z":1,"a":2}}`
	for _, in := range []string{"[" + f + "]", `[{"type":"function","function":` + f + "}]"} {
		tools, err := ParseTools([]byte(in))
		if err != nil || len(tools) != 1 || tools[0].Name != "f" || tools[0].Description != "d" || string(tools[0].Parameters) != `{"z":1,"a":2}` {
			t.Errorf("%s: %v, %v", in, tools, err)
		}
	}
	for in, want := range map[string]string{
		"":                              "no JSON list",
		f:                               "no JSON list",
		"[]":                            "empty",
		`[{"description":"d"}]`:         "tool 1 of 1 has no name",
		`[{"name":"f","type":"web"}]`:   "only functions",
		`[{"name":"f","parameters":3}]`: "no object",
		`[` + f + `,{"function":{}}]`:   "tool 2 of 2 has no name",
	} {
		if _, err := ParseTools([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
}

func TestKnowsTools(t *testing.T) {
	for source, want := range map[string]bool{
		"{% if tools %}x{% endif %}": true, "{{ tools|tojson }}": true,
		"tools": false, "{# tools #}": false, "{{ 'tools' }}": false, "{{ tools_in }}": false,
	} {
		template, err := Parse(source)
		if err != nil || template.KnowsTools() != want {
			t.Errorf("%s: %t, want %t; %v", source, !want, want, err)
		}
	}
}
