package library

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The Hugging Face cache, which many programs share:
//
//	models--ORG--REPO/refs/main                     a commit
//	models--ORG--REPO/snapshots/COMMIT/FILE.gguf -> ../../blobs/SHA256

// hubEntries lists the models of a Hugging Face cache.
func hubEntries(ctx context.Context, p Place) []entry {
	var all []entry
	for _, name := range dirNames(p.Dir) {
		rest, ok := strings.CutPrefix(name, "models--")
		if !ok || ctx.Err() != nil {
			continue
		}
		repo := strings.Replace(rest, "--", "/", 1)
		dir := filepath.Join(p.Dir, name)
		have := map[string]bool{} // files of newer snapshots
		for _, commit := range snapshots(dir) {
			snapshot := Place{HuggingFace, filepath.Join(dir, "snapshots", commit)}
			g := newGroup(snapshot)
			walkFiles(ctx, snapshot.Dir, isModelFile, func(path string, info fs.FileInfo) {
				rel, err := filepath.Rel(snapshot.Dir, path)
				if err == nil && !have[rel] {
					have[rel] = true
					g.add(path, info)
				}
			})
			for _, e := range g.entries() {
				e.long = repo + "/" + e.long
				if quant := quantOf(e.short); quant != "" {
					e.also = append(e.also, repo+":"+quant)
				}
				all = append(all, e)
			}
		}
	}
	return all
}

// snapshots lists the commits of a repository in the cache, those that a
// branch points to first.
func snapshots(repo string) []string {
	var current []string
	for _, ref := range dirNames(filepath.Join(repo, "refs")) {
		if b, err := readSmall(filepath.Join(repo, "refs", ref), 256); err == nil {
			current = append(current, strings.TrimSpace(string(b)))
		}
	}
	list := dirNames(filepath.Join(repo, "snapshots"))
	slices.SortStableFunc(list, func(a, b string) int {
		x, y := slices.Contains(current, a), slices.Contains(current, b)
		switch {
		case x && !y:
			return -1
		case y && !x:
			return 1
		}
		return 0
	})
	return list
}

// quantOf is the quantisation that a file name ends with, as in
// "Model-1B-Q4_K_M"; "" when it names none.
func quantOf(stem string) string {
	i := strings.LastIndexAny(stem, "-.")
	if i < 0 {
		return ""
	}
	tag := strings.ToUpper(stem[i+1:])
	for _, prefix := range []string{"Q", "IQ", "TQ", "F16", "F32", "BF16", "MXFP"} {
		if rest, ok := strings.CutPrefix(tag, prefix); ok && (strings.HasSuffix(prefix, "6") || strings.HasSuffix(prefix, "2") ||
			rest != "" && rest[0] >= '1' && rest[0] <= '9') {
			return tag
		}
	}
	return ""
}

// dirNames lists a folder, sorted; none when it cannot be read.
func dirNames(dir string) []string {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(maxEntries) // what was read before a failure counts
	slices.Sort(names)
	return names
}
