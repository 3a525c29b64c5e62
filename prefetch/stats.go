package prefetch

// Stats is one look at a store. The counters only rise; whoever shows rates
// subtracts two looks.
type Stats struct {
	HitsPinned uint64 // tiles that were resident when asked for
	HitsRing   uint64 // streamed tiles that were ready when asked for
	Late       uint64 // asked for while still being read
	SyncLoads  uint64 // asked for before any read of them was planned

	BytesRead   uint64 // from the file
	StallNanos  uint64 // that workers waited for tiles
	ReadNanos   uint64 // that readers spent in reads
	Passes      uint64
	PassNanos   uint64 // spent in passes after the first
	LoadedBytes uint64 // packed bytes made resident for the first time

	BudgetBytes   int64
	WeightBytes   int64 // packed
	PinnedBytes   int64
	RingBytes     int64
	StreamedBytes int64 // a pass reads
	Source        string
	BoundSeconds  float64 // the least seconds of a pass; 0: not known
	BoundRatio    float64 // bound / measured
	Limiter       string  // "compute", "disk" or "" while nothing was measured
}

// Hits is how many tiles were there when they were asked for.
func (s Stats) Hits() uint64 { return s.HitsPinned + s.HitsRing }
