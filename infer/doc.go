// Package infer turns messages into answers: it opens a model file, renders
// and tokenizes a conversation, runs the forward pass and streams the text.
//
//	ui ──(context, request)──▶ Engine.Generate ──▶ Session ──▶ model ──▶ accel
//	ui ◀──── Stream.Take ──────────┘                   └── prefetch leases
//	ui ◀──── Engine.Stats (polled; counters that only rise)
//
// Three flows, never back and forth: a request and its context go down, text
// comes up through a Stream, and numbers are polled sideways. Cancelling the
// context is the only way to stop an answer. Nothing here knows who shows the
// text.
//
//	e, err := infer.Open(ctx, "model.gguf", infer.Options{})
//	s := e.Generate(ctx, []chat.Message{{Role: "user", Content: "Hello"}}, infer.Request{})
package infer
