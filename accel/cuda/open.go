package cuda

import "errors"

// Why there is no device; test with errors.Is.
var (
	// ErrNotBuilt is a program that was built without the tag cuda.
	ErrNotBuilt = errors.New("this build computes on the CPU")
	// ErrNoDriver is a machine without a driver, or with one that finds no
	// device.
	ErrNoDriver = errors.New("no NVIDIA driver with a device")
)
