package library

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrForeign is matched by the error for a model that another program keeps.
var ErrForeign = errors.New("not kept by this program")

// Removal is what deleting a model takes away.
type Removal struct {
	Name  string   // of the model
	Paths []string // files and links, all below one of the folders
	Bytes int64    // that become free
	place Place
}

// PlanRemoval finds a model as Resolve does and works out what deleting it
// takes away. Only files in the program's own folder and in the Hugging Face
// cache are removed; the error for others matches ErrForeign.
func PlanRemoval(ctx context.Context, p Places, name string) (Removal, error) {
	path, err := Resolve(ctx, p, name)
	if err != nil {
		return Removal{}, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return Removal{}, err
	}
	for _, place := range p.List {
		for _, e := range place.entries(ctx) {
			if !slices.Contains(e.Paths, path) {
				continue
			}
			switch place.Source {
			case Own:
				return planOwn(place, e), ctx.Err()
			case HuggingFace:
				return planHub(ctx, place, e), ctx.Err()
			}
			return Removal{}, fmt.Errorf("%w: %s belongs to %s, which has its own way to remove it", ErrForeign, path, place.owner())
		}
	}
	if err := ctx.Err(); err != nil {
		return Removal{}, err
	}
	return Removal{}, fmt.Errorf("%w: %s is in none of its folders; delete the file itself", ErrForeign, path)
}

// owner is whoever keeps the files of a place.
func (p Place) owner() string {
	switch p.Source {
	case LMStudio:
		return "LM Studio"
	case Ollama:
		return "Ollama (ollama rm)"
	case Named:
		return "the folder " + p.Dir
	}
	return p.Source
}

func planOwn(place Place, e entry) Removal {
	r := Removal{Name: e.short, place: place}
	for _, path := range e.Paths {
		r.add(path)
	}
	return r
}

// planHub takes the blobs of a model along, and every name that a snapshot of
// the same repository gives them.
func planHub(ctx context.Context, place Place, e entry) Removal {
	r := Removal{Name: e.short, place: place}
	rel, err := filepath.Rel(place.Dir, e.Path)
	if err != nil {
		return r
	}
	name, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
	repo := filepath.Join(place.Dir, name)
	blobs := filepath.Join(repo, "blobs")
	if real, err := filepath.EvalSymlinks(blobs); err == nil {
		blobs = real
	}
	var gone []string
	for _, path := range e.Paths {
		r.Paths = append(r.Paths, path)
		if real, err := filepath.EvalSymlinks(path); err == nil && filepath.Dir(real) == blobs {
			gone = append(gone, real)
		} else if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
			r.Bytes += info.Size()
		}
	}
	walkFiles(ctx, filepath.Join(repo, "snapshots"), isModelFile, func(path string, _ fs.FileInfo) {
		if real, err := filepath.EvalSymlinks(path); err == nil && slices.Contains(gone, real) && !slices.Contains(r.Paths, path) {
			r.Paths = append(r.Paths, path)
		}
	})
	for _, path := range gone {
		r.add(filepath.Join(repo, "blobs", filepath.Base(path)))
	}
	return r
}

// add lists a file; of a link only the link goes.
func (r *Removal) add(path string) {
	r.Paths = append(r.Paths, path)
	if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
		r.Bytes += info.Size()
	}
}

// Do removes the files, and the folders that are empty then. It goes through a
// root, so that a folder that became a link meanwhile leads nowhere else.
func (r Removal) Do() error {
	root, err := os.OpenRoot(r.place.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, path := range r.Paths {
		rel, err := filepath.Rel(r.place.Dir, path)
		if err != nil {
			return err
		}
		if err := root.Remove(rel); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, path := range r.Paths {
		rel, err := filepath.Rel(r.place.Dir, path)
		if err != nil {
			return err
		}
		// A folder that is not empty stays, and so do those above it.
		for dir := filepath.Dir(rel); dir != "." && root.Remove(dir) == nil; dir = filepath.Dir(dir) {
		}
	}
	return r.tidyHub(root)
}

// tidyHub drops a repository of the cache that no snapshot is left of: its
// references lead nowhere.
func (r Removal) tidyHub(root *os.Root) error {
	if r.place.Source != HuggingFace || len(r.Paths) == 0 {
		return nil
	}
	rel, err := filepath.Rel(r.place.Dir, r.Paths[0])
	if err != nil {
		return err
	}
	repo, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
	for _, part := range []string{"snapshots", "blobs"} {
		if _, err := root.Stat(repo + "/" + part); !errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	return root.RemoveAll(repo)
}
