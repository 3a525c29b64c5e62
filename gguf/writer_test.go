package gguf_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
)

// What a Writer is given in pieces stands at the places that Parse proves.
func TestWriterPlacesTensors(t *testing.T) {
	var out bytes.Buffer
	w := gguf.NewWriter(&out)
	w.Set("general.architecture", "test")
	w.Add("a", gguf.I8, 3)
	w.Add("b", gguf.I8, 5, 2)
	if err := w.Begin(); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"ab", "c", "01234", "56789"} {
		if n, err := w.Write([]byte(p)); n != len(p) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := parse(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "abc", "b": "0123456789"} {
		x, _ := f.FindTensor(name)
		if got := string(out.Bytes()[x.Off : x.Off+x.Len]); got != want {
			t.Errorf("tensor %q holds %q, want %q", name, got, want)
		}
	}
	if out.Len()%32 != 0 {
		t.Errorf("the file's %d bytes are not padded", out.Len())
	}
}

func TestWriterRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(w *gguf.Writer) error
		why  string
	}{
		{"an unknown kind of value", func(w *gguf.Writer) error { w.Set("k", 1); return w.Begin() }, `key "k": a int`},
		{"a key twice", func(w *gguf.Writer) error { w.Set("k", true); w.Set("k", true); return w.Begin() }, "twice"},
		{"a tensor twice", func(w *gguf.Writer) error { w.Add("a", gguf.F32, 1); w.Add("a", gguf.F32, 1); return w.Begin() }, "twice"},
		{"part of a block", func(w *gguf.Writer) error { w.Add("a", gguf.Q4_0, 33); return w.Begin() }, "no whole number of Q4_0 blocks"},
		{"a withdrawn type", func(w *gguf.Writer) error { w.Add("a", 4, 32); return w.Begin() }, "Q4_2"},
		{"no dims", func(w *gguf.Writer) error { w.Add("a", gguf.F32); return w.Begin() }, "shape of []"},
		{"an alignment of 3", func(w *gguf.Writer) error { w.Set("general.alignment", uint32(3)); return w.Begin() }, "set to 3"},
		{"an alignment too late", func(w *gguf.Writer) error {
			w.Add("a", gguf.F32, 1)
			w.Set("general.alignment", uint32(64))
			return w.Begin()
		}, "set to 64 here"},
		{"a key too late", func(w *gguf.Writer) error { w.Begin(); w.Set("k", true); return w.Close() }, "after Begin"},
		{"a tensor too late", func(w *gguf.Writer) error { w.Begin(); w.Add("a", gguf.F32, 1); return w.Close() }, "after Begin"},
		{"data before Begin", func(w *gguf.Writer) error { _, err := w.Write([]byte{1}); return err }, "before Begin"},
		{"too much data", func(w *gguf.Writer) error {
			w.Add("a", gguf.F32, 1)
			w.Begin()
			_, err := w.Write(make([]byte, 5))
			return err
		}, "tensor 0, which lacks 4"},
		{"data behind the last", func(w *gguf.Writer) error { w.Begin(); _, err := w.Write([]byte{1}); return err }, "after the last"},
		{"too little data", func(w *gguf.Writer) error {
			w.Add("a", gguf.F32, 1)
			w.Begin()
			w.Write(make([]byte, 3))
			return w.Close()
		}, "before all tensors"},
		{"to begin twice", func(w *gguf.Writer) error { w.Begin(); return w.Begin() }, "twice"},
	} {
		if err := c.do(gguf.NewWriter(new(bytes.Buffer))); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: got %v; want %q", c.name, err, c.why)
		}
	}
}

// full fails once it has taken n bytes.
type full struct{ n int }

var errFull = errors.New("disk full")

func (w *full) Write(p []byte) (int, error) {
	if w.n -= len(p); w.n < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriterPassesErrorsOn(t *testing.T) {
	size := len(build(t, []any{"k", "v"}, shape("a", gguf.F32, 100)))
	for n := range size {
		w := gguf.NewWriter(&full{n})
		w.Set("k", "v")
		w.Add("a", gguf.F32, 100)
		w.Begin()
		w.Write(make([]byte, 400))
		if err := w.Close(); !errors.Is(err, errFull) {
			t.Fatalf("room for %d of %d bytes: %v", n, size, err)
		}
	}
}
