// Package nvml asks NVIDIA's management library how busy, how warm and how
// hungry a device is. The library is found while the program runs, with the
// build tag cuda; where it is not, Open says so.
package nvml
