//go:build cuda

package cuda

// GraphsRun is how many series a device of Open has run as graphs.
func GraphsRun(d Driver) int { return d.(*driver).graphs.ran }

// Kernels returns a module for each kernel of one.
func Kernels(module string) map[string]string {
	p := parsePTX(module)
	m := map[string]string{}
	for name := range p.entries {
		m[name] = p.kernel(name)
	}
	return m
}
