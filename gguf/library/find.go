package library

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/runnel-chat/runnel/gguf"
)

// errNotRegular is what a pipe or a device is told.
var errNotRegular = errors.New("not a regular file")

// Model is one model on this machine.
type Model struct {
	Name    string // what the commands accept
	Path    string // of its first file
	Paths   []string
	Source  string // where it was found: one of the constants
	Bytes   int64  // of all files
	Params  int64
	Arch    string
	Quant   string
	Context int // positions it was trained for; 0: the file does not say
	// Modified is when the newest of its files was written.
	Modified time.Time
	Err      error // why the file cannot be read, if so
}

// Find returns every model in places, sorted by name: shards grouped, equal
// files folded, and files left out that only go with a model, such as image
// projectors and adapters. A file that cannot be read is listed with its
// error. The error is that of ctx.
func Find(ctx context.Context, p Places) ([]Model, error) {
	entries, err := p.entries(ctx)
	if err != nil {
		return nil, err
	}
	return readHeaders(ctx, entries)
}

// entry is a model before its header is read.
type entry struct {
	Model
	short string   // a name that another model may have too
	long  string   // one that tells it from those
	also  []string // further names it answers to
	keys  []string // what tells that two files are one
}

// entries lists the models in all places without opening one.
func (p Places) entries(ctx context.Context) ([]entry, error) {
	var all []entry
	seen := map[string]int{} // a key, into all
	for _, place := range p.List {
		for _, e := range place.entries(ctx) {
			if i, twice := find(seen, e.keys); twice {
				all[i].also = append(all[i].also, append(e.also, e.short, e.long)...)
				continue
			}
			for _, k := range e.keys {
				seen[k] = len(all)
			}
			all = append(all, e)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	nameAll(all)
	slices.SortFunc(all, func(a, b entry) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.Path, b.Path))
	})
	return all, nil
}

func find(seen map[string]int, keys []string) (int, bool) {
	for _, k := range keys {
		if i, ok := seen[k]; ok {
			return i, true
		}
	}
	return 0, false
}

// nameAll gives every model the shortest of its names that no other has.
func nameAll(all []entry) {
	count := map[string]int{}
	for _, e := range all {
		count[strings.ToLower(e.short)]++
		if e.long != e.short {
			count[strings.ToLower(e.long)]++
		}
	}
	for i := range all {
		e := &all[i]
		switch {
		case count[strings.ToLower(e.short)] == 1:
			e.Name = e.short
		case count[strings.ToLower(e.long)] == 1:
			e.Name = e.long
		default:
			e.Name = e.Path
		}
	}
}

// entries lists the models of one place.
func (p Place) entries(ctx context.Context) []entry {
	switch p.Source {
	case HuggingFace:
		return hubEntries(ctx, p)
	case Ollama:
		return ollamaEntries(ctx, p)
	}
	g := newGroup(p)
	walkFiles(ctx, p.Dir, isModelFile, g.add)
	return g.entries()
}

// isModelFile reports whether a file's name says that it holds a model, and
// not the part of one that sees or hears.
func isModelFile(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".gguf") && !strings.HasPrefix(name, ".") && !strings.Contains(name, "mmproj")
}

// group gathers files into models.
type group struct {
	place Place
	byKey map[string]int
	list  []entry
}

func newGroup(p Place) *group { return &group{place: p, byKey: map[string]int{}} }

// add puts a file to its model: for a shard that of its siblings.
func (g *group) add(path string, info fs.FileInfo) {
	dir, name := filepath.Split(path)
	stem, no, count, split := gguf.ParseShardName(name)
	key := path
	if split {
		key = dir + gguf.ShardName(stem, 0, count)
	} else {
		stem = name[:len(name)-len(".gguf")]
	}
	i, ok := g.byKey[key]
	if !ok {
		i = len(g.list)
		g.byKey[key] = i
		long := stem
		if rel, err := filepath.Rel(g.place.Dir, dir); err == nil && rel != "." {
			long = filepath.ToSlash(rel) + "/" + stem
		}
		g.list = append(g.list, entry{Model: Model{Source: g.place.Source}, short: stem, long: long})
	}
	e := &g.list[i]
	e.Paths = append(e.Paths, path)
	e.Bytes += info.Size()
	if info.ModTime().After(e.Modified) {
		e.Modified = info.ModTime()
	}
	if !split || no == 1 || len(e.keys) == 0 {
		e.keys = fileKeys(path, info)
	}
}

func (g *group) entries() []entry {
	for i := range g.list {
		e := &g.list[i]
		slices.Sort(e.Paths)
		e.Path = e.Paths[0]
	}
	// The order of a folder is the file system's; ours is that of the paths.
	slices.SortFunc(g.list, func(a, b entry) int { return strings.Compare(a.Path, b.Path) })
	return g.list
}

// fileKeys are what a file has in common with its duplicates: its place on
// disk, and where a cache names files by their contents, that.
func fileKeys(path string, info fs.FileInfo) []string {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		real = path
	}
	keys := []string{"path:" + real}
	if id, ok := fileID(info); ok {
		keys = append(keys, "file:"+id)
	}
	if sum, ok := blobSum(filepath.Base(real)); ok {
		keys = append(keys, "sha256:"+sum)
	}
	return keys
}

// blobSum reads the SHA-256 out of the name of a blob: HEX or sha256-HEX.
func blobSum(name string) (string, bool) {
	sum := strings.TrimPrefix(name, "sha256-")
	if len(sum) != 64 || strings.Trim(sum, "0123456789abcdef") != "" {
		return "", false
	}
	return sum, true
}
