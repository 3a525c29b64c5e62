package synth

import (
	"bytes"
	"errors"
	"hash/crc32"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// write returns a whole file and its header.
func write(t testing.TB, shape, mix string, seed uint64) ([]byte, *gguf.File) {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, shape, mix, seed); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Parse(bytes.NewReader(b.Bytes()), int64(b.Len()), gguf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), f
}

// Every mix gives weights of the promised mean and spread, no two blocks
// alike.
func TestWeights(t *testing.T) {
	for _, mix := range Mixes() {
		for _, shape := range []string{"tiny", "tiny-256", "tiny-moe"} {
			b, f := write(t, shape, mix, 1)
			if size, err := Size(shape, mix); err != nil || size != int64(len(b)) {
				t.Errorf("%s %s: %d bytes, Size says %d, %v", shape, mix, len(b), size, err)
			}
			m, err := lookup(shape, mix)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range m.tensors() {
				x := f.Tensors[i]
				raw := b[x.Off : x.Off+x.Len]
				checkMoments(t, x, raw, m.spreadOf(want), want.role == roleNorm)
				if values, bytes := x.Type.Block(); values > 1 {
					checkDistinct(t, x, raw, bytes)
				}
			}
		}
	}
}

func checkMoments(t *testing.T, x gguf.Tensor, raw []byte, spread float32, norm bool) {
	t.Helper()
	v := make([]float32, x.Elements())
	if err := gguf.Decode(x.Type, v, raw); err != nil {
		t.Fatal(err)
	}
	var sum, squares float64
	for _, v := range v {
		sum += float64(v)
	}
	mean := sum / float64(len(v))
	for _, v := range v {
		squares += (float64(v) - mean) * (float64(v) - mean)
	}
	got := math.Sqrt(squares / float64(len(v)))
	center := 0.0
	if norm {
		center = 1
	}
	// A mean over few values, or over few scales, is far from exact.
	near := 0.1
	if len(v) < 1024 {
		near = 0.4
	}
	if math.Abs(mean-center) > near*float64(spread) || math.Abs(got/float64(spread)-1) > near {
		t.Errorf("%s (%s): mean %.4f, spread %.4f; want %.4f", x.Name, x.Type, mean, got, spread)
	}
}

func checkDistinct(t *testing.T, x gguf.Tensor, raw []byte, block int) {
	t.Helper()
	seen := map[string]bool{}
	for b := range slices.Chunk(raw, block) {
		if seen[string(b)] {
			t.Errorf("%s (%s): a block appears twice", x.Name, x.Type)
			return
		}
		seen[string(b)] = true
	}
}

// The bytes depend on the seed and on nothing else, be it the machine or the
// number of its processors. The sum stands for the files that measurements
// were taken with.
func TestDeterminism(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one, _ := write(t, "tiny-256", "Q4_K_M", 7)
	runtime.GOMAXPROCS(3)
	three, _ := write(t, "tiny-256", "Q4_K_M", 7)
	if !bytes.Equal(one, three) {
		t.Error("one processor and three write different files")
	}
	if got := crc32.ChecksumIEEE(one); got != 0x72b5e46c {
		t.Errorf("the file's CRC is %#08x", got)
	}
	other, _ := write(t, "tiny-256", "Q4_K_M", 8)
	if bytes.Equal(one, other) {
		t.Error("two seeds write the same file")
	}
}

// The sizes in bytes of the tensors of files that people download, without
// their metadata.
func TestSizesOfRealFiles(t *testing.T) {
	for _, c := range []struct {
		shape, mix string
		megabytes  float64 // of the whole file
	}{
		{"tinyllama", "Q2_K", 432.1},
		{"tinyllama", "Q4_0", 637.7},
		{"tinyllama", "Q4_K_M", 668.8},
		{"tinyllama", "Q6_K", 904.4},
		{"tinyllama", "Q8_0", 1170.8},
		{"llama2-7b", "Q3_K_M", 3298.0},
		{"llama2-7b", "Q4_K_M", 4081.0},
		{"llama2-7b", "Q8_0", 7161.1},
		{"llama3-8b", "Q4_K_M", 4920.7},
		{"qwen2.5-0.5b", "Q4_K_M", 397.8},
		{"qwen2.5-1.5b", "Q4_K_M", 986.0},
		{"qwen3-0.6b", "Q8_0", 639.4},
		{"qwen3-30b-a3b", "Q4_K_M", 18556.7},
	} {
		size, err := Size(c.shape, c.mix)
		if err != nil {
			t.Fatal(err)
		}
		// A vocabulary may differ by two megabytes, a type by more.
		if got := float64(size) / 1e6; math.Abs(got-c.megabytes) > 2+c.megabytes*0.0005 {
			t.Errorf("%s %s: %.1f MB, want %.1f", c.shape, c.mix, got, c.megabytes)
		}
	}
}

// behind is a header followed by zeros.
type behind struct{ head []byte }

func (b behind) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	if off < int64(len(b.head)) {
		copy(p, b.head[off:])
	}
	return len(p), nil
}

// Every shape has a header that parses, tensors of the shapes that its
// metadata imply, and a whole vocabulary.
func TestHeaders(t *testing.T) {
	for _, s := range Shapes() {
		t.Run(s.Name, func(t *testing.T) {
			m, err := lookup(s.Name, "Q4_K_M")
			if err != nil {
				t.Fatal(err)
			}
			size, err := Size(s.Name, "Q4_K_M")
			if err != nil {
				t.Fatal(err)
			}
			var head bytes.Buffer
			w := gguf.NewWriter(&head)
			m.describe(w)
			if err := w.Begin(); err != nil {
				t.Fatal(err)
			}
			f, err := gguf.Parse(behind{head.Bytes()}, size, gguf.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			last := f.Tensors[len(f.Tensors)-1]
			if end := last.Off + last.Len; size-end >= 32 || size < end {
				t.Errorf("the last tensor ends at %d of %d", end, size)
			}
			if f.Architecture() != s.Arch || f.Quantization() != "Q4_K_M" {
				t.Errorf("it is a %s of %s", f.Architecture(), f.Quantization())
			}
			heads, _ := f.Uint(s.Arch+".attention.head_count", 1, 1000)
			if _, err := f.Tensor("blk.0.attn_q.weight", int64(s.Embd), int64(heads)*int64(s.HeadDim)); err != nil {
				t.Error(err)
			}
			checkVocabulary(t, f, s)
		})
	}
}

func checkVocabulary(t *testing.T, f *gguf.File, s Shape) {
	t.Helper()
	tokens, err := f.Strings("tokenizer.ggml.tokens")
	if err != nil || len(tokens) != s.Vocab {
		t.Fatalf("%d tokens for %d rows, %v", len(tokens), s.Vocab, err)
	}
	types, err := f.Ints("tokenizer.ggml.token_type")
	if err != nil || len(types) != s.Vocab {
		t.Errorf("%d types, %v", len(types), err)
	}
	ids := map[string]int{}
	for i, text := range tokens {
		if other, twice := ids[text]; twice || text == "" {
			t.Fatalf("tokens %d and %d are both %q", other, i, text)
		}
		ids[text] = i
	}
	eos, err := f.Uint("tokenizer.ggml.eos_token_id", 0, uint64(s.Vocab-1))
	if err != nil || types[eos] != int64(tokenControl) {
		t.Errorf("EOS is %q of type %d, %v", tokens[eos], types[eos], err)
	}
	if !f.Has("tokenizer.ggml.merges") {
		if scores, err := f.Floats("tokenizer.ggml.scores"); err != nil || len(scores) != s.Vocab {
			t.Errorf("%d scores, %v", len(scores), err)
		}
		return
	}
	merges, err := f.Strings("tokenizer.ggml.merges")
	if err != nil {
		t.Fatal(err)
	}
	for rank, merge := range merges {
		head, tail, _ := strings.Cut(merge, " ")
		id, ok := ids[head+tail]
		if !ok || ids[head] >= id || ids[tail] >= id {
			t.Fatalf("merge %d, %q, joins tokens that come later", rank, merge)
		}
	}
}

func TestRules(t *testing.T) {
	for _, c := range []struct {
		shape, mix, tensor string
		want               gguf.Type
	}{
		{"tinyllama", "Q4_K_M", "blk.0.attn_v.weight", gguf.Q6_K},
		{"tinyllama", "Q4_K_M", "blk.2.ffn_down.weight", gguf.Q4_K},
		{"tinyllama", "Q4_K_M", "blk.4.ffn_down.weight", gguf.Q6_K},
		{"tinyllama", "Q4_K_M", "blk.21.ffn_down.weight", gguf.Q6_K},
		{"tinyllama", "Q4_K_M", "output.weight", gguf.Q6_K},
		{"tinyllama", "Q4_K_M", "token_embd.weight", gguf.Q4_K},
		{"tinyllama", "Q4_K_M", "output_norm.weight", gguf.F32},
		{"tinyllama", "Q4_K_S", "blk.3.attn_v.weight", gguf.Q5_K},
		{"tinyllama", "Q4_K_S", "blk.4.attn_v.weight", gguf.Q4_K},
		{"tinyllama", "Q8_0", "output.weight", gguf.Q8_0},
		{"tinyllama", "F16", "token_embd.weight", gguf.F16},
		{"tinyllama", "MXFP4", "blk.0.ffn_up.weight", gguf.MXFP4},
		{"tinyllama", "MXFP4", "blk.0.attn_q.weight", gguf.Q8_0},
		{"llama2-7b", "Q2_K", "blk.9.attn_v.weight", gguf.Q3_K},
		{"llama3-8b", "Q2_K", "blk.9.attn_v.weight", gguf.Q4_K},
		{"llama3-8b", "Q3_K_M", "blk.9.attn_output.weight", gguf.Q4_K},
		{"llama3-8b", "IQ4_XS", "blk.9.attn_v.weight", gguf.Q5_K},
		{"qwen2.5-0.5b", "Q4_K_M", "token_embd.weight", gguf.Q8_0}, // rows of 896
		{"qwen2.5-0.5b", "Q4_K_M", "blk.0.ffn_up.weight", gguf.Q5_0},
		{"qwen2.5-0.5b", "IQ4_XS", "blk.9.attn_q.weight", gguf.IQ4_NL},
		{"qwen3-0.6b", "Q4_K_M", "token_embd.weight", gguf.Q6_K}, // tied
		{"qwen3-30b-a3b", "Q4_K_M", "blk.0.ffn_gate_inp.weight", gguf.F32},
		{"qwen3-30b-a3b", "MXFP4", "blk.0.ffn_down_exps.weight", gguf.MXFP4},
		{"tiny", "Q2_K", "blk.0.attn_q.weight", gguf.Q4_0},
	} {
		m, err := lookup(c.shape, c.mix)
		if err != nil {
			t.Fatal(err)
		}
		list := m.tensors()
		i := slices.IndexFunc(list, func(x tensor) bool { return x.name == c.tensor })
		if i < 0 {
			t.Errorf("%s has no %s", c.shape, c.tensor)
		} else if got := m.typeOf(list[i]); got != c.want {
			t.Errorf("%s %s: %s is %s, want %s", c.shape, c.mix, c.tensor, got, c.want)
		}
	}
}

func TestUnknownNames(t *testing.T) {
	if err := Write(new(bytes.Buffer), "gpt-9", "Q4_0", 1); err == nil || !strings.Contains(err.Error(), "tinyllama") {
		t.Errorf("got %v; want an error that lists the shapes", err)
	}
	if _, err := Size("tiny", "Q9_9"); err == nil || !strings.Contains(err.Error(), "Q4_K_M") {
		t.Errorf("got %v; want an error that lists the mixes", err)
	}
	if _, err := Size("tiny", "q4_k_m"); err != nil {
		t.Error(err)
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

// A full disk stops the workers; TestMain sees that none is left.
func TestWriterFails(t *testing.T) {
	for _, n := range []int{0, 100_000, 5 << 20} {
		if err := Write(&full{n}, "qwen3-0.6b", "Q4_0", 1); !errors.Is(err, errFull) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// Every float16 survives being read and written.
func TestHalfBits(t *testing.T) {
	for h := range uint16(1<<15 - 1<<10) { // finite, positive
		var v [1]float32
		_ = gguf.Decode(gguf.F16, v[:], []byte{byte(h), byte(h >> 8)})
		if got := halfBits(v[0]); got != h {
			t.Fatalf("%#04x became %#04x", h, got)
		}
		if got := halfBits(-v[0]); got != h|1<<15 {
			t.Fatalf("-%#04x became %#04x", h, got)
		}
	}
	for v, want := range map[float32]uint16{
		1 + 0x1p-12: 0x3c00, 1 + 0x1p-11: 0x3c00, 1 + 0x1.1p-11: 0x3c01, 1 + 3*0x1p-11: 0x3c02,
		65504: 0x7bff, 65519: 0x7bff, 65520: 0x7c00, 1e9: 0x7c00, 0x1p-25: 0, 0x1.1p-25: 1,
	} {
		if got := halfBits(v); got != want {
			t.Errorf("%g became %#04x, want %#04x", v, got, want)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	size, err := Size("tinyllama", "Q4_K_M")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	for b.Loop() {
		var n count
		if err := Write(&n, "tinyllama", "Q4_K_M", 1); err != nil {
			b.Fatal(err)
		}
	}
}
