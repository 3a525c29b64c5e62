// Package ui is the chat on the screen: the one Bubble Tea model and its
// panes.
//
//	key, mouse, paste ─▶ Update ─▶ verbs of the panes        View ─▶ layout ─▶ lines
//	                        │
//	                        ├─▶ Engine.Generate (context, messages, request)
//	Stream.Ready ─▶ deltaMsg ┘   waited for in a command, taken whole, re-armed
//	tick, 4 a second while busy ─▶ Engine.Stats ─▶ meter (rates by subtraction)
//
// Panes are plain structs with a size, a Render and verbs; none of them
// receives messages. Update does no work that can wait for a disk, a network
// or the engine: commands do. Everything that a model or a file wrote is
// safe.Text before it reaches a line.
package ui
