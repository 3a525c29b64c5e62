package model

import (
	"errors"
	"fmt"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/infer/kv"
)

// ErrUnsupported marks a file that is sound but that this engine cannot run.
var ErrUnsupported = errors.New("not supported")

// Matrix is a weight that an architecture declared.
type Matrix struct {
	gguf.Tensor
	Layer      int           // -1 outside the layers
	Gather     bool          // read row by row (token embeddings), never multiplied
	Expert     bool          // multiplied only in the passes whose router chose it
	Transposed bool          // the weight is the matrix turned round, in float32
	Weight     *accel.Weight // what the layers hold; its Tiles are set by whoever makes them resident
}

// Declaration collects what an architecture needs of a file. The first error
// sticks, so that an architecture declares all of its tensors in one go and
// asks once.
type Declaration struct {
	File     *gguf.File
	Context  int      // positions that will be used; 0: as many as were trained
	Matrices []Matrix // in the order of a pass

	backend accel.Backend
	vector  func(gguf.Tensor) ([]float32, error)
	layer   int // in hand; -1 outside the layers
	tables  []Table
	rooms   rooms
	used    int      // experts of a token
	experts int      // of a layer
	last    *mixture // declared
	keeps   []kv.Layer
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
func (d *Declaration) Vector(name string, n int) []float32 { return d.read(name, int64(n)) }

// read decodes a small tensor.
func (d *Declaration) read(name string, dims ...int64) []float32 {
	t, err := d.File.Tensor(d.name(name), dims...)
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

// small reads a small matrix that may be missing: then it is nil.
func (d *Declaration) small(name string, rows, cols int) []float32 {
	if !d.Has(name) {
		return nil
	}
	return d.read(name, int64(cols), int64(rows))
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
	return d.Part(name, 0, rows, rows, cols)
}

// Part declares rows [from, from+rows) of a weight of total rows.
func (d *Declaration) Part(name string, from, rows, total, cols int) *accel.Weight {
	t, ok := d.tensor(name, int64(cols), int64(total))
	if !ok {
		return nil
	}
	if rows != total {
		t = slice(t, from, rows, 1)
	}
	return d.add(Matrix{Tensor: t}, rows, cols)
}

// transposed declares rows [from, from+rows) of a matrix of total rows, turned
// round: a weight with cols outputs and rows inputs.
func (d *Declaration) transposed(name string, from, rows, total, cols int) *accel.Weight {
	t, ok := d.tensor(name, int64(cols), int64(total))
	if !ok {
		return nil
	}
	w := d.add(Matrix{Tensor: slice(t, from, rows, 1), Transposed: true}, cols, rows)
	w.Type = gguf.F32
	return w
}

// slice is a run of the rows of t, as count matrices.
func slice(t gguf.Tensor, from, rows, count int) gguf.Tensor {
	row := t.Len / t.Rows()
	t.Off += int64(from) * row
	t.Len = int64(rows) * int64(count) * row
	t.Dims = [4]int64{t.Dims[0], int64(rows), int64(count), 1}
	return t
}

// table declares a matrix whose rows are looked up and go to a slot.
func (d *Declaration) table(name string, rows, cols int, into slot, byPosition bool) {
	t, ok := d.tensor(name, int64(cols), int64(rows))
	if !ok {
		return
	}
	d.room(into, cols)
	w := d.add(Matrix{Tensor: t, Gather: true}, rows, cols)
	d.tables = append(d.tables, Table{Weight: w, ByPosition: byPosition, slot: into})
}

// embedding declares the token table.
func (d *Declaration) embedding(s *Shape) {
	d.table("token_embd.weight", s.Vocab, s.Embd, slotX, false)
}

// tensor finds a tensor that can be multiplied.
func (d *Declaration) tensor(name string, dims ...int64) (gguf.Tensor, bool) {
	t, err := d.File.Tensor(d.name(name), dims...)
	if err == nil {
		if _, e := d.backend.PackedBytes(t.Type, 1, int(t.Dims[0])); e != nil || !gguf.Decodable(t.Type) {
			err = d.typeError(t)
		}
	}
	if err != nil {
		d.fail(err)
	}
	return t, err == nil
}

func (d *Declaration) add(m Matrix, rows, cols int) *accel.Weight {
	m.Layer = d.layer
	m.Weight = &accel.Weight{Name: m.Name, Type: m.Type, Rows: rows, Cols: cols}
	d.Matrices = append(d.Matrices, m)
	return m.Weight
}

// room asks for columns of an activation.
func (d *Declaration) room(s slot, cols int) { d.rooms[s] = max(d.rooms[s], cols) }

// keep says what the layer in hand keeps.
func (d *Declaration) keep(l kv.Layer) {
	if d.err == nil {
		d.keeps[d.layer] = l
	}
}

func (d *Declaration) typeError(t gguf.Tensor) error {
	return fmt.Errorf("model: tensor %q has type %s, which is %w (the nearest that is: %s)",
		t.Name, t.Type, ErrUnsupported, nearest(t.Type.String(), d.types()))
}

// types lists the names of the types that can be multiplied.
func (d *Declaration) types() []string {
	var names []string
	for t := gguf.Type(0); t < 256; t++ {
		if values, _ := t.Block(); values > 0 && gguf.Decodable(t) {
			if _, err := d.backend.PackedBytes(t, 1, values); err == nil {
				names = append(names, t.String())
			}
		}
	}
	return names
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

// Bool reads "ARCH.key", false when it is missing.
func (d *Declaration) Bool(key string) bool {
	v, err := d.File.BoolOr(d.key(key), false)
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
func (d *Declaration) layers(n int, declare func(l int) Layer) []Layer {
	var ls []Layer
	for l := 0; l < n && d.err == nil; l++ {
		d.layer = l
		ls = append(ls, declare(l))
	}
	d.layer = -1
	return ls
}
