package library

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Ollama's store:
//
//	manifests/HOST/NAMESPACE/MODEL/TAG   JSON: layers with kind and digest
//	blobs/sha256-HEX                     the layers

const (
	ollamaHost  = "registry.ollama.ai/"
	ollamaModel = "application/vnd.ollama.image.model"
	maxManifest = 1 << 20
)

// ollamaEntries lists the models of an Ollama store.
func ollamaEntries(ctx context.Context, p Place) []entry {
	var all []entry
	manifests := filepath.Join(p.Dir, "manifests")
	walkFiles(ctx, manifests, func(name string) bool { return !strings.HasPrefix(name, ".") }, func(path string, _ fs.FileInfo) {
		rel, err := filepath.Rel(manifests, path)
		sum := modelLayer(path)
		if err != nil || sum == "" {
			return
		}
		blob := filepath.Join(p.Dir, "blobs", "sha256-"+sum)
		info, err := os.Stat(blob)
		if err != nil || !info.Mode().IsRegular() {
			return
		}
		dir, tag := filepath.Split(rel)
		model := strings.TrimPrefix(strings.TrimPrefix(filepath.ToSlash(filepath.Clean(dir)), ollamaHost), "library/")
		e := entry{short: model + ":" + tag, keys: fileKeys(blob, info)}
		e.long = e.short
		if tag == "latest" {
			e.also = []string{model}
		}
		e.Source, e.Path, e.Paths, e.Bytes, e.Modified = Ollama, blob, []string{blob}, info.Size(), info.ModTime()
		all = append(all, e)
	})
	// Of several tags of one model the one that says most comes first.
	slices.SortFunc(all, func(a, b entry) int {
		if x, y := strings.HasSuffix(a.short, ":latest"), strings.HasSuffix(b.short, ":latest"); x != y {
			if x {
				return 1
			}
			return -1
		}
		return strings.Compare(a.short, b.short)
	})
	return all
}

// modelLayer is the SHA-256 of the weights that a manifest names; "" when
// there are none.
func modelLayer(path string) string {
	b, err := readSmall(path, maxManifest)
	if err != nil {
		return ""
	}
	var m struct {
		Layers []struct{ MediaType, Digest string }
	}
	if json.Unmarshal(b, &m) != nil {
		return ""
	}
	for _, l := range m.Layers {
		hex, ok := strings.CutPrefix(l.Digest, "sha256:")
		if _, sum := blobSum(hex); l.MediaType == ollamaModel && ok && sum {
			return hex
		}
	}
	return ""
}
