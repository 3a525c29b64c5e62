// Command runnel chats with language models in GGUF files, in a terminal.
package main

import (
	"context"
	"os"

	"github.com/runnel-chat/runnel/ui/cli"
)

func main() {
	os.Exit(cli.Main(context.Background(), os.Args[1:], cli.Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv,
	}))
}
