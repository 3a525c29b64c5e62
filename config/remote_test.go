package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRemotes(t *testing.T) {
	load := func(file string) (Config, error) {
		path := filepath.Join(t.TempDir(), "config.toml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		return Load(path, func(string) string { return "" })
	}
	c, err := load("remote = \"lab\"\n[remotes]\nhere = { url = \"http://localhost:8080\" }\n[remotes.lab]\nurl = \"https://lab/v1\"\nkey_env = \"LAB_KEY\"\nmodel = \"big\"\n")
	if err != nil {
		t.Fatal(err)
	}
	if c.Remote != "lab" || len(c.Remotes) != 2 || c.Remotes["here"].URL != "http://localhost:8080" || c.Remotes["lab"] != (Remote{"https://lab/v1", "LAB_KEY", "big"}) {
		t.Errorf("read as %q, %+v", c.Remote, c.Remotes)
	}
	for file, want := range map[string]string{
		"[remotes.lab]\nurl = 7":                    "config.toml:1: remotes.lab: url is not a string",
		"\n[remotes.lab]\nkey = \"x\"\nurl = \"y\"": "config.toml:2: remotes.lab: unknown key \"key\"",
		"[remotes]\nlab = {}":                       "config.toml:2: remotes.lab: a server needs its url",
		"[remotes]\nlab = \"http://x\"":             "a server is a table",
	} {
		if _, err := load(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", file, err, want)
		}
	}
}
