//go:build !cuda || !linux || !amd64

package cuda

// Open fails: this program was built without a driver.
func Open() (Driver, error) { return nil, ErrNotBuilt }
