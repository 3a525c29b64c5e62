package gguf_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
)

// split is the metadata of file no, from 0, of count.
func split(no, count, tensors int) []any {
	return []any{"split.no", uint16(no), "split.count", uint16(count), "split.tensors.count", int32(tensors)}
}

// write puts files into a folder of their own.
func write(t *testing.T, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func threeShards(t *testing.T) map[string][]byte {
	first := append(split(0, 3, 3), "general.architecture", "llama", "general.name", "Three")
	return map[string][]byte{
		"m-00001-of-00003.gguf": build(t, first, shape("a", gguf.F32, 8)),
		"m-00002-of-00003.gguf": build(t, split(1, 3, 3), shape("b", gguf.F32, 8, 2)),
		"m-00003-of-00003.gguf": build(t, split(2, 3, 3), shape("c", gguf.F32, 8, 3)),
	}
}

func TestOpenJoinsShards(t *testing.T) {
	files := threeShards(t)
	dir := write(t, files)
	for name := range files {
		f, err := gguf.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		total := int64(0)
		for i, want := range []string{"a", "b", "c"} {
			x, err := f.Tensor(want)
			if err != nil || x.Shard != i || x.Rows() != int64(i+1) {
				t.Errorf("tensor %q: %+v, %v", want, x, err)
			}
			total += f.Shards[i].Size
			if got := filepath.Base(f.Shards[i].Path); got != gguf.ShardName("m", i+1, 3) {
				t.Errorf("shard %d is %s", i, got)
			}
		}
		if name, _ := f.String("general.name"); name != "Three" || f.Size != total || len(f.Shards) != 3 {
			t.Errorf("got %q, %d bytes in %d files", name, f.Size, len(f.Shards))
		}
	}
}

func TestOpenOneFile(t *testing.T) {
	dir := write(t, map[string][]byte{
		"m.gguf":                  everyKind(t),
		"count-0.gguf":            build(t, []any{"split.count", uint16(0)}),
		"one-00001-of-00001.gguf": build(t, split(0, 1, 1), shape("a", gguf.F32, 8)),
	})
	for _, name := range []string{"m.gguf", "count-0.gguf", "one-00001-of-00001.gguf"} {
		if f, err := gguf.Open(filepath.Join(dir, name)); err != nil || len(f.Shards) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestContradictingShardsAreRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(files map[string][]byte)
		why    string
	}{
		{"one missing", func(m map[string][]byte) { delete(m, "m-00002-of-00003.gguf") }, "file 2 of 3 is missing"},
		{"another count", func(m map[string][]byte) {
			m["m-00002-of-00003.gguf"] = build(t, split(1, 4, 3), shape("b", gguf.F32, 8))
		}, "the model has 4 files, not 3"},
		{"no count", func(m map[string][]byte) {
			m["m-00002-of-00003.gguf"] = build(t, nil, shape("b", gguf.F32, 8))
		}, "missing in a model of 3 files"},
		{"out of order", func(m map[string][]byte) {
			m["m-00002-of-00003.gguf"] = build(t, split(2, 3, 3), shape("b", gguf.F32, 8))
		}, "is file 3, expected file 2"},
		{"a tensor twice", func(m map[string][]byte) {
			m["m-00002-of-00003.gguf"] = build(t, split(1, 3, 3), shape("a", gguf.F32, 8))
		}, "is also in file 1"},
		{"another architecture", func(m map[string][]byte) {
			m["m-00002-of-00003.gguf"] = build(t, append(split(1, 3, 3), "general.architecture", "qwen3"), shape("b", gguf.F32, 8))
		}, `"qwen3", but "llama" in the first file`},
		{"a tensor missing", func(m map[string][]byte) {
			m["m-00002-of-00003.gguf"] = build(t, split(1, 3, 3))
		}, "promises 3 tensors, the files hold 2"},
		{"broken", func(m map[string][]byte) { m["m-00002-of-00003.gguf"] = []byte("GGUF") }, `"m-00002-of-00003.gguf": at 0x4`},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := threeShards(t)
			c.change(files)
			f, err := gguf.Open(filepath.Join(write(t, files), "m-00001-of-00003.gguf"))
			if f != nil || err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("got %v, %v; want %q", f, err, c.why)
			}
		})
	}
}

// A shard under another name cannot find its siblings, and says so.
func TestRenamedShardIsRefused(t *testing.T) {
	dir := write(t, map[string][]byte{"x.gguf": threeShards(t)["m-00001-of-00003.gguf"]})
	_, err := gguf.Open(filepath.Join(dir, "x.gguf"))
	var fe *gguf.FormatError
	if !errors.As(err, &fe) || fe.Path != "x.gguf" || !strings.Contains(fe.Why, "model-00001-of-00003.gguf") {
		t.Errorf("got %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := gguf.Open(filepath.Join(dir, "none.gguf")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v; want ErrNotExist", err)
	}
	if _, err := gguf.Open(filepath.Join(dir, "m-00001-of-00002.gguf")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v; want ErrNotExist", err)
	}
	if _, err := gguf.Open(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("got %v for a folder", err)
	}
}

func TestShardNames(t *testing.T) {
	for _, c := range []struct {
		name, stem string
		no, count  int
	}{
		{"m-00001-of-00003.gguf", "m", 1, 3},
		{"a-b-00012-of-00012.gguf", "a-b", 12, 12},
		{"m-00004-of-00003.gguf", "", 0, 0},
		{"m-00000-of-00003.gguf", "", 0, 0},
		{"m-1-of-3.gguf", "", 0, 0},
		{"m.gguf", "", 0, 0},
	} {
		stem, no, count, ok := gguf.ParseShardName(c.name)
		if ok != (c.count > 0) || ok && (stem != c.stem || no != c.no || count != c.count) {
			t.Errorf("%s: %q %d %d %v", c.name, stem, no, count, ok)
		}
		if ok && gguf.ShardName(stem, no, count) != c.name {
			t.Errorf("%s is built as %s", c.name, gguf.ShardName(stem, no, count))
		}
	}
}

// TestFromBytes reads a header from memory as from a file, and keeps the bytes.
func TestFromBytes(t *testing.T) {
	var b bytes.Buffer
	w := gguf.NewWriter(&b)
	w.Set("general.architecture", "llama")
	w.Add("x", gguf.F32, 8)
	if err := w.Begin(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 32)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.FromBytes("name", b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if x, err := f.Tensor("x", 8); err != nil || int64(len(f.Shards[0].Data)) != x.Off+x.Len || f.Shards[0].Path != "name" {
		t.Errorf("tensor %+v of %d bytes, %v", x, len(f.Shards[0].Data), err)
	}
	if _, err := gguf.FromBytes("name", b.Bytes()[:20]); err == nil || !strings.Contains(err.Error(), "name") {
		t.Errorf("cut short: %v", err)
	}
}
