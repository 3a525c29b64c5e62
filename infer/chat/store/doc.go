// Package store keeps conversations in a SQLite file. A conversation is a
// tree of messages that remembers its current leaf, so an edited message and
// an answer made again leave the old branch where it was:
//
//	hello ─▶ hi there ─▶ tell me more ─▶ well …
//	     └─▶ good day ◀ leaf
//
// A message is on the disk when the call that wrote it returns. Several
// processes may use one file at once. A file that is damaged, or another
// program's, is set aside under another name, never overwritten.
package store
