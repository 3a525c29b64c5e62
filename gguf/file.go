package gguf

import (
	"fmt"
	"slices"
)

// Tensor is an entry of the tensor table. Parse has proven every field.
type Tensor struct {
	Name  string
	Type  Type
	Dims  [4]int64 // Dims[0] is the row length, the fastest; unused ones are 1
	NDims int
	Shard int   // which of File.Shards holds it
	Off   int64 // bytes from the start of that file; a multiple of its alignment
	Len   int64 // bytes; Off+Len is inside the file
}

// Rows is the number of rows: the product of all dims but the first.
func (t Tensor) Rows() int64 { return t.Dims[1] * t.Dims[2] * t.Dims[3] }

// Elements is the number of values.
func (t Tensor) Elements() int64 { return t.Dims[0] * t.Rows() }

// Shape is the dims in use, the fastest first.
func (t Tensor) Shape() []int64 { return slices.Clone(t.Dims[:t.NDims]) }

// Shard is one of the files of a model.
type Shard struct {
	Path string // empty for a File that Parse returned
	Size int64  // bytes
	Data []byte // the whole file when it is in memory, else nil
}

// File is the header of a model: of one file, or of all the files of a split
// model as one. It is immutable and safe for concurrent use.
type File struct {
	Version   uint32
	Alignment int64 // of the first shard
	Tensors   []Tensor
	Size      int64 // bytes of all shards
	Shards    []Shard

	values []Value        // in file order
	keys   map[string]int // index into values
	names  map[string]int // index into Tensors
}

// Architecture is general.architecture; empty when the file has none.
func (f *File) Architecture() string {
	s, _ := f.String("general.architecture") // Parse has proven its kind
	return s
}

// FindTensor looks a tensor up by name.
func (f *File) FindTensor(name string) (Tensor, bool) {
	i, ok := f.names[name]
	if !ok {
		return Tensor{}, false
	}
	return f.Tensors[i], true
}

// Tensor looks a tensor up and proves its shape: dims are all that are wanted,
// the row length first; trailing ones may be left out. The error matches
// ErrMissing when there is no such tensor and is a *FormatError when it has
// another shape. Without dims every shape will do.
func (f *File) Tensor(name string, dims ...int64) (Tensor, error) {
	t, ok := f.FindTensor(name)
	if !ok {
		return Tensor{}, fmt.Errorf("gguf: tensor %q: %w", name, ErrMissing)
	}
	if len(dims) == 0 {
		return t, nil
	}
	want := [4]int64{1, 1, 1, 1}
	if copy(want[:], dims); len(dims) > len(want) || want != t.Dims {
		return Tensor{}, &FormatError{
			Off: t.Off, Tensor: name,
			Why: fmt.Sprintf("has the shape %v, expected %v", t.Shape(), dims),
		}
	}
	return t, nil
}
