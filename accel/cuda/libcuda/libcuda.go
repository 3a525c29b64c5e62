//go:build cuda && linux && amd64

package libcuda

// #cgo LDFLAGS: -L${SRCDIR}/stub -ldl -Wl,--as-needed
// extern int runnelCudaState;
import "C"

// State is what cuInit said: 0 when there is a driver and a device, -1 when
// there is no driver.
func State() int { return int(C.runnelCudaState) }
