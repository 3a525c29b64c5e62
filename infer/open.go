package infer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/infer/kv"
	"github.com/runnel-chat/runnel/infer/model"
	"github.com/runnel-chat/runnel/infer/token"
	"github.com/runnel-chat/runnel/prefetch"
)

// Sizes of a run. A prompt is read in batches of batchTokens; a batch reads
// every weight once.
const (
	batchTokens  = 512
	mostTokens   = 4096 // of a batch where weights stream
	logitRows    = 8
	runtimeBytes = 64 << 20 // the Go runtime, tokenizer and program
)

// Open reads the header of the model at path (for a split model, of any of
// its files), proves that it can run and starts to make its weights resident.
// It returns before they are: the first prompt is computed as they arrive.
// Errors: *gguf.FormatError for a broken file, ErrUnsupported for one that
// this engine cannot run, prefetch.ErrDoesNotFit when the budget is too small.
func Open(ctx context.Context, path string, o Options) (*Engine, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	return OpenFile(ctx, f, path, o)
}

// OpenFile is Open for a header that has been read, such as that of a model
// in memory. path is what Info shall say.
func OpenFile(ctx context.Context, f *gguf.File, path string, o Options) (_ *Engine, err error) {
	start := time.Now()
	kvType, ok := accel.ParseKVType(orElse(o.KV, accel.KVF16.String()))
	if !ok {
		return nil, fmt.Errorf("infer: KV type %q is none of f16, f32, q8_0", o.KV)
	}
	e := &Engine{cacheDir: o.Cache, speculate: o.Speculate}
	e.ctx, e.close = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			e.close()
			_ = e.release()
		}
	}()

	budget := o.budget()
	e.ledger = prefetch.NewLedger(budget)
	e.memory = newMemory(e.ledger)
	if err = e.openBackend(o); err != nil {
		return nil, err
	}
	m, d, err := declare(f, e.backend, o.Context)
	if err != nil {
		return nil, err
	}
	limit := m.Context
	if o.Context > 0 {
		limit = o.Context
	}
	e.demand = demandOf(m, d, e.backend)
	e.known = readSpeeds(o.Cache)[e.speedKey()]
	batch := min(trim(batchOf(m, d, e.demand.weights, budget), e.forecast(budget, o, path)), limit)
	e.scratch = m.ScratchBytes(batch, logitRows)
	cache := kv.New(e.backend, m.KV(kvType), limit, blocks{e.memory, e.backend})
	e.session = &session{model: m, cache: cache, count: &e.count, ids: make([]int32, 0, limit)}
	if e.device != nil {
		e.session.worked = e.device.Worked
	}
	if e.session.pass, err = model.NewPass(e.backend, cache, m.Shape, batch, logitRows); err != nil {
		return nil, err
	}
	if err = e.ledger.Reserve(runtimeBytes); err != nil {
		return nil, err
	}
	keep := cache.FirstBytes() + actBytes(m, d, batch)
	if o.weights > 0 {
		budget = e.ledger.Used() + keep + o.weights
		e.ledger.SetTotal(budget)
	}
	e.place(m, d, o, kv.Bytes(e.backend, m.KV(kvType), limit, batch))
	if err = e.load(f, d, o, keep); err != nil {
		return nil, err
	}
	if err = ctx.Err(); err != nil {
		return nil, err
	}
	if e.tokens, err = token.New(f); err != nil {
		return nil, err
	}
	if n := e.tokens.Size(); n > m.Vocab {
		return nil, fmt.Errorf("infer: the tokenizer has %d tokens, the model %d", n, m.Vocab)
	}
	if e.chat, err = openConversation(f, e.tokens); err != nil {
		return nil, err
	}
	e.info = describe(f, m, path, limit)
	e.info.Template, e.info.TemplateNotice = e.chat.name, e.chat.notice
	e.opened, e.loadTime = start, time.Since(start)
	return e, nil
}

func orElse(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// budget is what the user allows, else what the machine or the container has
// to give.
func (o Options) budget() int64 {
	if o.Memory > 0 {
		return o.Memory
	}
	return prefetch.SystemMemory().Budget
}

// declare finds the tensors of f's architecture and reads the small ones.
func declare(f *gguf.File, b accel.Backend, context int) (*model.Model, *model.Declaration, error) {
	shards := make([]*os.File, len(f.Shards))
	defer func() {
		for _, s := range shards {
			_ = s.Close() // read only; a nil file says so and is fine
		}
	}()
	d := model.NewDeclaration(f, b, func(t gguf.Tensor) ([]float32, error) {
		if data := f.Shards[t.Shard].Data; data != nil {
			v := make([]float32, t.Elements())
			return v, gguf.Decode(t.Type, v, data[t.Off:t.Off+t.Len])
		}
		if shards[t.Shard] == nil {
			s, err := os.Open(f.Shards[t.Shard].Path)
			if err != nil {
				return nil, err
			}
			shards[t.Shard] = s
		}
		raw := make([]byte, t.Len)
		if _, err := shards[t.Shard].ReadAt(raw, t.Off); err != nil {
			return nil, err
		}
		v := make([]float32, t.Elements())
		return v, gguf.Decode(t.Type, v, raw)
	})
	d.Context = context
	m, err := model.New(d)
	return m, d, err
}

// load opens the store over the declared matrices and hands every layer its
// tiles.
func (e *Engine) load(f *gguf.File, d *model.Declaration, o Options, keep int64) error {
	weights := make([]prefetch.Weight, len(d.Matrices))
	for i, m := range d.Matrices {
		weights[i] = e.weight(m)
		for _, t := range e.session.model.Tables {
			if m.Weight == t.Weight {
				e.session.tables = append(e.session.tables, i)
				e.session.row = make([]byte, max(len(e.session.row), int(m.Len/m.Rows())))
			}
		}
	}
	plan, src, disk, err := e.plan(f, weights, o, keep)
	if err != nil {
		return err
	}
	e.store, err = prefetch.Open(plan, src, e.ledger, prefetch.Options{Threads: e.backend.Threads(), Keep: keep, Disk: disk})
	if err != nil {
		return errors.Join(err, src.Close())
	}
	for i, m := range d.Matrices {
		if m.Gather {
			continue
		}
		first, n, rows := plan.TileRange(i)
		m.Weight.TileRows = rows
		if m.Transposed {
			m.Weight.TileRows = m.Weight.Rows
		}
		m.Weight.Tiles = tiles{e.store, first, n}
	}
	e.session.store = e.store
	return nil
}

func (e *Engine) weight(m model.Matrix) prefetch.Weight {
	rows, cols := int(m.Rows()), int(m.Dims[0])
	w := prefetch.Weight{
		Name:     m.Name,
		Layer:    m.Layer,
		Extent:   prefetch.Extent{Shard: m.Shard, Off: m.Off, Len: m.Len},
		Rows:     int64(rows),
		RowBytes: m.Len / int64(rows),
		RowAlign: e.backend.RowAlign(),
		Away:     e.device != nil && !m.Gather && e.device.Placed(m.Weight),
	}
	switch {
	case m.Gather:
		w.Use = prefetch.Rows
		return w
	case m.Expert:
		w.Use = prefetch.Expert
	}
	if m.Transposed {
		e.transpose(&w, m)
		return w
	}
	w.PackedBytes = func(rows int) int64 {
		n, _ := e.backend.PackedBytes(m.Type, rows, cols) // the declaration has asked before
		return int64(n)
	}
	w.Pack = func(dst, src []byte, rows int) { e.backend.Pack(m.Type, dst, src, rows, cols) }
	return w
}

// transpose makes one tile of a matrix that is packed the other way round.
func (e *Engine) transpose(w *prefetch.Weight, m model.Matrix) {
	rows, cols, t := m.Weight.Rows, m.Weight.Cols, m.Weight.Type
	w.RowAlign = cols
	w.PackedBytes = func(int) int64 {
		n, _ := e.backend.PackedBytes(t, rows, cols) // float32 is always there
		return int64(n)
	}
	w.Pack = func(dst, src []byte, _ int) {
		x := make([]float32, rows*cols)
		if err := gguf.Decode(m.Type, x, src[:m.Len]); err != nil {
			panic("infer: a tile of the wrong size: " + err.Error())
		}
		e.backend.Pack(t, dst, model.Transpose(x, rows), rows, cols)
	}
}

// tiles lends the tiles of one weight from the store.
type tiles struct {
	store    *prefetch.Store
	first, n int
}

func (t tiles) Want()                         { t.store.Want(t.first, t.n) }
func (t tiles) Hint()                         { t.store.Hint(t.first, t.n) }
func (t tiles) Acquire(i int) ([]byte, error) { return t.store.Acquire(t.first + i) }
func (t tiles) TryAcquire(i int) []byte       { return t.store.TryAcquire(t.first + i) }
func (t tiles) Release(i int)                 { t.store.Release(t.first + i) }
func (t tiles) Settle(i int)                  { t.store.Settle(t.first + i) }

// describe gathers what is shown of a model.
func describe(f *gguf.File, m *model.Model, path string, context int) Info {
	name, err := f.String("general.name")
	if err != nil || name == "" {
		name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	}
	info := Info{
		Path: path, Name: name, Arch: f.Architecture(), FileBytes: f.Size,
		ContextTrain: m.Context, Context: context, Layers: m.Layers, Vocab: m.Vocab,
	}
	for _, t := range f.Tensors {
		info.Params += t.Elements()
	}
	return info
}
