package cli

import (
	"time"

	"github.com/runnel-chat/runnel/infer"
)

// stats is the JSON object that ends run and bench: a stable contract.
type stats struct {
	Type            string   `json:"type,omitempty"`
	LoadS           float64  `json:"load_s"`
	TTFTS           float64  `json:"ttft_s"`
	PromptTokens    int      `json:"prompt_tokens"`
	PromptTPS       float64  `json:"prompt_tps"`
	GeneratedTokens int      `json:"generated_tokens"`
	DecodeTPS       float64  `json:"decode_tps"`
	PeakRSSBytes    int64    `json:"peak_rss_bytes"`
	Backend         string   `json:"backend"`
	ISA             string   `json:"isa"`
	Threads         int      `json:"threads"`
	Proposed        uint64   `json:"proposed_tokens"`
	Accepted        uint64   `json:"accepted_tokens"`
	Prefetch        prefetch `json:"prefetch"`
	GPU             *gpu     `json:"gpu,omitempty"` // where one is used
}

type gpu struct {
	Name        string `json:"name"`
	TotalBytes  int64  `json:"vram_total_bytes"`
	UsedBytes   int64  `json:"vram_used_bytes"`
	WeightBytes int64  `json:"weight_bytes"`
	Layers      int    `json:"layers"`
	NoRoom      int64  `json:"no_room"`
	Fallbacks   uint64 `json:"fallbacks"`
	Lost        string `json:"lost,omitempty"`

	// That its kernels ran, by its own clock, over the life of the engine.
	PrefillS float64 `json:"prefill_s"`
	DecodeS  float64 `json:"decode_s"`

	// -1 where the device does not tell.
	Busy    float64 `json:"busy"`
	Celsius float64 `json:"celsius"`
	Watts   float64 `json:"watts"`
}

type prefetch struct {
	BudgetBytes int64   `json:"budget_bytes"`
	WeightBytes int64   `json:"weight_bytes"`
	PinnedBytes int64   `json:"pinned_bytes"`
	AwayBytes   int64   `json:"away_bytes,omitempty"` // on a GPU
	Hits        uint64  `json:"hits"`
	Late        uint64  `json:"late"`
	SyncLoads   uint64  `json:"sync_loads"`
	BytesRead   uint64  `json:"bytes_read"`
	HintedBytes uint64  `json:"hinted_bytes,omitempty"`
	HintedUsed  uint64  `json:"hinted_used_bytes,omitempty"`
	StallS      float64 `json:"stall_s"`
	BoundS      float64 `json:"bound_s"`
	PassS       float64 `json:"pass_s"`
	BoundRatio  float64 `json:"bound_ratio"`
	Source      string  `json:"source"`
	Limiter     string  `json:"limiter"`
}

func newStats(s infer.Stats) stats {
	c := s.Cache
	out := stats{
		LoadS:           s.LoadTime.Seconds(),
		TTFTS:           s.TimeToFirst.Seconds(),
		PromptTokens:    s.PromptTokens,
		PromptTPS:       rate(s.PromptTokens-s.PromptReused, s.PrefillDuration),
		GeneratedTokens: s.AnswerTokens,
		DecodeTPS:       rate(s.AnswerTokens-1, s.DecodeDuration),
		PeakRSSBytes:    peakRSS(),
		Backend:         s.Backend,
		ISA:             s.ISA,
		Threads:         s.Threads,
		Proposed:        s.Proposed,
		Accepted:        s.Accepted,
		Prefetch: prefetch{
			BudgetBytes: c.BudgetBytes, WeightBytes: c.WeightBytes, PinnedBytes: c.PinnedBytes, AwayBytes: c.AwayBytes,
			Hits: c.Hits(), Late: c.Late, SyncLoads: c.SyncLoads, BytesRead: c.BytesRead,
			HintedBytes: c.HintedBytes, HintedUsed: c.HintedUsed,
			StallS: float64(c.StallNanos) / 1e9, BoundS: c.BoundSeconds, BoundRatio: c.BoundRatio,
			Source: c.Source, Limiter: c.Limiter,
		},
	}
	out.Prefetch.PassS = c.PassSeconds
	if g := s.GPU; g.Name != "" {
		out.GPU = &gpu{
			Name: g.Name, TotalBytes: g.TotalBytes, UsedBytes: g.UsedBytes, WeightBytes: g.WeightBytes, Layers: g.Layers,
			NoRoom: g.NoRoom, Fallbacks: g.Fallbacks, Lost: g.Lost,
			PrefillS: g.PrefillTime.Seconds(), DecodeS: g.DecodeTime.Seconds(),
			Busy: g.Busy, Celsius: g.Celsius, Watts: g.Watts,
		}
	}
	return out
}

// rate is tokens a second; 0 when nothing was measured.
func rate(tokens int, d time.Duration) float64 {
	if tokens <= 0 || d <= 0 {
		return 0
	}
	return float64(tokens) / d.Seconds()
}
