//go:build cuda

package cuda

// GraphsRun is how many series a device of Open has run as graphs.
func GraphsRun(d Driver) int { return d.(*driver).graphs.ran }
