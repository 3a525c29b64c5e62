// Package chat: TEMPORARY bootstrap, delete when the real files land.
package chat

type Message struct{ Role, Content, Thinking string }
