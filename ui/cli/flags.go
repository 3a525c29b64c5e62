package cli

import (
	"github.com/spf13/cobra"

	"github.com/runnel-chat/runnel/config"
)

// flagValue is a flag as it was given, for a key of the configuration.
type flagValue struct {
	key   config.Key
	value string
}

// keyFlag lets a flag set a key; it checks the value at once.
type keyFlag struct {
	p    *program
	key  config.Key
	kind string
}

func (f keyFlag) String() string { return "" }
func (f keyFlag) Type() string   { return f.kind }

func (f keyFlag) Set(v string) error {
	var c config.Config
	if err := f.key.Set(&c, v); err != nil {
		return err
	}
	f.p.flags = append(f.p.flags, flagValue{f.key, v})
	return nil
}

// flag adds a flag for a key, described by the key's own sentence.
func (p *program) flag(c *cobra.Command, name, short, key, kind string) {
	k, err := config.Find(key)
	if err != nil {
		panic(err)
	}
	c.Flags().VarP(keyFlag{p, k, kind}, name, short, k.Doc)
}

// offlineFlag closes the program off; every command has it.
func (p *program) offlineFlag(c *cobra.Command) {
	k, err := config.Find("offline")
	if err != nil {
		panic(err)
	}
	f := c.PersistentFlags().VarPF(keyFlag{p, k, "bool"}, "offline", "", k.Doc)
	f.NoOptDefVal = "true"
}

// remoteFlag asks a server instead.
func (p *program) remoteFlag(c *cobra.Command) { p.flag(c, "remote", "", "remote", "URL|NAME") }

// screenReaderFlag turns the screen into lines.
func (p *program) screenReaderFlag(c *cobra.Command) {
	k, err := config.Find("screen_reader")
	if err != nil {
		panic(err)
	}
	c.Flags().VarPF(keyFlag{p, k, "bool"}, "screen-reader", "", k.Doc).NoOptDefVal = "true"
}

// engineFlags say which model to open and how.
func (p *program) engineFlags(c *cobra.Command) {
	p.flag(c, "model", "m", "model", "MODEL")
	p.flag(c, "ctx", "", "context", "N")
	p.flag(c, "threads", "", "threads", "N")
	p.flag(c, "mem", "", "memory", "SIZE")
	p.flag(c, "gpu", "", "gpu", "auto|off|N")
	p.flag(c, "speculate", "", "speculate", "auto|on|off")
}

// samplingFlags say how to answer.
func (p *program) samplingFlags(c *cobra.Command) {
	p.flag(c, "system", "s", "system", "TEXT")
	p.flag(c, "max-tokens", "n", "max_tokens", "N")
	p.flag(c, "temp", "", "temperature", "X")
	p.flag(c, "top-k", "", "top_k", "N")
	p.flag(c, "top-p", "", "top_p", "X")
	p.flag(c, "min-p", "", "min_p", "X")
	p.flag(c, "repeat-penalty", "", "repeat_penalty", "X")
	p.flag(c, "seed", "", "seed", "N")
}
