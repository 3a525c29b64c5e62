package infer

import (
	"sync"
)

// Reason says why an answer ended.
type Reason uint8

// The ways an answer can end.
const (
	Unfinished  Reason = iota
	EndOfTurn          // the model ended its turn
	StopString         // one of the request's stop strings appeared
	TokenLimit         // MaxTokens were generated
	ContextFull        // no position is left in the context
	Cancelled          // the request's context was cancelled; the partial text stays
	Failed             // Delta.Err says what went wrong; the partial text stays
)

func (r Reason) String() string {
	return [...]string{"unfinished", "end of turn", "stop string", "token limit", "context full", "cancelled", "failed"}[r]
}

// Delta is what a Stream gained since the last Take.
type Delta struct {
	Text     string // answer text
	Thinking string // text of the model's thinking block, kept apart
	Tokens   int    // tokens behind Text and Thinking
	Notice   string // something the user should know, e.g. the template that was substituted
	LeftOut  int    // messages behind the system prompt that do not fit the context; 0 is none, or not known yet
	Done     bool   // true exactly once, in the last Delta
	Reason   Reason // set with Done
	Err      error  // set with Done when Reason is Failed
}

// Stream carries one answer from the engine to whoever shows it. The producer
// never waits: text gathers in the stream, and Ready holds at most one
// wake-up. Deltas may be merged, but nothing is lost and Done comes exactly
// once.
//
//	for range s.Ready() {
//		d := s.Take()
//		fmt.Print(d.Text)
//		if d.Done {
//			return d.Err
//		}
//	}
type Stream struct {
	ready chan struct{}

	mu       sync.Mutex
	text     []byte
	thinking []byte
	notice   string
	tokens   int
	leftOut  int
	ended    bool // finish was called
	taken    bool // the final Delta was handed out
	reason   Reason
	err      error
}

// NewStream returns an empty stream: the end that Append, Notify and Finish
// feed, for one answer.
func NewStream() *Stream {
	return &Stream{ready: make(chan struct{}, 1)}
}

// Ready receives a value when there is something to Take. Its capacity is one:
// it says that there is something, never how much.
func (s *Stream) Ready() <-chan struct{} { return s.ready }

// Take returns everything since the last Take.
func (s *Stream) Take() Delta {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := Delta{Text: string(s.text), Thinking: string(s.thinking), Tokens: s.tokens, Notice: s.notice, LeftOut: s.leftOut}
	s.text, s.thinking, s.tokens, s.notice = s.text[:0], s.thinking[:0], 0, ""
	if s.ended && !s.taken {
		s.taken = true
		d.Done, d.Reason, d.Err = true, s.reason, s.err
	}
	return d
}

func (s *Stream) wake() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// Append adds the text of one token. It never waits.
func (s *Stream) Append(text, thinking []byte) { s.put(text, thinking, 1) }

// add adds text of tokens that were counted before.
func (s *Stream) add(text, thinking []byte) { s.put(text, thinking, 0) }

func (s *Stream) put(text, thinking []byte, tokens int) {
	s.mu.Lock()
	s.text = append(s.text, text...)
	s.thinking = append(s.thinking, thinking...)
	s.tokens += tokens
	s.mu.Unlock()
	s.wake()
}

// Notify adds something that the user should know.
func (s *Stream) Notify(notice string) {
	s.mu.Lock()
	if s.notice != "" {
		s.notice += "; "
	}
	s.notice += notice
	s.mu.Unlock()
	s.wake()
}

// LeaveOut says how many messages the answer is given without.
func (s *Stream) LeaveOut(messages int) {
	s.mu.Lock()
	s.leftOut = messages
	s.mu.Unlock()
	s.wake()
}

// Finish ends the stream; only the first call counts.
func (s *Stream) Finish(r Reason, err error) {
	s.mu.Lock()
	if !s.ended {
		s.ended, s.reason, s.err = true, r, err
	}
	s.mu.Unlock()
	s.wake()
}
