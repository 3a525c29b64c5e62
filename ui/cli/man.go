package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/runnel-chat/runnel/config"
)

// about is the description of the manual page.
const about = `Runnel runs language models from GGUF files with an engine of its own, on this machine, without a server.
A model bigger than the memory budget is read from disk while it computes. MODEL is a path or a name from "runnel list".`

func (p *program) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man",
		Short: "Write the manual page",
		Args:  usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := io.WriteString(p.Out, manual(c.Root()))
			return err
		},
	}
}

// exits describes the exit codes.
var exits = []struct {
	code int
	doc  string
}{
	{ExitOK, "It worked."},
	{ExitFailed, "It failed; standard error says why."},
	{ExitUsage, "The command line or the configuration makes no sense."},
	{ExitNotFound, "There is no such model."},
	{ExitDoesNotFit, "The model does not fit the memory budget, even streamed."},
	{ExitDownload, "A download failed."},
	{ExitInterrupted, "Interrupted; what was written until then is kept."},
}

// manual is the whole program as one page in roff, made from the commands,
// their flags and the keys of the configuration.
func manual(root *cobra.Command) string {
	m := &roff{}
	date, _, _ := strings.Cut(Date, "T")
	m.line(".TH RUNNEL 1 %q %q %q", date, "runnel "+Version, "User Commands")
	m.section("NAME")
	m.text("runnel - " + lowerFirst(root.Short))
	m.section("SYNOPSIS")
	for _, c := range visible(root) {
		m.line(".B %s", escape(useLine(c)))
		m.line(".br")
	}
	m.section("DESCRIPTION")
	m.text(about)
	m.flags(root)
	m.section("COMMANDS")
	for _, c := range visible(root)[1:] {
		m.line(".SS %s", escape(useLine(c)))
		m.text(c.Short + ".")
		if c.Long != "" {
			m.line(".PP")
			m.text(c.Long)
		}
		m.flags(c)
	}
	m.section("CONFIGURATION")
	m.text("Keys of config.toml. Each is also an environment variable, which wins over the file; a flag wins over both.")
	for _, k := range config.Keys {
		def := k.Default
		if def == "" {
			def = "none"
		}
		m.item(k.Name+", "+k.Env(), fmt.Sprintf("%s Default: %s.", k.Doc, def))
	}
	m.section("FILES")
	m.item("$XDG_CONFIG_HOME/runnel/config.toml, $RUNNEL_CONFIG", "The configuration.")
	m.item("$XDG_DATA_HOME/runnel, $RUNNEL_DATA", "Models and conversations.")
	m.item("$XDG_CACHE_HOME/runnel, $RUNNEL_CACHE", "What can be made again.")
	m.item("$XDG_STATE_HOME/runnel, $RUNNEL_STATE", "Logs and history.")
	m.section("EXIT STATUS")
	for _, e := range exits {
		m.item(fmt.Sprint(e.code), e.doc)
	}
	return m.String()
}

// visible lists a command and all below it that are not hidden, in the order
// of the help.
func visible(c *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		if !sub.Hidden && sub.Name() != "help" {
			list = append(list, visible(sub)...)
		}
	}
	return list
}

// useLine is how a command is called.
func useLine(c *cobra.Command) string {
	if !c.HasParent() {
		return c.Use
	}
	return c.Parent().CommandPath() + " " + c.Use
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// roff writes a manual page.
type roff struct{ strings.Builder }

func (m *roff) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }
func (m *roff) section(title string)            { m.line(".SH %s", title) }

func (m *roff) text(s string) {
	if s != "" {
		m.line("%s", escape(s))
	}
}

func (m *roff) item(tag, s string) {
	m.line(".TP")
	m.line(".B %s", escape(tag))
	m.text(s)
}

func (m *roff) flags(c *cobra.Command) {
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		tag := "--" + f.Name
		if f.Shorthand != "" {
			tag = "-" + f.Shorthand + ", " + tag
		}
		if kind := f.Value.Type(); kind != "bool" {
			tag += " " + kind
		}
		m.item(tag, f.Usage)
	})
}

// escape keeps the text from being read as requests, its hyphens from being
// broken, and its quotes from opening arguments.
func escape(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, `"`, `\(dq`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
