// Package token turns text into the token ids a model was trained with, and
// ids back into bytes. It owns the vocabulary that a GGUF file carries and
// every rule about it; it knows nothing of models, templates or screens.
//
//	text ─▶ control and user-defined tokens, longest first   names.go
//	     ─▶ pieces that are merged on their own              split.go, rules.go, presets.go
//	     ─▶ ids, by merging neighbours                       bpe.go, spm.go, merge.go
//	        (or by longest match, or by score)               wordpiece.go, unigram.go
//	ids  ─▶ bytes                                            decode.go
//
// Text is hostile twice over. A file may lie in its vocabulary: New proves
// what the rest relies on, or names what is wrong. And a user may type the
// name of a control token: unless Parse is set, no text becomes one, whatever
// the merges say.
//
//	t, err := token.New(file)
//	ids := t.Encode(nil, "Hello world", token.Options{Special: true})
//	text := t.Decode(ids)
//
// A prompt is best given as Parts, which is tokenized as one text although
// control tokens count only in the parts that a template wrote:
//
//	ids = t.EncodeParts(ids[:0], []token.Part{
//		{Text: "<|im_start|>user\n", Parse: true},
//		{Text: message},
//		{Text: "<|im_end|>\n", Parse: true},
//	}, true)
//
// Time is O(n log n) in the text at worst, and memory beyond the ids is
// bounded: a piece longer than 64 KiB is cut there. A Tokenizer is immutable
// and safe for concurrent use.
package token
