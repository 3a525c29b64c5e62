package token

import (
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
)

// BenchmarkLoad is New alone; BenchmarkOpen reads the file as well.
func BenchmarkLoad(b *testing.B) {
	for _, name := range []string{"llama-spm", "llama-bpe", "qwen3", "gpt-oss"} {
		b.Run(name, func(b *testing.B) {
			f := reference(b, name)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := New(f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, name := range []string{"llama-bpe", "qwen3"} {
		b.Run(name, func(b *testing.B) {
			path := reference(b, name).Shards[0].Path
			b.ReportAllocs()
			for b.Loop() {
				f, err := gguf.Open(path)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := New(f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncode has prose, source code, and texts that are one long piece.
func BenchmarkEncode(b *testing.B) {
	for _, name := range []string{"llama-spm", "llama-bpe", "qwen3", "gpt-oss", "smollm2"} {
		tok := referenceTokenizer(b, name)
		for _, text := range []struct{ name, unit string }{
			{"prose", "The quick brown fox jumps over the lazy dog. Pack my box with five dozen liquor jugs, " +
				"which I've said 1234 times before; nobody's listening.\n"},
			{"code", "\tfor i := 0; i < len(s); i++ {\n\t\tif s[i] == '\"' {\n\t\t\treturn s[start:i], nil\n\t\t}\n\t}\n"},
			{"mixed", "你好，世界！Привет, мир. naïve café — नमस्ते दुनिया 👩‍👩‍👧‍👦 12.5%\n"},
			{"letters", "a"},
			{"spaces", " "},
		} {
			long := strings.Repeat(text.unit, 1<<18/len(text.unit))
			b.Run(name+"/"+text.name, func(b *testing.B) {
				var ids []int32
				b.SetBytes(int64(len(long)))
				b.ReportAllocs()
				for b.Loop() {
					ids = tok.Encode(ids[:0], long, Options{})
				}
			})
		}
	}
}

func BenchmarkAppendPiece(b *testing.B) {
	tok := referenceTokenizer(b, "llama-bpe")
	ids := tok.Encode(nil, "The quick brown fox jumps over the lazy dog.", Options{})
	buf := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		for _, id := range ids {
			buf = tok.AppendPiece(buf[:0], id)
		}
	}
}
