// Package pull downloads model files: from a repository of the Hugging Face
// hub into the cache that other programs share, or from a plain address into
// the program's own folder.
//
//	reference ──▶ listing ──▶ choice ──▶ ranges in parallel ──▶ SHA-256 ──▶ name
//	              of the      one model,   kept when it stops,   of the
//	              hub         all shards   taken up again        whole file
//
// No server is trusted: names are checked before they become paths, and writes
// go through an os.Root; lengths, ranges and hashes must be those announced; a
// body is read no further than that. A file gets its name only when it is
// whole. The token goes to the hub and to no other host.
//
// It is the only package that opens a socket.
package pull
