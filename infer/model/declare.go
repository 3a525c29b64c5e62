package model

import (
	"errors"
	"fmt"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/gguf"
)

// ErrUnsupported marks a file that is sound but that this engine cannot run.
var ErrUnsupported = errors.New("not supported")

// Matrix is a weight that an architecture declared.
type Matrix struct {
	gguf.Tensor
	Layer  int           // -1 outside the layers
	Gather bool          // read row by row (token embeddings), never multiplied
	Expert bool          // multiplied only in the passes whose router chose it
	Weight *accel.Weight // what the layers hold; its Tiles are set by whoever makes them resident
}

// Declaration collects what an architecture needs of a file. The first error
// sticks, so that an architecture declares all of its tensors in one go and
// asks once.
type Declaration struct {
	File     *gguf.File
	Matrices []Matrix // in the order of a pass

	backend accel.Backend
	vector  func(gguf.Tensor) ([]float32, error)
	layer   int
	err     error
}

// NewDeclaration prepares to read f. vector decodes a small tensor.
func NewDeclaration(f *gguf.File, b accel.Backend, vector func(gguf.Tensor) ([]float32, error)) *Declaration {
	return &Declaration{File: f, backend: b, vector: vector, layer: -1}
}

func (d *Declaration) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

// name prefixes the tensors of a layer.
func (d *Declaration) name(s string) string {
	if d.layer < 0 {
		return s
	}
	return fmt.Sprintf("blk.%d.%s", d.layer, s)
}

// Has reports whether the file holds a tensor.
func (d *Declaration) Has(name string) bool {
	_, ok := d.File.FindTensor(d.name(name))
	return ok
}

// Vector reads a tensor of n values.
func (d *Declaration) Vector(name string, n int) []float32 {
	t, err := d.File.Tensor(d.name(name), int64(n))
	if err == nil && !gguf.Decodable(t.Type) {
		err = d.typeError(t)
	}
	if err != nil {
		d.fail(err)
		return nil
	}
	v, err := d.vector(t)
	if err != nil {
		d.fail(fmt.Errorf("model: %s: %w", t.Name, err))
	}
	return v
}

// VectorIf is Vector for a tensor that may be missing: then it is nil.
func (d *Declaration) VectorIf(name string, n int) []float32 {
	if !d.Has(name) {
		return nil
	}
	return d.Vector(name, n)
}

// Matrix declares a weight with rows outputs and cols inputs.
func (d *Declaration) Matrix(name string, rows, cols int) *accel.Weight {
	return d.declare(name, rows, cols, false)
}

// Embedding declares a table whose rows are gathered by token.
func (d *Declaration) Embedding(name string, rows, cols int) *accel.Weight {
	return d.declare(name, rows, cols, true)
}

func (d *Declaration) declare(name string, rows, cols int, gather bool) *accel.Weight {
	t, err := d.File.Tensor(d.name(name), int64(cols), int64(rows))
	if err == nil {
		if _, e := d.backend.PackedBytes(t.Type, rows, cols); e != nil || !gguf.Decodable(t.Type) {
			err = d.typeError(t)
		}
	}
	if err != nil {
		d.fail(err)
		return nil
	}
	w := &accel.Weight{Name: t.Name, Type: t.Type, Rows: rows, Cols: cols}
	d.Matrices = append(d.Matrices, Matrix{Tensor: t, Layer: d.layer, Gather: gather, Weight: w})
	return w
}

func (d *Declaration) typeError(t gguf.Tensor) error {
	return fmt.Errorf("model: tensor %q has type %s: %w", t.Name, t.Type, ErrUnsupported)
}

// Uint reads "ARCH.key" with its legal range.
func (d *Declaration) Uint(key string, lo, hi uint64) int {
	v, err := d.File.Uint(d.key(key), lo, hi)
	if err != nil {
		d.fail(err)
	}
	return int(v)
}

// UintOr is Uint with a default.
func (d *Declaration) UintOr(key string, def int, lo, hi uint64) int {
	v, err := d.File.UintOr(d.key(key), uint64(def), lo, hi)
	if err != nil {
		d.fail(err)
	}
	return int(v)
}

// Float reads "ARCH.key" with its legal range.
func (d *Declaration) Float(key string, lo, hi float64) float32 {
	v, err := d.File.Float(d.key(key), lo, hi)
	if err != nil {
		d.fail(err)
	}
	return float32(v)
}

// FloatOr is Float with a default.
func (d *Declaration) FloatOr(key string, def, lo, hi float64) float64 {
	v, err := d.File.FloatOr(d.key(key), def, lo, hi)
	if err != nil {
		d.fail(err)
	}
	return v
}

// StringOr reads "ARCH.key".
func (d *Declaration) StringOr(key, def string) string {
	v, err := d.File.StringOr(d.key(key), def)
	if err != nil {
		d.fail(err)
	}
	return v
}

func (d *Declaration) key(key string) string { return d.File.Architecture() + "." + key }

// layers calls declare once for every layer and stops at the first error.
func (d *Declaration) layers(n int, declare func() Layer) []Layer {
	var ls []Layer
	for l := 0; l < n && d.err == nil; l++ {
		d.layer = l
		ls = append(ls, declare())
	}
	d.layer = -1
	return ls
}
