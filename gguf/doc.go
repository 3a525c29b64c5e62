// Package gguf turns a file of bytes into proven facts about a model, and
// back.
//
// Parse reads the header of a GGUF file (versions 2 and 3, see
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md) and either
// returns a File in which every count, length and offset has been checked
// against the file's size, or one *FormatError that says where and why not:
//
//	magic, version, counts │ key-value pairs │ tensor table │ pad │ tensor data
//	                         File.Uint("…")    File.Tensor("…")    File.Tensors[i].Off
//
// A file is hostile until proven otherwise: nothing is allocated on the word
// of a header, and memory stays within a small multiple of the bytes read.
// The package also knows the block format of every tensor type: its geometry,
// and a reference decoder to float32. It maps nothing, caches nothing and
// never looks at weights unless asked to decode them.
package gguf
