// Command gen writes the assembly of package matmul.
//
//	go generate ./accel/cpu/matmul
//
// One emitter serves the instruction sets of a processor family: it is
// written in terms of rows of vectors, whatever their width. To read it,
// begin with gemm in x86_gemm.go and the weight types in x86_types.go.
package main

import (
	"log"
	"os"
	"path/filepath"
)

func main() {
	for name, text := range files() {
		if err := os.WriteFile(filepath.Join(dir(), name), []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// dir is the folder of the package: go generate runs there, tests run here.
func dir() string {
	if _, err := os.Stat("doc.go"); err == nil {
		return "."
	}
	return ".."
}

// files returns the generated files.
func files() map[string]string {
	return map[string]string{
		"prepare_amd64.s": header(func(f *file) {
			x := &x86{file: f, bytes: 32}
			x.prepareKernel()
			x.packKernel()
			x.packHalvesKernel()
		}),
		"avx2_amd64.s":    ymmTier("avx2", true),
		"avxvnni_amd64.s": ymmTier("avxvnni", false),
		"avx512_amd64.s":  tier("avx512", func(f *file) *x86 { return &x86{file: f, bytes: 64} }),
		"prepare_arm64.s": header(func(f *file) {
			a := &arm{file: f}
			a.prepareKernel()
			a.packKernel()
			a.packHalvesKernel()
		}),
		"neon_arm64.s": header(armKernels),
	}
}
