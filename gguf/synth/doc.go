// Package synth writes model files of real shapes with random weights, for
// tests and measurements: what a model costs does not depend on what it says.
//
//	synth.Write(w, "llama2-7b", "Q4_K_M", 1)
//
// A file has the architecture, dimensions, metadata keys, tensor types and
// size of the model it is named after, and a vocabulary of made-up syllables
// that every text can be tokenized with. Its weights are scaled so that a
// forward pass keeps its activations near one and gives logits with a spread
// of about three. The same shape, mix and seed give the same bytes on every
// machine. It knows the formats of gguf and nothing of how models are run.
package synth
