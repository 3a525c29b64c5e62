// Command pages writes the manual page and the completions that go into
// archives and packages, by asking the program itself:
//
//	go run .ci/release/pages.go VERSION DATE
package main

import (
	"bytes"
	"compress/gzip"
	"log"
	"os"
	"os/exec"
	"path/filepath"
)

const dir = "dist-pages"

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: pages VERSION DATE")
	}
	var man bytes.Buffer
	w, err := gzip.NewWriterLevel(&man, gzip.BestCompression) // no time in its header: the same bytes each time
	if err == nil {
		_, err = w.Write(ask("man"))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		log.Fatal(err)
	}
	write("man/runnel.1.gz", man.Bytes())
	for _, shell := range []string{"bash", "zsh", "fish"} {
		write("completions/runnel."+shell, ask("completion", shell))
	}
}

// ask runs the program with the release's version and date in it.
func ask(args ...string) []byte {
	const pkg = "-X github.com/runnel-chat/runnel/ui/cli."
	flags := pkg + "Version=" + os.Args[1] + " " + pkg + "Date=" + os.Args[2]
	call := append([]string{"run", "-ldflags", flags, "."}, args...)
	cmd := exec.Command("go", call...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		log.Fatalf("go run . %v: %v", args, err)
	}
	return out
}

func write(name string, b []byte) {
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		log.Fatal(err)
	}
}
