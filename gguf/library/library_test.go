package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/gguf"
)

// tree writes files below a folder of its own: links by "-> target", model
// files by "gguf", "gguf N OF" and "gguf ARCH", everything else as it is.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		target, link := strings.CutPrefix(content, "-> ")
		var err error
		switch {
		case link:
			if err = os.Symlink(filepath.FromSlash(target), path); err != nil {
				t.Skip("no symbolic links:", err)
			}
		case content == "gguf" || strings.HasPrefix(content, "gguf "):
			var no, of int
			arch := "llama"
			if n, _ := fmt.Sscanf(content, "gguf %d %d", &no, &of); n != 2 {
				fmt.Sscanf(content, "gguf %s", &arch)
			}
			writeModel(t, path, arch, no, of)
		default:
			err = os.WriteFile(path, []byte(content), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// writeModel writes a sound header with a tensor of 64 values; of a split
// model when of is not 0.
func writeModel(t *testing.T, path, arch string, no, of int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := gguf.NewWriter(f)
	w.Set("general.architecture", arch)
	w.Set(arch+".context_length", uint32(2048))
	if of > 0 {
		w.Set("split.no", uint16(no-1))
		w.Set("split.count", uint16(of))
		w.Set("split.tensors.count", int32(of))
	}
	w.Add(fmt.Sprintf("t%d.weight", no), gguf.F32, 64)
	if err := errors.Join(w.Begin(), func() error { _, err := w.Write(make([]byte, 256)); return err }(), w.Close()); err != nil {
		t.Fatal(err)
	}
}

func env(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func hexOf(c string) string { return strings.Repeat(c, 64) }

func manifest(sum string) string {
	return `{"schemaVersion":2,"layers":[{"mediaType":"application/vnd.ollama.image.license","digest":"sha256:` + hexOf("f") +
		`"},{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:` + sum + `","size":9}]}`
}

// TestLayouts finds models in a home folder with every layout.
func TestLayouts(t *testing.T) {
	const hub = ".cache/huggingface/hub/models--org--repo-GGUF/"
	const manifests = ".ollama/models/manifests/"
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  []string // "name source params files"
	}{
		{"nothing", nil, nil},
		{"own folder", map[string]string{
			".local/share/runnel/models/b.gguf":     "gguf",
			".local/share/runnel/models/sub/A.GGUF": "gguf qwen3",
			".local/share/runnel/models/readme.txt": "no model",
			".local/share/runnel/models/.gguf":      "gguf",
		}, []string{"A own 64 1", "b own 64 1"}},
		{"hugging face", map[string]string{
			hub + "refs/main":                           "c2\n",
			hub + "snapshots/c1/M-Q4_K_M.gguf":          "-> ../../blobs/" + hexOf("0"),
			hub + "snapshots/c2/M-Q4_K_M.gguf":          "-> ../../blobs/" + hexOf("1"),
			hub + "snapshots/c2/M-Q8_0.gguf":            "-> ../../blobs/" + hexOf("2"),
			hub + "snapshots/c2/mmproj-M-F16.gguf":      "-> ../../blobs/" + hexOf("1"),
			hub + "snapshots/c2/gone.gguf":              "-> ../../blobs/" + hexOf("9"),
			hub + "blobs/" + hexOf("0"):                 "gguf",
			hub + "blobs/" + hexOf("1"):                 "gguf",
			hub + "blobs/" + hexOf("2"):                 "gguf",
			hub + "blobs/" + hexOf("3") + ".incomplete": "GG",
		}, []string{"M-Q4_K_M huggingface 64 1", "M-Q8_0 huggingface 64 1"}},
		{"ollama", map[string]string{
			manifests + "registry.ollama.ai/library/llama3.2/latest": manifest(hexOf("a")),
			manifests + "registry.ollama.ai/library/llama3.2/3b":     manifest(hexOf("a")),
			manifests + "registry.ollama.ai/someone/tuned/v1":        manifest(hexOf("b")),
			manifests + "hf.co/org/repo/Q8_0":                        manifest(hexOf("c")),
			manifests + "registry.ollama.ai/library/gone/latest":     manifest(hexOf("d")),
			manifests + "registry.ollama.ai/library/evil/latest":     strings.ReplaceAll(manifest(hexOf("a")), "sha256:aaaa", "sha256:../a"),
			manifests + "registry.ollama.ai/library/broken/latest":   "{",
			".ollama/models/blobs/sha256-" + hexOf("a"):              "gguf",
			".ollama/models/blobs/sha256-" + hexOf("b"):              "gguf",
			".ollama/models/blobs/sha256-" + hexOf("c"):              "gguf",
		}, []string{"hf.co/org/repo:Q8_0 ollama 64 1", "llama3.2:3b ollama 64 1", "someone/tuned:v1 ollama 64 1"}},
		{"lm studio, moved", map[string]string{
			".lmstudio/models/org/repo/m.gguf": "gguf",
		}, []string{"m lmstudio 64 1"}},
		{"llama.cpp", map[string]string{
			".cache/llama.cpp/org_repo_m.gguf": "gguf",
		}, []string{"org_repo_m llama.cpp 64 1"}},
		{"shards", map[string]string{
			".local/share/runnel/models/m-00001-of-00002.gguf": "gguf 1 2",
			".local/share/runnel/models/m-00002-of-00002.gguf": "gguf 2 2",
			".local/share/runnel/models/m.gguf":                "gguf",
		}, []string{
			".local/share/runnel/models/m-00001-of-00002.gguf own 128 2",
			".local/share/runnel/models/m.gguf own 64 1",
		}},
		{"same name twice", map[string]string{
			".lmstudio/models/a/x/m.gguf": "gguf",
			".lmstudio/models/b/x/M.gguf": "gguf",
		}, []string{"a/x/m lmstudio 64 1", "b/x/M lmstudio 64 1"}},
		{"one file in three places", map[string]string{
			".local/share/runnel/models/link.gguf":                   "-> ../../../../.ollama/models/blobs/sha256-" + hexOf("1"),
			".ollama/models/blobs/sha256-" + hexOf("1"):              "gguf",
			manifests + "registry.ollama.ai/library/llama3.2/latest": manifest(hexOf("1")),
			hub + "snapshots/c2/M-Q4_K_M.gguf":                       "-> ../../blobs/" + hexOf("1"),
			hub + "blobs/" + hexOf("1"):                              "gguf",
		}, []string{"link own 64 1"}},
		{"what goes with a model", map[string]string{
			".local/share/runnel/models/vision.gguf": "gguf clip",
			".local/share/runnel/models/m.gguf":      "gguf",
		}, []string{"m own 64 1"}},
		{"links in a loop", map[string]string{
			".local/share/runnel/models/a/loop":   "-> ..",
			".local/share/runnel/models/a/self":   "-> self",
			".local/share/runnel/models/a/m.gguf": "gguf",
		}, []string{"m own 64 1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := tree(t, tt.files)
			var got []string
			for _, m := range findIn(t, home, nil) {
				if m.Err != nil {
					t.Errorf("%s: %v", m.Name, m.Err)
				}
				if m.Context != 2048 || m.Arch == "" || m.Quant != "F32" || m.Bytes == 0 || m.Modified.IsZero() {
					t.Errorf("%+v", m)
				}
				name := filepath.ToSlash(strings.TrimPrefix(m.Name, home+string(filepath.Separator)))
				got = append(got, fmt.Sprintf("%s %s %d %d", name, m.Source, m.Params, len(m.Paths)))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("found %q,\nwant %q", got, tt.want)
			}
		})
	}
}

func findIn(t *testing.T, home string, vars map[string]string, dirs ...string) []Model {
	t.Helper()
	models, err := Find(context.Background(), placesIn(home, vars, dirs...))
	if err != nil {
		t.Fatal(err)
	}
	return models
}

// placesIn are the places of a home folder; the ones of the whole machine are
// left out.
func placesIn(home string, vars map[string]string, dirs ...string) Places {
	e := map[string]string{"HOME": home}
	for k, v := range vars {
		e[k] = v
	}
	p := FindPlaces(config.FindPaths(env(e)), dirs, env(e))
	p.List = slices.DeleteFunc(p.List, func(p Place) bool { return !strings.HasPrefix(p.Dir, filepath.Dir(home)) })
	return p
}

// TestVariables: each variable that other programs know moves their folder.
func TestVariables(t *testing.T) {
	for name, file := range map[string]string{
		"HF_HUB_CACHE":          "models--o--r/snapshots/c/m.gguf",
		"HUGGINGFACE_HUB_CACHE": "models--o--r/snapshots/c/m.gguf",
		"HF_HOME":               "hub/models--o--r/snapshots/c/m.gguf",
		"XDG_CACHE_HOME":        "huggingface/hub/models--o--r/snapshots/c/m.gguf",
		"XDG_DATA_HOME":         "runnel/models/m.gguf",
		"RUNNEL_DATA":           "models/m.gguf",
		"LLAMA_CACHE":           "m.gguf",
		"OLLAMA_MODELS":         "blobs/sha256-" + hexOf("1"),
	} {
		files := map[string]string{file: "gguf"}
		if name == "OLLAMA_MODELS" {
			files["manifests/registry.ollama.ai/library/m/latest"] = manifest(hexOf("1"))
		}
		dir := tree(t, files)
		p := placesIn(t.TempDir(), map[string]string{name: dir})
		if models, err := Find(context.Background(), p); err != nil || len(models) != 1 || models[0].Err != nil {
			t.Errorf("%s: %+v, %v", name, models, err)
		}
	}
	home := tree(t, map[string]string{"elsewhere/models/o/r/m.gguf": "gguf", "mine/n.gguf": "gguf"})
	if err := os.WriteFile(filepath.Join(home, ".lmstudio-home-pointer"), []byte(filepath.Join(home, "elsewhere")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	models := findIn(t, home, nil, filepath.Join(home, "mine"), filepath.Join(home, "missing"))
	if len(models) != 2 || models[0].Source != LMStudio || models[1].Source != Named {
		t.Errorf("%+v", models)
	}
}

// TestUnreadable: what is no sound model is listed with the reason.
func TestUnreadable(t *testing.T) {
	dir := ".local/share/runnel/models/"
	home := tree(t, map[string]string{
		dir + "foreign.gguf":               "PK\x03\x04 and more, so that it is long enough",
		dir + "empty.gguf":                 "",
		dir + "half-00001-of-00002.gguf":   "gguf 1 2",
		dir + "tail-00002-of-00002.gguf":   "gguf 2 2",
		dir + "odd\x1b[31m\nname\xff.gguf": "gguf",
	})
	want := map[string]string{
		"foreign": "no GGUF file", "empty": "", "half": "file 2 of 2 is missing", "tail": "no such file", "odd\x1b[31m\nname\xff": "-",
	}
	models := findIn(t, home, nil)
	if len(models) != len(want) {
		t.Errorf("found %d: %+v", len(models), models)
	}
	for _, m := range models {
		switch w, ok := want[m.Name]; {
		case !ok:
			t.Errorf("unexpected %q", m.Name)
		case w == "-" && m.Err != nil, w != "-" && (m.Err == nil || !strings.Contains(m.Err.Error(), w)):
			t.Errorf("%q: %v, want %q", m.Name, m.Err, w)
		}
	}
}

func TestCancel(t *testing.T) {
	home := tree(t, map[string]string{".local/share/runnel/models/m.gguf": "gguf"})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Find(ctx, placesIn(home, nil)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := Resolve(ctx, placesIn(home, nil), "m"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestResolve(t *testing.T) {
	const hub = ".cache/huggingface/hub/models--org--Repo-GGUF/snapshots/c/"
	home := tree(t, map[string]string{
		".local/share/runnel/models/tiny.gguf":                            "gguf",
		".local/share/runnel/models/big-00001-of-00002.gguf":              "gguf 1 2",
		".local/share/runnel/models/big-00002-of-00002.gguf":              "gguf 2 2",
		hub + "Qwen3-0.6B-Q4_K_M.gguf":                                    "gguf",
		hub + "Qwen3-0.6B-Q8_0.gguf":                                      "gguf",
		hub + "Qwen3-0.6B.f16.gguf":                                       "gguf",
		".ollama/models/manifests/registry.ollama.ai/library/phi4/latest": manifest(hexOf("1")),
		".ollama/models/blobs/sha256-" + hexOf("1"):                       "gguf",
	})
	own := filepath.Join(home, ".local", "share", "runnel", "models")
	p := placesIn(home, nil)
	for _, tt := range []struct{ name, want, err string }{
		{"tiny", "tiny.gguf", ""},
		{"tiny.gguf", "tiny.gguf", ""},
		{"TINY", "tiny.gguf", ""},
		{"ti", "tiny.gguf", ""},
		{"big", "big-00001-of-00002.gguf", ""},
		{"q8_0", "Qwen3-0.6B-Q8_0.gguf", ""},
		{"qwenq8", "Qwen3-0.6B-Q8_0.gguf", ""},
		{"org/Repo-GGUF:Q4_K_M", "Qwen3-0.6B-Q4_K_M.gguf", ""},
		{"org/repo-gguf:f16", "Qwen3-0.6B.f16.gguf", ""},
		{"org/Repo-GGUF/Qwen3-0.6B-Q8_0.gguf", "Qwen3-0.6B-Q8_0.gguf", ""},
		{"phi4", "sha256-" + hexOf("1"), ""},
		{"phi4:latest", "sha256-" + hexOf("1"), ""},
		{filepath.Join(own, "tiny.gguf"), "tiny.gguf", ""},
		{"qwen3", "", `"qwen3" could be Qwen3-0.6B-Q4_K_M, Qwen3-0.6B-Q8_0, Qwen3-0.6B.f16`},
		{"timy", "", `"timy"; the nearest is "tiny"`},
		{filepath.Join(own, "none.gguf"), "", "there is no file"},
		{"./none", "", "there is no file"},
		{own, "", "is a folder"},
	} {
		got, err := Resolve(context.Background(), p, tt.name)
		if tt.err == "" && (err != nil || filepath.Base(got) != tt.want) {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
		}
		if tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.err)
		}
		if tt.err != "" && tt.err != "is a folder" && !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v does not match ErrNotFound", tt.name, err)
		}
	}
	if _, err := Resolve(context.Background(), Places{}, "x"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}
