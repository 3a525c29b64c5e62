package infer

import (
	"runtime"

	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/infer/model"
	"github.com/runnel-chat/runnel/prefetch"
)

// plan decides what is pinned and how the files are read. Weights that stream
// go past the page cache, in the way and with as many reads at once as suit
// the disk; those that fit are read through it, so that the next start is
// quick, unless both copies together would not fit.
func (e *Engine) plan(f *gguf.File, weights []prefetch.Weight, o Options, keep int64) (*prefetch.Plan, prefetch.Source, prefetch.Disk, error) {
	var disk prefetch.Disk
	src, err := e.openSource(f)
	if err != nil {
		return nil, nil, disk, err
	}
	budget := prefetch.Budget{Total: e.ledger.Total(), Reserved: e.ledger.Used() + keep}
	options := prefetch.PlanOptions{TileBytes: o.tiles, RingBytes: 16 * o.tiles, Align: src.Align()}
	plan, err := prefetch.BuildPlan(weights, budget, options)
	if err == nil && plan.StreamedBytes() > 0 {
		profile := prefetch.ProfileOf(f.Shards[0].Path, o.Cache, true)
		e.read(profile.Kind())
		makeRoomForReaders()
		disk.BytesPerSecond = profile.BytesPerSecond
		options.Readers = max(profile.Depth, 4)
		budget.Reserved = e.ledger.Used() + keep
		plan, err = prefetch.BuildPlan(weights, budget, options)
	} else if err == nil && e.ledger.Used()+plan.Needs()+f.Size > e.ledger.Total() {
		e.read(prefetch.SourceDontCache)
	}
	if err != nil {
		_ = src.Close() // the plan's error is the one to tell
		return nil, nil, disk, err
	}
	if o.source != nil {
		src = o.source(src)
	}
	return plan, src, disk, nil
}

// openSource opens the files of a model, if it has any: one that is in memory
// is read there.
func (e *Engine) openSource(f *gguf.File) (prefetch.Source, error) {
	if data := f.Shards[0].Data; data != nil {
		return prefetch.Bytes{data}, nil
	}
	paths := make([]string, len(f.Shards))
	for i, s := range f.Shards {
		paths[i] = s.Path
	}
	files, err := prefetch.OpenFiles(paths, prefetch.SourceCached)
	if err != nil {
		return nil, err
	}
	e.files = files
	return files, nil
}

// read changes the way of reading, if there is memory for what that takes of
// the page cache; else to the one that takes none.
func (e *Engine) read(kind prefetch.SourceKind) {
	if e.files == nil {
		return // there is one way to read memory
	}
	e.ledger.Free(e.passing)
	e.passing = kind.CacheBytes()
	if e.ledger.Reserve(e.passing) != nil {
		kind, e.passing = prefetch.SourceDirect, 0
	}
	e.files.Use(kind)
}

// makeRoomForReaders lets readers that come back from the disk run at once: with
// every processor's slot taken by a worker in a kernel, they would wait for
// the scheduler's next tick, 10 ms, and the disk with them. The workers are
// as many as before; the system shares the cores.
func makeRoomForReaders() {
	if n := runtime.NumCPU() + 2; runtime.GOMAXPROCS(0) < n {
		runtime.GOMAXPROCS(n)
	}
}

// actBytes is what the backend needs at most for the quantised input of a
// batch, growing in steps, and for what is too small to have an arena alone.
func actBytes(m *model.Model, d *model.Declaration, batch int) int64 {
	most := int64(0)
	for _, x := range d.Matrices {
		rows := int64(batch)
		if x.Expert {
			rows *= int64(m.ExpertsUsed())
		}
		most = max(most, rows*int64(x.Weight.Cols))
	}
	return 4*most + scratchBytes
}

// batchOf is how many tokens of a prompt are read in one pass. Where weights
// stream, a pass costs what it reads however many tokens share it, so a batch
// takes up to a sixteenth of the memory.
func batchOf(m *model.Model, d *model.Declaration, weights, budget int64) int {
	batch := batchTokens
	if weights+m.ScratchBytes(batch, logitRows)+runtimeBytes <= budget {
		return batch
	}
	for batch < mostTokens && m.ScratchBytes(2*batch, logitRows)+actBytes(m, d, 2*batch) <= budget/16 {
		batch *= 2
	}
	return batch
}

// leastTokens is the shortest batch of a prompt that loses nothing in the
// kernels.
const leastTokens = 256

// trim shortens a batch to what hides the reading of its weights twice over,
// where this machine's speeds are known: shorter ones take less scratch, and
// leave that to the pins.
func trim(batch int, f Forecast) int {
	for f.reads && f.stream > 0 && batch/2 >= leastTokens && float64(batch/2)*f.prefill >= 2*f.stream {
		batch /= 2
	}
	return batch
}
