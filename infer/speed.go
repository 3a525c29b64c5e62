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
	DecodeBytesPerSecond    float64 `json:"decode_bytes_per_second"`    // of weights in memory
	PrefillWeightsPerSecond float64 `json:"prefill_weights_per_second"` // multiplied, of a prompt
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
	if st.WeightBytes < leastBytes {
		return
	}
	if st.StreamedBytes > 0 {
		prefetch.KeepRate(e.info.Path, e.cacheDir, st.SeenBytesPerSecond)
	}
	known := readSpeeds(e.cacheDir) // again: others may have written meanwhile
	key := e.speedKey()
	was := known[key]
	if now := e.speed(st, was); now != was {
		known[key] = now
		if b, err := json.MarshalIndent(known, "", "  "); err == nil {
			_ = prefetch.WriteCache(e.cacheDir, speedFile, b) // a cache: measured again next time
		}
	}
}

func (e *Engine) speedKey() string { return speedKey(e.backend.ISA(), e.backend.Threads()) }

// speed is how fast this engine was, or was where it has nothing to say.
func (e *Engine) speed(st prefetch.Stats, was speed) speed {
	if c := st.ComputeSeconds; c > 0 {
		was.DecodeBytesPerSecond = e.demand.token / c
	}
	if r := e.count.prefillRate(); r > 0 {
		was.PrefillWeightsPerSecond = r * e.demand.multiplies
	}
	return was
}
