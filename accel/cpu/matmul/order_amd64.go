//go:build !noasm

package matmul

// inOrder is how the matrix-vector kernels ask for memory: in order, or in many
// places at once. Measured with weights in memory, GB/s of one core:
//
//	                      Q4_0       Q8_0       Q4_K       Q6_K
//	Ice Lake, places                 15.0       15.8       15.9
//	          one stream             11.5       11.4       11.5
//	Zen 5,    places      30.6       34.9       31.4       32.7
//	          in order    39.7       40.5       39.2       36.7
//
// On Emerald Rapids, with two cores, the two are equal but for Q6_K, which
// places make 1.2 times as fast.
var inOrder = vendor() != [3]uint32{0x756e6547, 0x49656e69, 0x6c65746e} // GenuineIntel

// vendor is what CPUID calls the maker of the processor: EBX, EDX, ECX.
func vendor() [3]uint32
