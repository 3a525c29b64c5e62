//go:build !linux

package cli

import "os"

func forgetCached(*os.File) {}
