package library

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// below lists the files and links below a folder, with slashes.
func below(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path) // it is below
			all = append(all, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestRemove deletes models out of a hub cache and a folder of our own, and
// looks at what is left.
func TestRemove(t *testing.T) {
	sum := func(c string) string { return strings.Repeat(c, 64) }
	files := map[string]string{
		"own/a.gguf":                    "gguf",
		"own/sub/s-00001-of-00002.gguf": "gguf 1 2",
		"own/sub/s-00002-of-00002.gguf": "gguf 2 2",
		"own/link.gguf":                 "-> ../other/kept.gguf",
		"other/kept.gguf":               "gguf qwen2",

		"hub/models--o--r/refs/main":                    "new",
		"hub/models--o--r/blobs/" + sum("a"):            "gguf",
		"hub/models--o--r/blobs/" + sum("b"):            "gguf",
		"hub/models--o--r/snapshots/new/x-Q4_K_M.gguf":  "-> ../../blobs/" + sum("a"),
		"hub/models--o--r/snapshots/old/x-Q4_K_M.gguf":  "-> ../../blobs/" + sum("a"),
		"hub/models--o--r/snapshots/new/x-Q8_0.gguf":    "-> ../../blobs/" + sum("b"),
		"hub/models--o--r/snapshots/new/README.md":      "hello",
		"hub/models--o--solo/refs/main":                 "c",
		"hub/models--o--solo/blobs/" + sum("c"):         "gguf",
		"hub/models--o--solo/snapshots/c/dir/solo.gguf": "-> ../../../blobs/" + sum("c"),
		"hub/models--o--out/snapshots/c/out.gguf":       "-> ../../../../other/kept.gguf",

		"ollama/blobs/sha256-" + sum("d"): "gguf",
		"ollama/manifests/registry.ollama.ai/library/om/latest": `{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:` +
			sum("d") + `"}]}`,
	}
	for _, tt := range []struct {
		name  string
		gone  []string // of the files above
		after []string // further ones that go with them
	}{
		{"a", []string{"own/a.gguf"}, nil},
		{"s", []string{"own/sub/s-00001-of-00002.gguf", "own/sub/s-00002-of-00002.gguf"}, nil},
		{"link", []string{"own/link.gguf"}, nil},
		{"o/r:Q4_K_M", []string{
			"hub/models--o--r/blobs/" + sum("a"), "hub/models--o--r/snapshots/new/x-Q4_K_M.gguf",
			"hub/models--o--r/snapshots/old/x-Q4_K_M.gguf",
		}, nil},
		{"solo", []string{"hub/models--o--solo/blobs/" + sum("c"), "hub/models--o--solo/snapshots/c/dir/solo.gguf"}, []string{"hub/models--o--solo/refs/main"}},
		{"om", nil, nil},
		{"other/kept.gguf", nil, nil},
	} {
		root := tree(t, files)
		name := tt.name
		if strings.HasSuffix(name, ".gguf") {
			name = filepath.Join(root, name)
		}
		at := func(s string) string { return filepath.Join(root, s) }
		places := Places{[]Place{{Own, at("own")}, {HuggingFace, at("hub")}, {Ollama, at("ollama")}}}
		r, err := PlanRemoval(context.Background(), places, name)
		if tt.gone == nil {
			if !errors.Is(err, ErrForeign) {
				t.Errorf("%s: %+v, %v", tt.name, r, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var planned []string
		for _, path := range r.Paths {
			rel, _ := filepath.Rel(root, path) // wrong is not equal
			planned = append(planned, filepath.ToSlash(rel))
		}
		slices.Sort(planned)
		if !slices.Equal(planned, tt.gone) {
			t.Errorf("%s: planned %q, want %q", tt.name, planned, tt.gone)
		}
		if before := below(t, root); r.Bytes <= 0 != (tt.name == "link") || len(before) != len(files) {
			t.Errorf("%s: %d bytes, %d files before", tt.name, r.Bytes, len(before))
		}
		if err := r.Do(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		left := below(t, root)
		for path := range files {
			gone := slices.Contains(tt.gone, path) || slices.Contains(tt.after, path)
			if slices.Contains(left, path) == gone {
				t.Errorf("%s: %s: gone is %v", tt.name, path, !gone)
			}
		}
		for _, dir := range []string{"own/sub", "hub/models--o--solo"} {
			if _, err := os.Stat(at(dir)); (err != nil) != (len(tt.after) > 0 && dir != "own/sub" || tt.name == "s" && dir == "own/sub") {
				t.Errorf("%s: folder %s: %v", tt.name, dir, err)
			}
		}
	}
}

// TestRemoveFollowsNoLink: a link that leads out of the cache goes, what it
// leads to stays.
func TestRemoveFollowsNoLink(t *testing.T) {
	root := tree(t, map[string]string{
		"kept.gguf": "gguf",
		"hub/models--o--out/snapshots/c/out.gguf": "-> ../../../../kept.gguf",
	})
	r, err := PlanRemoval(context.Background(), Places{[]Place{{HuggingFace, filepath.Join(root, "hub")}}}, "out")
	if err != nil || r.Bytes != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if err := r.Do(); err != nil {
		t.Fatal(err)
	}
	if left := below(t, root); !slices.Equal(left, []string{"kept.gguf"}) {
		t.Errorf("left: %q", left)
	}
}

func TestHubToken(t *testing.T) {
	root := tree(t, map[string]string{"home/.cache/huggingface/token": "from-cache\n", "hf/token": "from-hf", "t": "from-path"})
	at := func(s string) string { return filepath.Join(root, s) }
	for _, tt := range []struct {
		vars map[string]string
		want string
	}{
		{map[string]string{"HOME": at("home")}, "from-cache"},
		{map[string]string{"HOME": at("home"), "HF_HOME": at("hf")}, "from-hf"},
		{map[string]string{"HOME": at("home"), "HF_TOKEN_PATH": at("t")}, "from-path"},
		{map[string]string{"HOME": at("home"), "HF_TOKEN": " direct ", "HF_HOME": at("hf")}, "direct"},
		{map[string]string{"HOME": at("nowhere")}, ""},
	} {
		if got := HubToken(func(name string) string { return tt.vars[name] }); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.vars, got, tt.want)
		}
	}
}
