package nvml

import "errors"

// Reading is a look at a device. What the device does not tell, as one that is
// divided among virtual machines, is -1.
type Reading struct {
	Busy    float64 // share of the last moments in which it computed, 0 to 1
	Celsius float64
	Watts   float64
}

// Unknown is the reading of a device that tells nothing.
var Unknown = Reading{-1, -1, -1}

// ErrNoLibrary is why nothing can be asked; test with errors.Is.
var ErrNoLibrary = errors.New("nvml: libnvidia-ml.so.1 was not found")
