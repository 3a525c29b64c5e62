package infer

import (
	"time"

	"github.com/runnel-chat/runnel/prefetch"
)

// Phase is what the engine is doing.
type Phase uint8

// The phases of an engine.
const (
	Idle    Phase = iota
	Prefill       // reading the prompt
	Decode        // writing the answer
)

func (p Phase) String() string { return [...]string{"idle", "prefill", "decode"}[p] }

// Stats is one look at an engine. The counters only rise over the life of the
// engine: whoever shows rates subtracts two looks. It is a value; reading it
// never waits for the engine.
type Stats struct {
	At    time.Time
	Phase Phase

	// The request in hand, or the last one.
	PromptTokens    int           // tokens of its prompt
	PromptReused    int           // of them, found in the KV cache
	PromptDone      int           // of them, in the cache by now
	AnswerTokens    int           // tokens generated
	TimeToFirst     time.Duration // from Generate to the first token; 0 before it
	PrefillDuration time.Duration
	DecodeDuration  time.Duration

	// Over the life of the engine.
	TotalPrompt  uint64        // prompt tokens computed
	TotalDecoded uint64        // tokens generated
	PrefillTime  time.Duration // spent on them
	DecodeTime   time.Duration

	Proposed uint64 // tokens guessed ahead of the text
	Accepted uint64 // of them, those that came true: passes saved

	ContextUsed int // positions in the KV cache
	ContextSize int

	WeightBytes  int64 // of the whole model, packed
	KVBytes      int64
	ScratchBytes int64
	BudgetBytes  int64

	LoadTime time.Duration // of Open
	Backend  string        // "cpu" or "cuda"
	ISA      string        // instruction-set tier
	Threads  int

	Cache prefetch.Stats
	GPU   GPU
}
