package infer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/runnel-chat/runnel/prefetch"
)

// speed is what earlier runs on this machine came to, for predictions.
type speed struct {
	DecodeBytesPerSecond float64 `json:"decode_bytes_per_second"` // of weights in memory
}

// speedFile holds the speeds by instruction set and threads.
const speedFile = "speeds.json"

func speedKey(isa string, threads int) string { return fmt.Sprintf("%s/%d", isa, threads) }

func readSpeeds(dir string) map[string]speed {
	known := map[string]speed{}
	if dir == "" {
		return known
	}
	b, err := os.ReadFile(filepath.Join(dir, speedFile))
	if err != nil || json.Unmarshal(b, &known) != nil || known == nil {
		return map[string]speed{}
	}
	return known
}

// leastBytes is the size of a model that says something about others.
const leastBytes = 256 << 20

// keepSpeed remembers how fast this engine was, for the next prediction.
func (e *Engine) keepSpeed() {
	if e.cacheDir == "" || e.store == nil {
		return
	}
	st := e.store.Stats()
	if st.ComputeSeconds <= 0 || st.WeightBytes < leastBytes {
		return
	}
	known := readSpeeds(e.cacheDir)
	known[speedKey(e.backend.ISA(), e.backend.Threads())] = speed{float64(st.WeightBytes) / st.ComputeSeconds}
	if b, err := json.MarshalIndent(known, "", "  "); err == nil {
		_ = prefetch.WriteCache(e.cacheDir, speedFile, b) // a cache: measured again next time
	}
}

// predict fills in what can be said of the speed of a model on this machine.
func (e *Estimate) predict(path, isa string, fileBytes int64, o Options) {
	room := e.Available - e.ScratchBytes - e.firstKV - runtimeBytes - ringBytes
	if !e.Fits {
		e.StreamedBytes = min(e.WeightBytes, e.WeightBytes-max(0, room))
	}
	compute, disk := 0.0, 0.0
	if s := readSpeeds(o.Cache)[speedKey(isa, o.threads())]; s.DecodeBytesPerSecond > 0 {
		compute = float64(e.WeightBytes) / s.DecodeBytesPerSecond
	}
	rate := prefetch.ProfileOf(path, o.Cache, false).BytesPerSecond
	if rate > 0 {
		disk = float64(e.StreamedBytes) / rate
		e.LoadSeconds = float64(fileBytes) / rate
	}
	if compute == 0 || e.StreamedBytes > 0 && disk == 0 {
		return // half of the sum is unknown
	}
	if e.Limiter = "compute"; disk > compute {
		e.Limiter = "disk"
	}
	e.DecodeTPS = 1 / max(compute, disk)
}

// ringBytes is what streaming takes beside the pins: the ring and the
// readers' buffers.
const ringBytes = 96 << 20
