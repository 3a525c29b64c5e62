package gguf_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/gguf/refs"
)

// build writes a file: keys and values in turn, then tensors of zeros.
func build(t testing.TB, keys []any, tensors ...gguf.Tensor) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gguf.NewWriter(&b)
	for i := 0; i < len(keys); i += 2 {
		w.Set(keys[i].(string), keys[i+1])
	}
	for _, x := range tensors {
		w.Add(x.Name, x.Type, x.Dims[:x.NDims]...)
	}
	if err := w.Begin(); err != nil {
		t.Fatal(err)
	}
	for _, x := range tensors {
		n, _ := x.Type.Bytes(x.Elements())
		if _, err := w.Write(make([]byte, n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// shape is a tensor to build.
func shape(name string, typ gguf.Type, dims ...int64) gguf.Tensor {
	x := gguf.Tensor{Name: name, Type: typ, Dims: [4]int64{1, 1, 1, 1}, NDims: len(dims)}
	copy(x.Dims[:], dims)
	return x
}

// kinds holds a value of every kind, and what Any makes of it.
var kinds = []struct {
	key        string
	value, any any
	text       string
}{
	{"general.architecture", "llama", "llama", "llama"},
	{"u8", uint8(200), uint64(200), "200"},
	{"i8", int8(-100), int64(-100), "-100"},
	{"u16", uint16(60000), uint64(60000), "60000"},
	{"i16", int16(-30000), int64(-30000), "-30000"},
	{"u32", uint32(4e9), uint64(4e9), "4000000000"},
	{"i32", int32(-2e9), int64(-2e9), "-2000000000"},
	{"u64", uint64(math.MaxUint64), uint64(math.MaxUint64), "18446744073709551615"},
	{"i64", int64(math.MinInt64), int64(math.MinInt64), "-9223372036854775808"},
	{"f32", float32(0.1), float64(float32(0.1)), "0.1"},
	{"f64", 0.1, 0.1, "0.1"},
	{"bool", true, true, "true"},
	{"[]u8", []uint8{1, 255}, []uint64{1, 255}, "[2]uint8 [1 255]"},
	{"[]i8", []int8{1, -1}, []int64{1, -1}, "[2]int8 [1 -1]"},
	{"[]u16", []uint16{1, 65535}, []uint64{1, 65535}, "[2]uint16 [1 65535]"},
	{"[]i16", []int16{1, -1}, []int64{1, -1}, "[2]int16 [1 -1]"},
	{"[]u32", []uint32{1, math.MaxUint32}, []uint64{1, math.MaxUint32}, "[2]uint32 [1 4294967295]"},
	{"[]i32", []int32{1, -1}, []int64{1, -1}, "[2]int32 [1 -1]"},
	{"[]u64", []uint64{1, 2}, []uint64{1, 2}, "[2]uint64 [1 2]"},
	{"[]i64", []int64{1, -1}, []int64{1, -1}, "[2]int64 [1 -1]"},
	{"[]f32", []float32{1.5, -2}, []float64{1.5, -2}, "[2]float32 [1.5 -2]"},
	{"[]f64", []float64{1.5, -2}, []float64{1.5, -2}, "[2]float64 [1.5 -2]"},
	{"[]bool", []bool{true, false}, []bool{true, false}, "[2]bool [true false]"},
	{"[]string", []string{"", "▁the", "\xff"}, []string{"", "▁the", "\xff"}, `[3]string ["" "▁the" "\xff"]`},
	{"long", []int32{0, 1, 2, 3, 4, 5, 6, 7}, []int64{0, 1, 2, 3, 4, 5, 6, 7}, "[8]int32 [0 1 2 3 4 5 …]"},
	{"none", []string{}, []string{}, "[0]string []"},
}

// everyKind is a file with all of them. Its last tensor needs no padding.
func everyKind(t testing.TB) []byte {
	var keys []any
	for _, k := range kinds {
		keys = append(keys, k.key, k.value)
	}
	return build(t, keys, shape("a.weight", gguf.Q4_0, 32, 3), shape("b.weight", gguf.F32, 8, 2))
}

func TestEveryKind(t *testing.T) {
	f, err := parse(everyKind(t))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range f.Keys() {
		want := kinds[i]
		if v.Key != want.key || !reflect.DeepEqual(v.Any(), want.any) || v.String() != want.text {
			t.Errorf("got %s = %v %q; want %s = %v %q", v.Key, v.Any(), v, want.key, want.any, want.text)
		}
	}
	if f.Architecture() != "llama" || f.Version != 3 || f.Alignment != 32 {
		t.Errorf("got %q, version %d, alignment %d", f.Architecture(), f.Version, f.Alignment)
	}
}

func TestScalarGetters(t *testing.T) {
	f, err := parse(everyKind(t))
	if err != nil {
		t.Fatal(err)
	}
	uintOf := func(key string, lo, hi uint64) func() (any, error) {
		return func() (any, error) { return f.Uint(key, lo, hi) }
	}
	intOf := func(key string, lo, hi int64) func() (any, error) {
		return func() (any, error) { return f.Int(key, lo, hi) }
	}
	floatOf := func(key string, lo, hi float64) func() (any, error) {
		return func() (any, error) { return f.Float(key, lo, hi) }
	}
	for _, c := range []struct {
		name string
		get  func() (any, error)
		want any
		why  string
	}{
		{"any width", uintOf("u8", 0, 255), uint64(200), ""},
		{"the limits belong to the range", uintOf("u16", 60000, 60000), uint64(60000), ""},
		{"all of uint64", uintOf("u64", 0, math.MaxUint64), uint64(math.MaxUint64), ""},
		{"below", uintOf("u8", 201, 300), nil, `key "u8" at 0x`},
		{"above", uintOf("u8", 0, 199), nil, "200 is outside 0 to 199"},
		{"negative", uintOf("i8", 0, math.MaxUint64), nil, "-100 is outside"},
		{"no integer", uintOf("f32", 0, 1), nil, "of kind float32, not integer"},
		{"no scalar", uintOf("[]u8", 0, 1), nil, "of kind array of uint8, not integer"},
		{"bool is no integer", uintOf("bool", 0, 1), nil, "of kind bool"},
		{"missing", uintOf("x", 0, 1), nil, "missing"},
		{"signed", intOf("i16", -30000, 0), int64(-30000), ""},
		{"all of int64", intOf("i64", math.MinInt64, 0), int64(math.MinInt64), ""},
		{"too large for int64", intOf("u64", math.MinInt64, math.MaxInt64), nil, "18446744073709551615 is outside"},
		{"float32", floatOf("f32", 0, 1), float64(float32(0.1)), ""},
		{"float64", floatOf("f64", 0.1, 0.1), 0.1, ""},
		{"float out of range", floatOf("f64", 1, 2), nil, "0.1 is outside 1 to 2"},
		{"integer is no float", floatOf("u8", 0, 255), nil, "of kind uint8, not float"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.get()
			switch {
			case c.why == "" && (err != nil || got != c.want):
				t.Errorf("got %v, %v; want %v", got, err, c.want)
			case c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why)):
				t.Errorf("got %v; want an error about %q", err, c.why)
			}
			var fe *gguf.FormatError
			if c.why != "" && errors.Is(err, gguf.ErrMissing) == errors.As(err, &fe) {
				t.Errorf("%v is neither or both of missing and malformed", err)
			}
		})
	}
	if b, err := f.Bool("bool"); !b || err != nil {
		t.Errorf("bool: %v, %v", b, err)
	}
	if _, err := f.Bool("u8"); err == nil {
		t.Error("an integer read as a bool")
	}
	if _, err := f.String("u8"); err == nil {
		t.Error("an integer read as a string")
	}
}

func TestNaNIsOutsideEveryRange(t *testing.T) {
	f, err := parse(build(t, []any{"x", float32(math.NaN())}))
	if err != nil {
		t.Fatal(err)
	}
	if x, err := f.Float("x", math.Inf(-1), math.Inf(1)); err == nil {
		t.Errorf("got %g", x)
	}
}

func TestDefaults(t *testing.T) {
	f, err := parse(everyKind(t))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := f.UintOr("x", 7, 0, 1); v != 7 || err != nil {
		t.Errorf("UintOr: %v, %v", v, err)
	}
	if v, err := f.IntOr("x", -7, 0, 1); v != -7 || err != nil {
		t.Errorf("IntOr: %v, %v", v, err)
	}
	if v, err := f.FloatOr("x", 7, 0, 1); v != 7 || err != nil {
		t.Errorf("FloatOr: %v, %v", v, err)
	}
	if v, err := f.BoolOr("x", true); !v || err != nil {
		t.Errorf("BoolOr: %v, %v", v, err)
	}
	if v, err := f.StringOr("x", "y"); v != "y" || err != nil {
		t.Errorf("StringOr: %v, %v", v, err)
	}
	if _, err := f.UintOr("u8", 7, 0, 1); err == nil {
		t.Error("a default hides a value out of range")
	}
}

func TestArrayGetters(t *testing.T) {
	f, err := parse(everyKind(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"[]i8", "[]i16", "[]i32", "[]i64"} {
		if v, err := f.Ints(key); err != nil || !slices.Equal(v, []int64{1, -1}) {
			t.Errorf("%s: %v, %v", key, v, err)
		}
	}
	if v, err := f.Ints("[]u32"); err != nil || !slices.Equal(v, []int64{1, math.MaxUint32}) {
		t.Errorf("[]u32: %v, %v", v, err)
	}
	for _, key := range []string{"[]f32", "[]f64"} {
		if v, err := f.Floats(key); err != nil || !slices.Equal(v, []float32{1.5, -2}) {
			t.Errorf("%s: %v, %v", key, v, err)
		}
	}
	if v, err := f.Bools("[]bool"); err != nil || !slices.Equal(v, []bool{true, false}) {
		t.Errorf("[]bool: %v, %v", v, err)
	}
	if v, err := f.Strings("[]string"); err != nil || !slices.Equal(v, []string{"", "▁the", "\xff"}) {
		t.Errorf("[]string: %v, %v", v, err)
	}
	if _, err := f.Strings("[]u8"); err == nil || !strings.Contains(err.Error(), "array of uint8, not an array of string") {
		t.Errorf("integers read as strings: %v", err)
	}
	if _, err := f.Ints("u8"); err == nil {
		t.Error("a scalar read as an array")
	}
	if _, err := f.Floats("none"); err == nil {
		t.Error("an empty array of strings read as floats")
	}
}

func TestIntsRefusesWhatDoesNotFit(t *testing.T) {
	f, err := parse(build(t, []any{"x", []uint64{1, 1 << 63}}))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := f.Ints("x"); err == nil || !strings.Contains(err.Error(), "9223372036854775808") {
		t.Errorf("got %v, %v", v, err)
	}
}

func TestTensorProvesItsShape(t *testing.T) {
	f, err := parse(build(t, nil, shape("q", gguf.F16, 64, 32), shape("norm", gguf.F32, 64)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		dims []int64
		why  string
	}{
		{"q", []int64{64, 32}, ""},
		{"q", []int64{64, 32, 1, 1}, ""},
		{"q", nil, ""},
		{"norm", []int64{64}, ""},
		{"norm", []int64{64, 1}, ""},
		{"q", []int64{32, 64}, "shape [64 32], expected [32 64]"},
		{"q", []int64{64}, "expected [64]"},
		{"q", []int64{64, 33}, "expected [64 33]"},
		{"q", []int64{64, 32, 1, 1, 1}, "expected"},
		{"k", []int64{64}, "missing"},
	} {
		x, err := f.Tensor(c.name, c.dims...)
		if c.why == "" && (err != nil || x.Name != c.name) || c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why)) {
			t.Errorf("Tensor(%q, %v): %v, %v", c.name, c.dims, x, err)
		}
	}
	q, _ := f.FindTensor("q")
	if q.Rows() != 32 || q.Elements() != 2048 || q.Len != 4096 || !slices.Equal(q.Shape(), []int64{64, 32}) {
		t.Errorf("got %+v", q)
	}
}

func TestAlignmentIsTheFiles(t *testing.T) {
	b := build(t, []any{"general.alignment", uint32(256)}, shape("a", gguf.F32, 3), shape("b", gguf.F32, 3))
	f, err := parse(b)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := f.FindTensor("a")
	x, _ := f.FindTensor("b")
	if f.Alignment != 256 || a.Off%256 != 0 || x.Off != a.Off+256 {
		t.Errorf("alignment %d, tensors at %d and %d", f.Alignment, a.Off, x.Off)
	}
}

func TestVersion2(t *testing.T) {
	b := everyKind(t)
	b[4] = 2
	if f, err := parse(b); err != nil || f.Version != 2 {
		t.Errorf("got %v, %v", f, err)
	}
}

// faulty fails at an offset.
type faulty struct {
	b   []byte
	at  int64
	err error
}

func (r faulty) ReadAt(p []byte, off int64) (int, error) {
	n, err := bytes.NewReader(r.b).ReadAt(p, off)
	if off+int64(n) > r.at {
		return int(max(r.at-off, 0)), r.err
	}
	return n, err
}

// A disk that fails is no fault of the format; a file that has become shorter
// than its size is.
func TestReadErrors(t *testing.T) {
	b := everyKind(t)
	broken := errors.New("broken disk")
	_, err := gguf.Parse(faulty{b, 40, broken}, int64(len(b)), gguf.Limits{})
	var fe *gguf.FormatError
	if !errors.Is(err, broken) || errors.As(err, &fe) {
		t.Errorf("got %v; want the reader's error", err)
	}
	_, err = gguf.Parse(faulty{b, 40, io.EOF}, int64(len(b)), gguf.Limits{})
	if !errors.As(err, &fe) || fe.Off != 40 {
		t.Errorf("got %v; want a FormatError at 40", err)
	}
}

func TestLimits(t *testing.T) {
	b := everyKind(t)
	for _, c := range []struct {
		lim gguf.Limits
		why string
	}{
		{gguf.Limits{Keys: 3}, "keys, the limit is 3"},
		{gguf.Limits{Tensors: 1}, "2 tensors, the limit is 1"},
		{gguf.Limits{MetaBytes: 400}, "of the 400 allowed for metadata"},
	} {
		if _, err := gguf.Parse(bytes.NewReader(b), int64(len(b)), c.lim); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%+v: got %v; want %q", c.lim, err, c.why)
		}
	}
}

// Large values cross the parser's buffer in every way.
func TestLargeValues(t *testing.T) {
	for _, n := range []int{1, 16<<10 - 60, 16 << 10, 16<<10 + 1, 100_000} {
		text := strings.Repeat("x", n)
		words := slices.Repeat([]string{"ab", "", "cde"}, n/3)
		numbers := slices.Repeat([]uint16{1, 2}, n/2)
		f, err := parse(build(t, []any{"s", text, "w", words, "n", numbers, "last", uint32(9)}))
		if err != nil {
			t.Fatal(err)
		}
		if s, _ := f.String("s"); s != text {
			t.Errorf("a string of %d bytes came back as %d", n, len(s))
		}
		if w, _ := f.Strings("w"); !slices.Equal(w, words) {
			t.Errorf("%d strings came back differently", len(words))
		}
		if v, _ := f.Ints("n"); len(v) != len(numbers) || len(v) > 0 && v[len(v)-1] != 2 {
			t.Errorf("%d numbers came back as %d", len(numbers), len(v))
		}
		if v, err := f.Uint("last", 9, 9); err != nil {
			t.Errorf("behind %d bytes: %d, %v", n, v, err)
		}
	}
}

func TestOpenRealFile(t *testing.T) {
	f, err := gguf.Open(refs.Model(t, "stories260K.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	prove(t, f)
	if _, err := f.Tensor("token_embd.weight", 64, 512); err != nil {
		t.Error(err)
	}
	if words, err := f.Strings("tokenizer.ggml.tokens"); err != nil || len(words) != 512 || words[1] != "<s>" {
		t.Errorf("got %d tokens, %v", len(words), err)
	}
}

func BenchmarkParse(b *testing.B) {
	words := make([]string, 128_000)
	for i := range words {
		words[i] = "▁word"
	}
	file := build(b, []any{"tokenizer.ggml.tokens", words, "tokenizer.ggml.scores", make([]float32, len(words))})
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parse(file); err != nil {
			b.Fatal(err)
		}
	}
}
