package gguf_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
)

// The hostile files are written byte by byte, by nothing that shares code
// with the package.

func u32(n uint32) []byte    { return binary.LittleEndian.AppendUint32(nil, n) }
func u64(n uint64) []byte    { return binary.LittleEndian.AppendUint64(nil, n) }
func str(s string) []byte    { return append(u64(uint64(len(s))), s...) }
func cat(b ...[]byte) []byte { return bytes.Join(b, nil) }

// key is a metadata entry of kind k.
func key(name string, k uint32, value ...[]byte) []byte {
	return cat(str(name), u32(k), cat(value...))
}

// tensor is an entry of the tensor table.
func tensor(name string, typ uint32, off uint64, dims ...uint64) []byte {
	b := cat(str(name), u32(uint32(len(dims))))
	for _, d := range dims {
		b = append(b, u64(d)...)
	}
	return cat(b, u32(typ), u64(off))
}

// hostile is a file whose header may lie.
type hostile struct {
	magic         string
	version       uint32
	keys, tensors [][]byte
	nKeys, nTens  uint64 // 0: the true number
	data          int    // bytes of zeros behind the header
}

func (h hostile) bytes() []byte {
	if h.magic == "" {
		h.magic = "GGUF"
	}
	if h.nKeys == 0 {
		h.nKeys = uint64(len(h.keys))
	}
	if h.nTens == 0 {
		h.nTens = uint64(len(h.tensors))
	}
	b := cat([]byte(h.magic), u32(h.version), u64(h.nTens), u64(h.nKeys), cat(h.keys...), cat(h.tensors...))
	if len(h.tensors) > 0 {
		b = append(b, make([]byte, -len(b)&31)...)
	}
	return append(b, make([]byte, h.data)...)
}

var arch = key("general.architecture", 8, str("llama"))

// good is what the hostile files are variations of.
func good() hostile {
	return hostile{
		version: 3, keys: [][]byte{arch}, data: 384,
		tensors: [][]byte{tensor("a.weight", 0, 0, 32, 2), tensor("b.weight", 0, 256, 32)},
	}
}

func withKeys(keys ...[]byte) hostile { return hostile{version: 3, keys: keys} }

func withTensors(data int, tensors ...[]byte) hostile {
	return hostile{version: 3, keys: [][]byte{arch}, tensors: tensors, data: data}
}

func aligned(kind uint32, value []byte) hostile {
	return hostile{
		version: 3, keys: [][]byte{arch, key("general.alignment", kind, value)},
		tensors: [][]byte{tensor("a", 0, 0, 32)}, data: 128,
	}
}

// hostileFiles are the classes of published parser bugs, one file each, with
// the reason and the key or tensor that the refusal must name.
var hostileFiles = []struct {
	name      string
	file      []byte
	why, what string
}{
	{"magic", hostile{magic: "XXXX", version: 3, keys: [][]byte{arch}}.bytes(), "no GGUF file", ""},
	{"version 0", hostile{keys: [][]byte{arch}}.bytes(), "version 0", ""},
	{"version 1", hostile{version: 1, keys: [][]byte{arch}}.bytes(), "version 1", ""},
	{"version 99", hostile{version: 99, keys: [][]byte{arch}}.bytes(), "version 99", ""},
	{"big endian", hostile{version: 3 << 24, keys: [][]byte{arch}}.bytes(), "big-endian", ""},
	{"nothing", nil, "but 0 bytes are left", ""},
	{"four bytes", []byte("GGUF"), "but 0 bytes are left", ""},

	{"key count", hostile{version: 3, keys: [][]byte{arch}, nKeys: math.MaxInt64}.bytes(), "9223372036854775807 keys, but", ""},
	{"tensor count", hostile{version: 3, keys: [][]byte{arch}, nTens: math.MaxInt64}.bytes(), "9223372036854775807 tensors, but", ""},
	{"key length 2^40", withKeys(cat(u64(1<<40), make([]byte, 64))).bytes(), "a key of 1099511627776 bytes", ""},
	{"string of 1 GiB", withKeys(cat(str("k"), u32(8), u64(1<<30-1))).bytes(), "a string of 1073741823 bytes", "k"},
	{"64 Mi strings", withKeys(cat(str("k"), u32(9), u32(8), u64(64<<20))).bytes(), "67108864 array items, but", "k"},
	{"1 Gi integers", withKeys(cat(str("k"), u32(9), u32(10), u64(1<<30-1))).bytes(), "1073741823 array items, but", "k"},
	{"2^64-1 bytes in an array", withKeys(cat(str("k"), u32(9), u32(0), u64(math.MaxUint64))).bytes(), "array items, but", "k"},
	{"nested arrays", withKeys(cat(str("k"), u32(9), bytes.Repeat(cat(u32(9), u64(1)), 100_000), u32(0), u64(1), []byte("a"))).bytes(), "an array of array", "k"},
	{"kind 99", withKeys(cat(str("k"), u32(99), u64(1))).bytes(), "unknown kind 99", "k"},
	{"kind 99 in an array", withKeys(cat(str("k"), u32(9), u32(99), u64(1), u64(0))).bytes(), "an array of kind 99", "k"},

	{"alignment 0", aligned(4, u32(0)).bytes(), "0 is not a power of two", "general.alignment"},
	{"alignment 3", aligned(4, u32(3)).bytes(), "3 is not a power of two", "general.alignment"},
	{"alignment 4", aligned(4, u32(4)).bytes(), "4 is outside 8 to", "general.alignment"},
	{"alignment 2^31", aligned(4, u32(1<<31)).bytes(), "2147483648 is outside", "general.alignment"},
	{"alignment -32", aligned(5, u32(1<<32-32)).bytes(), "kind int32", "general.alignment"},
	{"alignment as text", aligned(8, str("32")).bytes(), "kind string", "general.alignment"},

	{"dim 0", withTensors(128, tensor("a", 0, 0, 32, 0)).bytes(), "dimension 1 is zero", "a"},
	{"dims 2^63-1, 2", withTensors(128, tensor("a", 24, 0, math.MaxInt64, 2)).bytes(), "more values than", "a"},
	{"dims that wrap to 4", withTensors(128, tensor("a", 0, 0, 4, 1<<31-1, 1<<31+1)).bytes(), "more values than", "a"},
	{"dims 2^32, 2^32", withTensors(128, tensor("a", 0, 0, 1<<32, 1<<32)).bytes(), "more values than", "a"},
	{"padding that wraps", withTensors(256, tensor("a", 0, 0, 64), tensor("b", 0, 256, 4, 1<<30-1, 1<<30+1)).bytes(), "more bytes than", "b"},
	{"no dims", withTensors(128, tensor("a", 0, 0)).bytes(), "0 dimensions", "a"},
	{"five dims", withTensors(128, tensor("a", 0, 0, 1, 1, 1, 1, 1)).bytes(), "5 dimensions", "a"},
	{"2^31 dims", withTensors(64, cat(str("a"), u32(1<<31))).bytes(), "2147483648 dimensions", "a"},
	{"type 200", withTensors(128, tensor("a", 200, 0, 32)).bytes(), "unknown type 200", "a"},
	{"type removed", withTensors(128, tensor("a", 4, 0, 32)).bytes(), "Q4_2 has been removed", "a"},
	{"type -1", withTensors(128, tensor("a", math.MaxUint32, 0, 32)).bytes(), "unknown type 4294967295", "a"},
	{"offset past the end", withTensors(128, tensor("a", 0, 1<<20, 32)).bytes(), "is it complete", "a"},
	{"offset 2^64-1", withTensors(128, tensor("a", 0, math.MaxUint64, 32)).bytes(), "past any file", "a"},
	{"offset 2^63-32", withTensors(128, tensor("a", 0, 1<<63-32, 32)).bytes(), "is it complete", "a"},
	{"offset unaligned", withTensors(256, tensor("a", 0, 7, 32)).bytes(), "no multiple of the alignment", "a"},
	{"overlap", withTensors(128, tensor("a", 0, 0, 32), tensor("b", 0, 0, 32)).bytes(), `overlaps tensor "a"`, "b"},
	{"overlap by one row", withTensors(384, tensor("a", 0, 128, 32, 2), tensor("b", 0, 0, 32, 2)).bytes(), `overlaps tensor "b"`, "a"},
	{"key twice", withKeys(arch, arch).bytes(), "twice", "general.architecture"},
	{"tensor twice", withTensors(256, tensor("a", 0, 0, 32), tensor("a", 0, 128, 32)).bytes(), "twice", "a"},
	{"row of 31 in blocks of 32", withTensors(128, tensor("a", 2, 0, 31)).bytes(), "do not divide into Q4_0 blocks of 32", "a"},
	{"data cut short", good().bytes()[:len(good().bytes())-200], "is it complete", "a.weight"},

	{"escape codes in general.name", withKeys(key("general.name", 8, str("\x1b]52;c;aGk=\x07\x1b[2Jevil"))).bytes(), "control characters", "general.name"},
	{"escape codes in a tensor's name", withTensors(128, tensor("a\x1b[31m", 0, 0, 32)).bytes(), "control characters", ""},
	{"C1 control in a key", withKeys(key("a\u009b2J", 4, u32(1))).bytes(), "control characters", ""},
	{"architecture not a string", withKeys(key("general.architecture", 4, u32(1))).bytes(), "kind uint32", "general.architecture"},
	{"bool of 2", withKeys(key("k", 7, []byte{2}), arch).bytes(), "a bool of 2", "k"},
	{"bool of 2 in an array", withKeys(key("k", 9, u32(7), u64(2), []byte{1, 2}), arch).bytes(), "a bool of 2", "k"},
	{"NUL in a key", withKeys(key("a\x00b", 4, u32(1)), arch).bytes(), "control characters", ""},
	{"key not UTF-8", withKeys(key("\xff\xfe", 4, u32(1)), arch).bytes(), "not UTF-8", ""},
	{"key without a name", withKeys(key("", 4, u32(1)), arch).bytes(), "a key of 0 bytes", ""},
}

func parse(b []byte) (*gguf.File, error) {
	return gguf.Parse(bytes.NewReader(b), int64(len(b)), gguf.Limits{})
}

func TestHostileFiles(t *testing.T) {
	for _, h := range hostileFiles {
		t.Run(h.name, func(t *testing.T) {
			var f *gguf.File
			var err error
			if bytes := allocated(func() { f, err = parse(h.file) }); bytes > 1<<20 {
				t.Errorf("allocated %d bytes", bytes)
			}
			var fe *gguf.FormatError
			if f != nil || !errors.As(err, &fe) {
				t.Fatalf("got %v, %v; want a FormatError", f, err)
			}
			if !strings.Contains(fe.Why, h.why) || fe.Key+fe.Tensor != h.what {
				t.Errorf("got %q; want the reason %q about %q", err, h.why, h.what)
			}
			if fe.Off > int64(len(h.file)) {
				t.Errorf("blames offset %d of %d", fe.Off, len(h.file))
			}
			if strings.ContainsAny(err.Error(), "\x1b\x07\x00\n") {
				t.Errorf("the message %q carries control characters", err)
			}
		})
	}
}

// allocated is how many bytes f takes from the heap, freed or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestGoodFileIsAccepted(t *testing.T) {
	f, err := parse(good().bytes())
	if err != nil {
		t.Fatal(err)
	}
	a, _ := f.FindTensor("a.weight")
	b, _ := f.FindTensor("b.weight")
	if a.Off%32 != 0 || b.Off != a.Off+256 || b.Off+b.Len != f.Size {
		t.Errorf("a at %d, b at %d of %d bytes", a.Off, b.Off, f.Size)
	}
}

// A file cut anywhere is refused: its last tensor ends with its last byte.
func TestEveryTruncationIsRefused(t *testing.T) {
	whole := everyKind(t)
	if _, err := parse(whole); err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if f, err := parse(whole[:n]); err == nil || f != nil {
			t.Errorf("accepted after %d of %d bytes", n, len(whole))
		}
	}
}

// Every single damaged byte either leaves a file that holds its promises or
// is refused.
func TestEveryDamagedByte(t *testing.T) {
	whole := everyKind(t)
	for i := range whole {
		for _, x := range []byte{0x01, 0x80, 0xff} {
			b := bytes.Clone(whole)
			b[i] ^= x
			if f, err := parse(b); err == nil {
				prove(t, f)
			}
		}
	}
}

// liar is a file of zeros that is far larger than memory.
type liar struct{ head []byte }

func (l liar) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	if off < int64(len(l.head)) {
		copy(p, l.head[off:])
	}
	return len(p), nil
}

// A file may be large enough for its claims to be true; then the limits hold.
func TestMemoryIsBounded(t *testing.T) {
	const size = 1 << 40
	for _, h := range []struct {
		name string
		head []byte
		why  string
	}{
		{"string", withKeys(cat(str("k"), u32(8), u64(1<<39))).bytes(), "allowed for metadata"},
		{"strings", withKeys(cat(str("k"), u32(9), u32(8), u64(1<<36))).bytes(), "array items, but"},
		{"integers", withKeys(cat(str("k"), u32(9), u32(10), u64(1<<36))).bytes(), "array items, but"},
		{"keys", hostile{version: 3, nKeys: 1 << 30}.bytes(), "keys, but"},
		{"tensors", hostile{version: 3, nTens: 1 << 30}.bytes(), "tensors, but"},
		{"keys within the limit of bytes", hostile{version: 3, nKeys: 1 << 17}.bytes(), "the limit is 4096"},
		{"tensors within the limit of bytes", hostile{version: 3, nTens: 1 << 20}.bytes(), "the limit is 65536"},
	} {
		t.Run(h.name, func(t *testing.T) {
			var err error
			got := allocated(func() { _, err = gguf.Parse(liar{h.head}, size, gguf.Limits{}) })
			if err == nil || !strings.Contains(err.Error(), h.why) {
				t.Errorf("got %v; want %q", err, h.why)
			}
			if got > 32<<20 {
				t.Errorf("allocated %d bytes", got)
			}
		})
	}
}

// FuzzParse: no input panics, and what Parse returns keeps its promises.
func FuzzParse(f *testing.F) {
	for _, h := range hostileFiles {
		if len(h.file) < 4096 {
			f.Add(h.file)
		}
	}
	f.Add(good().bytes())
	f.Add(everyKind(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		if f, err := parse(b); err == nil {
			prove(t, f)
		}
	})
}

// prove checks every promise that a File makes.
func prove(t *testing.T, f *gguf.File) {
	t.Helper()
	for i, a := range f.Tensors {
		bytes, ok := a.Type.Bytes(a.Elements())
		if !ok || bytes != a.Len || a.Len <= 0 || a.Off%f.Alignment != 0 || a.Off < 24 || a.Off+a.Len > f.Size {
			t.Fatalf("tensor %+v in a file of %d bytes", a, f.Size)
		}
		for _, b := range f.Tensors[:i] {
			if a.Name == b.Name || a.Off < b.Off+b.Len && b.Off < a.Off+a.Len {
				t.Fatalf("%+v and %+v share a name or bytes", a, b)
			}
		}
		if got, err := f.Tensor(a.Name, a.Dims[:]...); err != nil || got != a {
			t.Fatalf("tensor %q found as %v, %v", a.Name, got, err)
		}
	}
	for _, v := range f.Keys() {
		if !f.Has(v.Key) || v.String() == "" && v.Kind != gguf.KindString {
			t.Fatalf("key %q is lost", v.Key)
		}
		_, _ = v.Any(), v.String()
		_, e1 := f.Strings(v.Key)
		_, e2 := f.Ints(v.Key)
		_, e3 := f.Floats(v.Key)
		_, e4 := f.Bools(v.Key)
		_, e5 := f.Uint(v.Key, 0, math.MaxUint64)
		_, e6 := f.Float(v.Key, math.Inf(-1), math.Inf(1))
		for _, err := range []error{e1, e2, e3, e4, e5, e6} {
			var fe *gguf.FormatError
			if err != nil && !errors.As(err, &fe) {
				t.Fatalf("key %q: %v", v.Key, err)
			}
		}
	}
}
