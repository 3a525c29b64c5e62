// Package prefetch makes the weights of a model resident before they are
// asked for, inside a hard memory budget, and counts what that costs.
//
// It is handed opaque weights in the order of a pass, cuts them into tiles
// and plans which tiles stay in memory (pins) and which flow through a small
// ring of slots:
//
//	plan ──▶ pins  ■■■■■■■■■■■■■■■■■■   read once, stay
//	     └─▶ ring  ▣▣▣▣  ◀── readers ◀── file
//	                │  Acquire: wait for the tile     Release: its slot
//	                ▼  (a pin costs one atomic load)  takes the next one
//	             kernels
//
// A dense decoder reads its weights as a cyclic scan, for which every cache
// that evicts by age is useless. So the pins are spread evenly over the pass,
// and the ring never stops at the last layer: while the caller samples or the
// user types it fills with the first tiles of the next pass. Loading a model
// is simply the first pass.
//
// One code path serves a model that fits and one that does not, and the bytes
// handed out are the same for every budget. The package knows nothing of
// formats, layers' meaning or kernels.
package prefetch
