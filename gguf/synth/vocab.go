package synth

import (
	"fmt"
	"slices"
	"strings"

	"github.com/runnel-chat/runnel/gguf"
)

// Token types of the format.
const (
	tokenNormal  int32 = 1
	tokenUnknown int32 = 2
	tokenControl int32 = 3
	tokenUnused  int32 = 5
	tokenByte    int32 = 6
)

// tokenizer sets the vocabulary of n tokens: the keys below
// "tokenizer.ggml." and the chat template.
type tokenizer func(w *gguf.Writer, n int)

// spm is a SentencePiece vocabulary as llama 1 and 2 have it: bytes, then
// pieces with falling scores, of which the tokenizer joins the best first.
func spm(w *gguf.Writer, n int) {
	tokens := []string{"<unk>", "<s>", "</s>"}
	types := []int32{tokenUnknown, tokenControl, tokenControl}
	for b := range 256 {
		tokens, types = append(tokens, fmt.Sprintf("<0x%02X>", b)), append(types, tokenByte)
	}
	scores := make([]float32, len(tokens), n)
	for i, p := range pieces("▁", n-len(tokens)) {
		tokens, types, scores = append(tokens, p.text), append(types, tokenNormal), append(scores, -float32(i))
	}
	w.Set("tokenizer.ggml.model", "llama")
	w.Set("tokenizer.ggml.pre", "default")
	w.Set("tokenizer.ggml.tokens", tokens)
	w.Set("tokenizer.ggml.scores", scores)
	w.Set("tokenizer.ggml.token_type", types)
	w.Set("tokenizer.ggml.bos_token_id", uint32(1))
	w.Set("tokenizer.ggml.eos_token_id", uint32(2))
	w.Set("tokenizer.ggml.unknown_token_id", uint32(0))
	w.Set("tokenizer.ggml.add_bos_token", true)
	w.Set("tokenizer.ggml.add_eos_token", false)
	w.Set("tokenizer.chat_template", "{% for m in messages %}{{ '<|' + m['role'] + '|>\\n' + m['content'] + eos_token + '\\n' }}"+
		"{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}")
}

// llamaBPE is a byte-level BPE vocabulary with the control tokens of llama 3.
func llamaBPE(w *gguf.Writer, n int) {
	control := []string{
		"<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
		"<|finetune_right_pad_id|>", "<|reserved_special_token_2|>", "<|start_header_id|>", "<|end_header_id|>",
		"<|eom_id|>", "<|eot_id|>", "<|python_tag|>",
	}
	for i := len(control); i < 256; i++ {
		control = append(control, fmt.Sprintf("<|reserved_special_token_%d|>", i-8))
	}
	regular := n - len(control)
	bpe(w, "llama-bpe", regular, control, nil)
	w.Set("tokenizer.ggml.bos_token_id", uint32(regular))
	w.Set("tokenizer.ggml.eos_token_id", uint32(regular+slices.Index(control, "<|eot_id|>")))
	w.Set("tokenizer.ggml.add_bos_token", true)
	w.Set("tokenizer.chat_template", "{{ bos_token }}{% for m in messages %}"+
		"{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' + m['content'] + '<|eot_id|>' }}{% endfor %}"+
		"{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}")
}

// qwenBPE is a byte-level BPE vocabulary with the control tokens of qwen 2 and
// 3, filled up with unused tokens to the width of the model's matrices.
func qwenBPE(w *gguf.Writer, n int) {
	control := []string{"<|endoftext|>", "<|im_start|>", "<|im_end|>"}
	const regularOfQwen = 151643
	regular := min(regularOfQwen, n-len(control))
	var unused []string
	for i := regular + len(control); i < n; i++ {
		unused = append(unused, fmt.Sprintf("[PAD%d]", i))
	}
	bpe(w, "qwen2", regular, control, unused)
	w.Set("tokenizer.ggml.bos_token_id", uint32(regular))
	w.Set("tokenizer.ggml.eos_token_id", uint32(regular+2))
	w.Set("tokenizer.ggml.padding_token_id", uint32(regular))
	w.Set("tokenizer.ggml.add_bos_token", false)
	w.Set("tokenizer.chat_template", "{% for m in messages %}"+
		"{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% endfor %}"+
		"{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
}

// bpe sets regular tokens: one for each byte, then one for each merge.
func bpe(w *gguf.Writer, pre string, regular int, control, unused []string) {
	tokens := byteTokens()
	var merges []string
	for _, p := range pieces("Ġ", regular) {
		if len(tokens) == regular {
			break
		}
		if p.tail != "" { // a single letter is a byte already
			tokens, merges = append(tokens, p.text), append(merges, p.head+" "+p.tail)
		}
	}
	types := slices.Repeat([]int32{tokenNormal}, regular)
	types = append(types, slices.Repeat([]int32{tokenControl}, len(control))...)
	types = append(types, slices.Repeat([]int32{tokenUnused}, len(unused))...)
	w.Set("tokenizer.ggml.model", "gpt2")
	w.Set("tokenizer.ggml.pre", pre)
	w.Set("tokenizer.ggml.tokens", slices.Concat(tokens, control, unused))
	w.Set("tokenizer.ggml.token_type", types)
	w.Set("tokenizer.ggml.merges", merges)
}

// byteTokens spells the 256 bytes as GPT-2 does: a printable one is itself,
// the n-th other is the rune 256+n.
func byteTokens() []string {
	var tokens []string
	other := rune(256)
	for b := range rune(256) {
		if b >= '!' && b <= '~' || b >= '¡' && b <= '¬' || b >= '®' {
			tokens = append(tokens, string(b))
		} else {
			tokens = append(tokens, string(other))
			other++
		}
	}
	return tokens
}

// piece is a made-up piece of text and the two shorter ones it is joined of;
// a single letter has no tail.
type piece struct{ text, head, tail string }

// pieces returns n pieces, the shortest first: the word separator, the
// letters, and everything that can be said by turns of vowels and consonants,
// at the start of a word or inside it.
func pieces(space string, n int) []piece {
	const vowels, consonants = "aeiouy", "tnsrhldcmfpgwbvkxjqz"
	list := []piece{{text: space}}
	for _, letter := range vowels + consonants {
		list = append(list, piece{text: string(letter)})
	}
	for i := 0; len(list) < n; i++ {
		head := list[i].text
		next := vowels
		if last := head[len(head)-1:]; strings.Contains(vowels, last) {
			next = consonants
		} else if head == space {
			next = vowels + consonants
		}
		for _, letter := range next {
			list = append(list, piece{head + string(letter), head, string(letter)})
		}
	}
	return list[:max(n, 0)]
}
