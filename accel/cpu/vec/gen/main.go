// Command gen writes the assembly of packages vec and attn.
//
//	go run -C gen . -o .. vec
//
// Kernels are written once as templates in which V3 is a vector register of
// the tier and H3 its lower half, so that the tiers of an architecture cannot
// drift apart.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// files are the outputs of each package.
var files = map[string]map[string]func() []byte{
	"vec":  {"lanes_amd64.s": vecAMD64, "lanes_arm64.s": vecARM64},
	"attn": {"product_amd64.s": productsAMD64, "product_arm64.s": productsARM64},
}

func main() {
	dir := flag.String("o", "..", "folder to write to")
	flag.Parse()
	for name, make := range files[flag.Arg(0)] {
		if err := os.WriteFile(filepath.Join(*dir, name), make(), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
}
