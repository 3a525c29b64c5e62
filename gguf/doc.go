// Package gguf turns a GGUF file into proven facts: typed metadata, and a
// tensor table whose every extent lies inside the file, aligned and apart
// from all others. It also knows the block format of each tensor type, and
// writes files.
//
//	header   magic "GGUF", version, tensor count, key count
//	keys     name, kind, value           Parse -> File.Uint, .String, ...
//	tensors  name, dims, type, offset    Parse -> File.Tensor
//	padding  to general.alignment
//	data     blocks of quantised values  Decode
//
// A file is hostile until Parse has returned it. Parse reads through a small
// buffer, checks every count against the bytes that are left before it
// allocates, and returns no File when anything is wrong, so that whoever holds
// a Tensor may trust its shape, offset and length without looking again.
// Values are checked by the getters, which take the legal range:
//
//	f, err := gguf.Open("model.gguf")
//	layers, err := f.Uint("llama.block_count", 1, 1024)
//	q, err := f.Tensor("blk.0.attn_q.weight", embd, embd)
//
// The package never maps or keeps a file open and knows nothing of models:
// what a tensor is for is the business of the inference engine.
//
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
package gguf
