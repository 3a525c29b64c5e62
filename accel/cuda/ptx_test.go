package cuda

import "testing"

// TestParsePTX takes a module apart and puts one kernel together again.
func TestParsePTX(t *testing.T) {
	const head, one, two, helper = "//\n.version 7.8\n\n.func (.param .b64 r) help\n(\n)\n;\n.shared .b8 s[4];\n",
		".visible .entry one(\n\t.param .u64 a\n)\n{\n\t{\n\tret;\n\t}\n}\n",
		".visible .entry two_Q4_K()\n{\n\tcall help;\n}\n",
		".func (.param .b64 r) help(\n)\n{\n\tret;\n}\n"
	p := parsePTX(head + one + "\t// .globl\ttwo\n" + two + helper)
	if len(p.entries) != 2 || p.kernel("three") != "" {
		t.Fatalf("%q", p.entries)
	}
	for name, body := range map[string]string{"one": one, "two_Q4_K": two} {
		if got, want := p.kernel(name), head+body+"\n\t// .globl\ttwo\n"+helper; got != want {
			t.Errorf("%s:\n%q, want\n%q", name, got, want)
		}
	}
	if p := parsePTX("nothing"); p.kernel("one") != "" || len(p.entries) != 0 {
		t.Errorf("%+v", p)
	}
}
