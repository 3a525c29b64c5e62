// Package remote answers by a server that speaks the OpenAI protocol: vLLM,
// SGLang, llama.cpp, Ollama and others, for models that outgrow one machine.
//
// A Server has models, and an Engine is one of them. It gives the same streams
// and the same statistics as the engine of this machine, measured on this side
// of the wire, so that whoever shows answers need not know the difference.
//
// A server is not trusted. What it sends is bounded, an answer that stops half
// way keeps its text, and a failure is one plain line. Nothing is tried twice
// once a token has come.
package remote
