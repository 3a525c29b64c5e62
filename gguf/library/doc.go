// Package library finds the model files that are already on this machine,
// wherever other programs keep theirs, and uses them in place:
//
//	folders ──▶ files ──▶ one entry a model ──▶ headers
//	            bounded   shards grouped,       parsed in
//	            walk      duplicates folded     parallel
//
// It only reads, but for Removal.Do. What it walks is not trusted: folders may loop, be huge or
// unreadable, names may be anything, and a file that ends in .gguf may be a
// pipe. Names and errors that it returns are as they were found; whoever shows
// them cleans them first.
package library
