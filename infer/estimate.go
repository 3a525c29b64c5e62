package infer

import (
	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cpu"
	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/infer/kv"
	"github.com/runnel-chat/runnel/infer/model"
)

// Estimate is what a model will need, worked out from its header alone.
type Estimate struct {
	WeightBytes  int64 // packed
	KVBytes      int64 // for the whole context
	ScratchBytes int64
	Available    int64 // what the options or the machine allow
	Fits         bool  // weights, scratch and a first block of context

	// What this machine will make of it; zero where nothing is known yet.
	StreamedBytes int64   // read from the file for every token
	DecodeTPS     float64 // tokens a second
	LoadSeconds   float64 // until all was read once: the least time to a first token
	Limiter       string  // "compute" or "disk"

	firstKV int64
}

// EstimateMemory says what opening f with o would need. It fails for the same
// files that Open refuses.
func EstimateMemory(f *gguf.File, o Options) (Estimate, error) {
	kvType, _ := accel.ParseKVType(orElse(o.KV, accel.KVF16.String()))
	b, err := cpu.New(1, func(n int) ([]byte, error) { return make([]byte, n), nil })
	if err != nil {
		return Estimate{}, err
	}
	defer b.Close()
	// The small vectors matter neither in size nor in content.
	d := model.NewDeclaration(f, b, func(t gguf.Tensor) ([]float32, error) {
		return make([]float32, t.Elements()), nil
	})
	d.Context = o.Context
	m, err := model.New(d)
	if err != nil {
		return Estimate{}, err
	}
	limit := m.Context
	if o.Context > 0 {
		limit = o.Context
	}
	e := Estimate{ScratchBytes: m.ScratchBytes(min(batchTokens, limit), logitRows), Available: o.budget()}
	for _, w := range d.Matrices {
		if !w.Gather {
			n, _ := b.PackedBytes(w.Type, w.Weight.Rows, w.Weight.Cols) // the declaration has asked before
			e.WeightBytes += int64(n)
		}
	}
	layers := m.KV(kvType)
	e.KVBytes = kv.Bytes(b, layers, limit, batchTokens)
	e.firstKV = kv.Bytes(b, layers, min(limit, accel.KVBlock), 0)
	e.Fits = e.WeightBytes+e.ScratchBytes+e.firstKV+runtimeBytes <= e.Available
	e.predict(f.Shards[0].Path, b.ISA(), f.Size, o)
	return e, nil
}
