// Command runnel chats with language models in GGUF files, in a terminal.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/runnel-chat/runnel/ui/cli"
)

func main() {
	// A closed terminal and a quit end the work in hand, so that the screen is
	// given back as it was. Interrupts are the commands' own affair.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGHUP, syscall.SIGQUIT)
	code := cli.Main(ctx, os.Args[1:], cli.Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv,
	})
	stop()
	os.Exit(code)
}
