package matmul

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unsafe"
)

// TestLayout compares the offsets that gen writes into the assembly with
// those of the Go structures.
func TestLayout(t *testing.T) {
	b, err := os.ReadFile("gen/layout.go")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]uintptr{}
	for _, m := range regexp.MustCompile(`\barg([A-Z]\w*)\s+= (\d+)`).FindAllStringSubmatch(string(b), -1) {
		n, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		want[strings.ToLower(m[1])] = uintptr(n)
	}
	var a args
	got := map[string]uintptr{
		"dst": unsafe.Offsetof(a.dst), "ldd": unsafe.Offsetof(a.ldd),
		"w": unsafe.Offsetof(a.w), "w2": unsafe.Offsetof(a.w2),
		"acts": unsafe.Offsetof(a.acts), "sums": unsafe.Offsetof(a.sums),
		"n": unsafe.Offsetof(a.n), "first": unsafe.Offsetof(a.first), "next": unsafe.Offsetof(a.next),
		"count": unsafe.Offsetof(a.count), "panel": unsafe.Offsetof(a.panel), "ahead": unsafe.Offsetof(a.ahead),
		"inorder": unsafe.Offsetof(a.inOrder), "step": unsafe.Offsetof(a.step),
	}
	if len(got) != len(want) {
		t.Errorf("gen knows %d fields, the test %d", len(want), len(got))
	}
	for name, off := range want {
		if got[name] != off {
			t.Errorf("%s is at %d, gen says %d", name, got[name], off)
		}
	}
}
