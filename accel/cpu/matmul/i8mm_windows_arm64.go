//go:build !noasm

package matmul

import "golang.org/x/sys/windows"

// hasI8MM asks Windows itself, for x/sys/cpu does not.
func hasI8MM() bool {
	return windows.IsProcessorFeaturePresent(windows.PF_ARM_V82_I8MM_INSTRUCTIONS_AVAILABLE)
}
