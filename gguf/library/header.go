package library

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/runnel-chat/runnel/gguf"
)

// maxContext bounds what a file may claim; a larger number is a mistake.
const maxContext = 1 << 30

// readHeaders fills in what the files say of themselves, and drops the ones
// that are no models.
func readHeaders(ctx context.Context, entries []entry) ([]Model, error) {
	models := make([]*Model, len(entries))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(len(entries), runtime.NumCPU()) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(entries) {
					return
				}
				models[i] = entries[i].read()
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	models = slices.DeleteFunc(models, func(m *Model) bool { return m == nil })
	out := make([]Model, len(models))
	for i, m := range models {
		out[i] = *m
	}
	return out, nil
}

// read reads the header; nil for a file that only goes with a model.
func (e entry) read() *Model {
	m := e.Model
	f, err := Open(m.Path)
	if err != nil {
		m.Err = err
		return &m
	}
	if isAccessory(f) {
		return nil
	}
	m.describe(f)
	return &m
}

// describe fills in what a header says.
func (m *Model) describe(f *gguf.File) {
	m.Arch, m.Quant, m.Bytes = f.Architecture(), f.Quantization(), f.Size
	for _, t := range f.Tensors {
		m.Params += t.Elements()
	}
	if n, err := f.Uint(m.Arch+".context_length", 0, maxContext); err == nil {
		m.Context = int(n)
	}
}

// BuiltInModel is the entry of a model that the program has in itself, under
// the name that stands for its path.
func BuiltInModel(f *gguf.File) Model {
	name := f.Shards[0].Path
	m := Model{Name: name, Path: name, Paths: []string{name}, Source: BuiltIn}
	m.describe(f)
	return m
}

// isAccessory reports whether a file holds no model but what goes with one.
func isAccessory(f *gguf.File) bool {
	kind, _ := f.StringOr("general.type", "model") // an odd kind of value is no accessory
	switch kind {
	case "adapter", "mmproj", "imatrix", "dataset":
		return true
	}
	arch := f.Architecture()
	return arch == "clip" || arch == "controlvector"
}

// Open reads the header of a model file that is a regular one; see gguf.Open.
func Open(path string) (*gguf.File, error) {
	r, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	_ = r.Close() // only looked at
	return gguf.Open(path)
}
