package infer

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/runnel-chat/runnel/prefetch"
)

// counters are written by the engine's goroutine and read by anyone. Each is
// atomic on its own: a look at Stats may fall between two of them, which a
// panel does not mind.
type counters struct {
	phase atomic.Uint32

	// The request in hand.
	promptTokens, promptReused, promptDone atomic.Int64
	answerTokens                           atomic.Int64
	timeToFirst, prefill, decode           atomic.Int64 // ns

	// Over the life of the engine; these only rise.
	totalPrompt, totalDecoded atomic.Uint64
	prefillTime, decodeTime   atomic.Int64 // ns

	proposed, accepted atomic.Uint64 // tokens guessed ahead, and of them those that came true

	onDevice [2]atomic.Int64 // ns that kernels of a GPU ran, for prompts and for answers

	rate atomic.Uint64 // float64: see prefillRate

	contextUsed, kvBytes atomic.Int64
}

// begin clears the figures of the last request.
func (c *counters) begin() {
	for _, v := range []*atomic.Int64{
		&c.promptTokens, &c.promptReused, &c.promptDone, &c.answerTokens,
		&c.timeToFirst, &c.prefill, &c.decode,
	} {
		v.Store(0)
	}
}

func (c *counters) enter(p Phase) { c.phase.Store(uint32(p)) }

func (c *counters) prompt(tokens, reused int) {
	c.promptTokens.Store(int64(tokens))
	c.promptReused.Store(int64(reused))
	c.promptDone.Store(int64(reused))
}

func (c *counters) prefilled(n int, d time.Duration) {
	c.promptDone.Add(int64(n))
	c.prefill.Add(int64(d))
	c.readAhead(n, d)
}

// readAhead counts tokens that no request has asked for yet.
func (c *counters) readAhead(n int, d time.Duration) {
	c.totalPrompt.Add(uint64(n))
	c.prefillTime.Add(int64(d))
}

// tellingTokens is how many tokens a pass must have to say how fast prompts
// are computed.
const tellingTokens = 64

// computed tells how long a pass over n tokens of a prompt computed, waiting
// left out.
func (c *counters) computed(n int, d time.Duration) {
	if n >= tellingTokens && d > 0 {
		c.rate.Store(math.Float64bits(max(c.prefillRate(), float64(n)/d.Seconds())))
	}
}

// prefillRate is the most tokens of a prompt that were computed in a second,
// 0 before any.
func (c *counters) prefillRate() float64 { return math.Float64frombits(c.rate.Load()) }

func (c *counters) decoded(d time.Duration) {
	c.totalDecoded.Add(1)
	c.decode.Add(int64(d))
	c.decodeTime.Add(int64(d))
}

func (c *counters) cache(used int, bytes int64) {
	c.contextUsed.Store(int64(used))
	c.kvBytes.Store(bytes)
}

// worked counts the work of a GPU.
func (c *counters) worked(kind prefetch.PassKind, d time.Duration) {
	i := 1
	if kind == prefetch.PassPrefill {
		i = 0
	}
	c.onDevice[i].Add(int64(d))
}

// fill copies the counters into s.
func (c *counters) fill(s *Stats) {
	s.Phase = Phase(c.phase.Load())
	s.PromptTokens = int(c.promptTokens.Load())
	s.PromptReused = int(c.promptReused.Load())
	s.PromptDone = int(c.promptDone.Load())
	s.AnswerTokens = int(c.answerTokens.Load())
	s.TimeToFirst = time.Duration(c.timeToFirst.Load())
	s.PrefillDuration = time.Duration(c.prefill.Load())
	s.DecodeDuration = time.Duration(c.decode.Load())
	s.TotalPrompt = c.totalPrompt.Load()
	s.TotalDecoded = c.totalDecoded.Load()
	s.PrefillTime = time.Duration(c.prefillTime.Load())
	s.DecodeTime = time.Duration(c.decodeTime.Load())
	s.Proposed, s.Accepted = c.proposed.Load(), c.accepted.Load()
	s.GPU.PrefillTime = time.Duration(c.onDevice[0].Load())
	s.GPU.DecodeTime = time.Duration(c.onDevice[1].Load())
	s.ContextUsed = int(c.contextUsed.Load())
	s.KVBytes = c.kvBytes.Load()
}
