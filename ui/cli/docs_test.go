package cli

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/infer/model"
)

// tree is every command with its flags, as Main builds it.
func tree() *cobra.Command {
	root := (&program{}).root()
	root.InitDefaultCompletionCmd()
	for _, c := range visible(root) {
		c.InheritedFlags() // asked for, those of the root become its own
	}
	return root
}

func readDoc(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}

// flagsOf names every flag of the program once.
func flagsOf(root *cobra.Command) (names []string) {
	seen := map[string]bool{"help": true}
	for _, c := range visible(root) {
		if strings.Contains(c.CommandPath(), "completion ") {
			continue
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && !seen[f.Name] {
				seen[f.Name] = true
				names = append(names, f.Name)
			}
		})
	}
	return names
}

// settings is the README's table of the configuration.
func settings(root *cobra.Command) string {
	flag := map[string]string{}
	for _, c := range visible(root) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if k, ok := f.Value.(keyFlag); ok {
				flag[k.key.Name] = "`--" + f.Name + "`"
			}
		})
	}
	var b strings.Builder
	b.WriteString("| key | flag | default | meaning |\n|---|---|---|---|\n")
	for _, k := range config.Keys {
		def := "`" + k.Default + "`"
		if k.Default == "" {
			def = ""
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Name, flag[k.Name], def, k.Doc)
	}
	return b.String()
}

func TestReadmeListsEverything(t *testing.T) {
	readme, root := readDoc(t, "README.md"), tree()
	for _, c := range visible(root) {
		if !strings.Contains(readme, c.CommandPath()) && !strings.Contains(c.CommandPath(), "completion ") {
			t.Errorf("README.md has no example of %q", c.CommandPath())
		}
	}
	for _, name := range flagsOf(root) {
		if !regexp.MustCompile(`--` + name + `\b`).MatchString(readme) {
			t.Errorf("README.md does not mention --%s", name)
		}
	}
	for _, arch := range model.Architectures() {
		if !strings.Contains(readme, "`"+arch+"`") {
			t.Errorf("README.md does not list the architecture %s", arch)
		}
	}
	if table := settings(root); !strings.Contains(readme, table) {
		t.Errorf("README.md does not hold this table of the configuration:\n%s", table)
	}
	for _, e := range exits {
		if row := fmt.Sprintf("| %d | %s |", e.code, e.doc); !strings.Contains(readme, row) {
			t.Errorf("README.md does not hold the exit code %q", row)
		}
	}
}

// TestReadmeCallsRealCommands reads the commands out of the README's blocks
// of shell and wants each to exist with the flags it is given.
func TestReadmeCallsRealCommands(t *testing.T) {
	calls := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(readDoc(t, "README.md"), -1) {
		for _, l := range regexp.MustCompile(`(?m)(?:^|\| )(?:runnel|go run \.)(?: .*)?$`).FindAllString(block[1], -1) {
			l, _, _ = strings.Cut(l, "  #")
			l, _, _ = strings.Cut(strings.TrimPrefix(l, "| "), " | ")
			calls++
			args := strings.Fields(regexp.MustCompile(`"[^"]*"`).ReplaceAllString(l, "TEXT"))[1:]
			if len(args) > 1 && args[0] == "run" && args[1] == "." {
				args = args[2:]
			}
			c, rest, err := tree().Find(args)
			if err != nil {
				t.Errorf("%s: %v", l, err)
				continue
			}
			for _, a := range rest {
				name, long := strings.CutPrefix(a, "--")
				short := strings.TrimPrefix(a, "-")
				name, _, _ = strings.Cut(name, "=")
				switch {
				case long && name != "version" && c.Flags().Lookup(name) == nil,
					!long && len(short) == 1 && short != a && c.Flags().ShorthandLookup(short) == nil:
					t.Errorf("%s: %q has no flag %s", l, c.CommandPath(), a)
				}
			}
		}
	}
	if calls < 10 {
		t.Errorf("README.md shows %d calls of the program", calls)
	}
}

// TestVersionsAgree is what must hold before a release: the changelog begins
// with the version of the source, and what the linker sets exists by the name
// that the release file gives it.
func TestVersionsAgree(t *testing.T) {
	released, _ := strings.CutSuffix(Version, "-dev")
	if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(released) {
		t.Errorf("version %q is not of the form 1.2.3 or 1.2.3-dev", Version)
	}
	first := regexp.MustCompile(`(?m)^## (.*)$`).FindStringSubmatch(readDoc(t, "CHANGELOG.md"))
	if first == nil || !strings.HasPrefix(first[1], "v"+released+" ") {
		t.Errorf("CHANGELOG.md begins with %q, the version is %s", first, Version)
	} else if dev := released != Version; dev != strings.HasSuffix(first[1], "(unreleased)") {
		t.Errorf("CHANGELOG.md says %q, the version is %s", first[1], Version)
	}
	if page := manual(tree()); !strings.Contains(page, fmt.Sprintf("%q", "runnel "+Version)) {
		t.Errorf("the manual page does not name version %s", Version)
	}
	if !strings.HasPrefix(version(), Version) {
		t.Errorf("--version says %q", version())
	}
	release := readDoc(t, "goreleaser.yaml")
	for _, name := range []string{"Version", "Commit", "Date"} {
		if !strings.Contains(release, "-X github.com/runnel-chat/runnel/ui/cli."+name+"=") {
			t.Errorf("goreleaser.yaml does not set %s", name)
		}
	}
}

func TestManual(t *testing.T) {
	root := tree()
	page := manual(root)
	for _, c := range visible(root) {
		if !strings.Contains(page, "\n.B "+escape(useLine(c))+"\n") {
			t.Errorf("no synopsis of %q", c.CommandPath())
		}
	}
	for _, name := range flagsOf(root) {
		if !strings.Contains(page, escape("--"+name)) {
			t.Errorf("no --%s", name)
		}
	}
	for _, k := range config.Keys {
		if !strings.Contains(page, "\n.B "+k.Name+", "+k.Env()+"\n") {
			t.Errorf("no key %s", k.Name)
		}
	}
	for s, want := range map[string]string{
		".TH x": `\&.TH x`, "'x": `\&'x`, `a\b`: `a\eb`, "a-b\n.c": `a\-b` + "\n" + `\&.c`, `"q"`: `\(dqq\(dq`,
	} {
		if got := escape(s); got != want {
			t.Errorf("escape(%q) = %q, want %q", s, got, want)
		}
	}
}
