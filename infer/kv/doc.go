// Package kv keeps what a model remembers of the tokens that a session has
// seen: keys and values of positions, and the states of recurrent layers.
//
// A cache grows in groups: a group holds accel.KVBlock positions of all layers
// that see equally far back, so its memory follows the conversation and not
// the longest context that the model could take. Layers with a window give
// the groups that fell out of it back to the next positions.
//
//	all positions:   group 0         group 1 …       window:   (dropped)  group 1 …
//	                 ├ layer 0 block ├ layer 0 block                      ├ layer 1 block
//	                 └ layer 2 block └ layer 2 block                      └ layer 3 block
//
// The bytes come from whoever owns the memory and are laid out by the backend;
// this package only counts positions.
package kv
