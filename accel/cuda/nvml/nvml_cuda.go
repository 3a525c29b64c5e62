//go:build cuda && linux && amd64

package nvml

// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// int runnelNvmlOpen(const char *uuid, void **device);
// void runnelNvmlRead(void *device, int *percent, int *celsius, int *milliwatts);
// int runnelNvmlClose(void);
import "C"

import (
	"fmt"
	"unsafe"
)

// Device is one that can be asked, by several goroutines at a time.
type Device struct{ handle unsafe.Pointer }

// Open finds the device that the driver knows by a UUID. The order of devices
// is not the same here and there.
func Open(uuid [16]byte) (*Device, error) {
	name := C.CString(fmt.Sprintf("GPU-%x-%x-%x-%x-%x", uuid[:4], uuid[4:6], uuid[6:8], uuid[8:10], uuid[10:]))
	defer C.free(unsafe.Pointer(name))
	d := &Device{}
	switch code := C.runnelNvmlOpen(name, &d.handle); code {
	case 0:
		return d, nil
	case -1:
		return nil, ErrNoLibrary
	default:
		return nil, fmt.Errorf("nvml: finding %s: error %d", C.GoString(name), code)
	}
}

// Read asks the device, which takes milliseconds.
func (d *Device) Read() Reading {
	var percent, celsius, milliwatts C.int
	C.runnelNvmlRead(d.handle, &percent, &celsius, &milliwatts)
	known := func(v C.int, unit float64) float64 {
		if v < 0 {
			return -1
		}
		return float64(v) / unit
	}
	return Reading{known(percent, 100), known(celsius, 1), known(milliwatts, 1000)}
}

// Close gives the library back.
func (d *Device) Close() error {
	if code := C.runnelNvmlClose(); code != 0 {
		return fmt.Errorf("nvml: closing: error %d", code)
	}
	return nil
}
