package remote

import (
	"sync"
	"time"

	"github.com/openai/openai-go/v3"

	"github.com/runnel-chat/runnel/infer"
)

// meter measures on this side of the wire. Until the server counts, each
// piece of text is taken for a token, which is what nearly all of them send.
type meter struct {
	mu    sync.Mutex
	s     infer.Stats
	asked time.Time
	first time.Time // zero before the first piece
}

func (m *meter) context(size int) { m.s.ContextSize = size }

func (m *meter) look() infer.Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.s
	s.At, s.Backend = time.Now(), "remote"
	return s
}

func (m *meter) ask() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked, m.first = time.Now(), time.Time{}
	m.s.Phase = infer.Prefill
	m.s.PromptTokens, m.s.PromptReused, m.s.PromptDone, m.s.AnswerTokens = 0, 0, 0, 0
	m.s.TimeToFirst, m.s.DecodeDuration = 0, 0
}

func (m *meter) token() {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if m.first.IsZero() {
		m.first = now
		m.s.Phase, m.s.TimeToFirst = infer.Decode, now.Sub(m.asked)
		m.s.PrefillTime += m.s.TimeToFirst
	}
	d := now.Sub(m.first)
	m.s.DecodeTime += d - m.s.DecodeDuration
	m.s.DecodeDuration = d
	m.s.AnswerTokens++
	m.s.TotalDecoded++
}

// usage takes the server's own count. Totals do not fall, whatever it says.
func (m *meter) usage(u openai.CompletionUsage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	count := func(n int64) int { return int(max(0, min(n, 1<<30))) }
	prompt, answer := count(u.PromptTokens), count(u.CompletionTokens)
	m.s.TotalPrompt += uint64(max(0, prompt-m.s.PromptTokens))
	m.s.TotalDecoded += uint64(max(0, answer-m.s.AnswerTokens))
	m.s.PromptTokens, m.s.PromptDone = prompt, prompt
	m.s.PromptReused = min(prompt, count(u.PromptTokensDetails.CachedTokens))
	m.s.AnswerTokens = answer
	m.s.ContextUsed = prompt + answer
}

func (m *meter) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.s.Phase = infer.Idle
}
