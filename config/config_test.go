package config

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestPrecedence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	file := "temperature = 0.5\ntop_k = 10\nmemory = \"2GiB\"\nmodel_dirs = [\"/a\", \"/b\"]\n"
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path, env("RUNNEL_TOP_K", "20"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Temperature != 0.5 || c.TopK != 20 || c.TopP != 0.95 || c.Memory != 2<<30 || len(c.ModelDirs) != 2 {
		t.Errorf("%+v", c)
	}
	if c, err = Load(filepath.Join(t.TempDir(), "none"), env()); err != nil || c.TopK != 40 {
		t.Errorf("without a file: %+v, %v", c, err)
	}
}

func TestErrorsNameKeyAndPlace(t *testing.T) {
	for _, tt := range []struct{ file, want string }{
		{"top_k = 3\ntemperature = 9", ":2: temperature = 9 is outside 0..5"},
		{"temprature = 1", `:1: unknown key "temprature"; the nearest is "temperature"`},
		{"\n\nkv = 'f8'", `:3: kv = "f8" is none of f16, f32, q8_0`},
		{"memory = '2 potatoes'", `:1: "2 potatoes" is not a size`},
		{"seed = -1", `:1: seed = "-1" is not a whole number`},
		{"x = [", ":1: "},
		{"model_dirs = [1]", ":1: model_dirs is not a list of strings"},
		{"gpu = 'maybe'", ":1: gpu"},
		{"keys = 1", `:1: unknown key "keys"`},
		{"seed = 1\n[keys]\nhelp = 'f1'\n new = 3", ":4: keys.new: neither a string nor a list of strings"},
		{"[presets]\nx = ['a']", ":2: presets.x: a preset is a text"},
		{"[presets]\n'a b' = 'c'", ":2: presets.a b: the name of a preset has no blanks"},
	} {
		path := filepath.Join(t.TempDir(), "c.toml")
		if err := os.WriteFile(path, []byte(tt.file), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path, env())
		if err == nil || !strings.Contains(err.Error(), path+tt.want) {
			t.Errorf("%q: %v", tt.file, err)
		}
	}
	if _, err := Load("", env("RUNNEL_MIN_P", "2")); err == nil || !strings.Contains(err.Error(), "RUNNEL_MIN_P: min_p = 2 is outside 0..1") {
		t.Errorf("environment: %v", err)
	}
}

func TestTables(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.toml")
	file := "top_k = 7\n[presets]\nhelp = 'Help me.'\n[keys]\nhelp = ['f1', 'f3']\nundo = ''\n"
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path, env())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Binding{"help": {[]string{"f1", "f3"}, path + ":5"}, "undo": {nil, path + ":6"}}
	if !reflect.DeepEqual(c.Bindings, want) || c.Presets["help"] != "Help me." || c.TopK != 7 {
		t.Errorf("%+v", c)
	}
}

func TestSizes(t *testing.T) {
	for s, want := range map[string]int64{
		"0": 0, "4096": 4096, "2GiB": 2 << 30, "1500MB": 1_500_000_000, "1.5g": 3 << 29, "10 kib": 10 << 10, "1T": 1 << 40,
	} {
		if got, err := ParseSize(s); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", "GiB", "-1", "1e30", "NaN", "2GiBs"} {
		if got, err := ParseSize(s); err == nil {
			t.Errorf("%q: %d", s, got)
		}
	}
}

func TestPaths(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("paths of Unix")
	}
	p := FindPaths(env("HOME", "/home/u", "XDG_CACHE_HOME", "/c", "XDG_DATA_HOME", "relative", "RUNNEL_STATE", "/s"))
	want := Paths{"/home/u/.config/runnel/config.toml", "/home/u/.local/share/runnel", "/c/runnel", "/s"}
	if p != want {
		t.Errorf("%+v, want %+v", p, want)
	}
}
