// Package libcuda lets a program that uses gorgonia.org/cu start on a machine
// without NVIDIA's driver: it defines every function of libcuda that the
// library refers to as a jump to wherever dlopen finds it, and to a function
// that says "no device" where it does not. Importing it, with the build tag
// cuda, is all it takes; State tells how the search went.
//
// The symbols are hidden, so that libcuda's own calls never come here, and
// cuInit always succeeds, because gorgonia.org/cu ends the process if it does
// not. Beside that the package has what the library lacks: graphs, and launches
// without copies of their arguments.
//
// stub holds an empty libcuda.a, which satisfies the -lcuda of that
// library at link time.
package libcuda
