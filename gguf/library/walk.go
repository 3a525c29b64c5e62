package library

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
)

// Bounds of a walk. No collection of models comes near them.
const (
	maxDepth   = 8       // folders inside one another
	maxEntries = 500_000 // looked at below one place
	readBatch  = 1024    // entries read at once
)

// walk visits the regular files below a folder, through symbolic links too:
// each folder once, however it is reached. Folders that cannot be read are
// left out. It ends early, without an error, when a bound is reached or ctx is
// done.
type walk struct {
	ctx     context.Context
	wanted  func(name string) bool
	visit   func(path string, info fs.FileInfo)
	entries int
	seen    map[string]bool // folders by their real path
}

func walkFiles(ctx context.Context, dir string, wanted func(name string) bool, visit func(string, fs.FileInfo)) {
	w := walk{ctx: ctx, wanted: wanted, visit: visit, seen: map[string]bool{}}
	w.dir(dir, 0)
}

func (w *walk) dir(path string, depth int) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil || w.seen[real] || depth > maxDepth {
		return
	}
	w.seen[real] = true
	if info, err := os.Stat(real); err != nil || !info.IsDir() {
		return
	}
	d, err := os.Open(real)
	if err != nil {
		return
	}
	defer d.Close()
	for {
		list, err := d.ReadDir(readBatch)
		for _, e := range list {
			if w.entries++; w.entries > maxEntries || w.ctx.Err() != nil {
				return
			}
			w.entry(filepath.Join(path, e.Name()), e, depth)
		}
		if err != nil || len(list) == 0 {
			return
		}
	}
}

func (w *walk) entry(path string, e fs.DirEntry, depth int) {
	kind := e.Type()
	wanted := w.wanted(e.Name())
	switch {
	case kind.IsDir():
		w.dir(path, depth+1)
	case kind&fs.ModeSymlink != 0, kind.IsRegular() && wanted:
		info, err := os.Stat(path)
		switch {
		case err != nil:
		case info.IsDir():
			w.dir(path, depth+1)
		case info.Mode().IsRegular() && wanted:
			w.visit(path, info)
		}
	}
}
