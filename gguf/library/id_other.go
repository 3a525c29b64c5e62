//go:build !unix

package library

import "io/fs"

func fileID(fs.FileInfo) (string, bool) { return "", false }
