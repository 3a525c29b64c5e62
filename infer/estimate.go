package infer

import (
	"slices"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cpu"
	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/infer/kv"
	"github.com/runnel-chat/runnel/infer/model"
	"github.com/runnel-chat/runnel/prefetch"
)

// Estimate is what a model will need, worked out from its header alone.
type Estimate struct {
	WeightBytes  int64 // packed
	KVBytes      int64 // for the whole context
	ScratchBytes int64
	Available    int64 // what the options or the machine allow
	Fits         bool  // weights, scratch and a first block of context

	StreamedBytes int64   // read from the file in every pass
	LoadSeconds   float64 // until all was read once; 0: not known
	Forecast              // what this machine will make of it

	firstKV int64
}

// EstimateMemory says what opening f with o would need. It fails where Open
// would for lack of a graph or a tensor; the tokenizer is not looked at.
func EstimateMemory(f *gguf.File, o Options) (Estimate, error) {
	kvType, _ := accel.ParseKVType(orElse(o.KV, accel.KVF16.String()))
	b, err := cpu.New(1, func(n int) ([]byte, error) { return make([]byte, n), nil })
	if err != nil {
		return Estimate{}, err
	}
	defer b.Close()
	// The small vectors do not matter, but a frequency must not be zero.
	d := model.NewDeclaration(f, b, func(t gguf.Tensor) ([]float32, error) {
		return slices.Repeat([]float32{1}, int(t.Elements())), nil
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
	w := demandOf(m, d, b)
	e := Estimate{Available: o.budget(), WeightBytes: w.weights}
	batch := min(batchOf(m, d, w.weights, e.Available), limit)
	e.ScratchBytes = m.ScratchBytes(batch, logitRows)
	layers := m.KV(kvType)
	e.KVBytes = kv.Bytes(b, layers, limit, batchTokens)
	e.firstKV = kv.Bytes(b, layers, min(limit, accel.KVBlock), 0)
	e.Fits = e.WeightBytes+e.ScratchBytes+e.firstKV+runtimeBytes <= e.Available
	if room := e.Available - e.ScratchBytes - e.firstKV - runtimeBytes - ringBytes; !e.Fits {
		e.StreamedBytes = min(e.WeightBytes, e.WeightBytes-max(0, room))
	}
	rate := prefetch.ProfileOf(f.Shards[0].Path, o.Cache, false).BytesPerSecond
	e.Forecast = forecast(w, readSpeeds(o.Cache)[speedKey(b.ISA(), o.threads())], rate, e.StreamedBytes, f.Size, batch)
	e.LoadSeconds = e.load
	return e, nil
}

// ringBytes is what streaming takes beside the pins: the ring and the
// readers' buffers.
const ringBytes = 96 << 20
