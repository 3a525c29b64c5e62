package infer

import (
	"math"
	"time"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/infer/chat"
	"github.com/runnel-chat/runnel/infer/model"
	"github.com/runnel-chat/runnel/infer/token"
	"github.com/runnel-chat/runnel/prefetch"
)

// demand is what a model asks of a machine, known from its header.
type demand struct {
	weights    int64   // packed bytes
	token      float64 // of them, those that a token multiplies: of experts, the chosen ones
	multiplies float64 // weights that a token multiplies
}

func demandOf(m *model.Model, d *model.Declaration, b accel.Backend) demand {
	var w demand
	for _, x := range d.Matrices {
		if x.Gather {
			continue
		}
		n, _ := b.PackedBytes(x.Type, x.Weight.Rows, x.Weight.Cols) // the declaration has asked before
		share := 1.0
		if x.Expert {
			share = m.ExpertShare()
		}
		w.weights += int64(n)
		w.token += share * float64(n)
		w.multiplies += share * float64(x.Weight.Rows) * float64(x.Weight.Cols)
	}
	return w
}

// Forecast says how fast this machine will be, from what earlier runs and the
// calibration of the disk came to. Zero: nothing is known yet.
type Forecast struct {
	DecodeTPS float64 // tokens a second
	Limiter   string  // of decode: "compute" or "disk"

	decode  float64 // seconds of computing a token
	prefill float64 // seconds of computing a token of a prompt
	stream  float64 // seconds of reading what a pass reads from the file
	load    float64 // seconds of reading everything once
	reads   bool    // a pass reads from the file
	batch   int     // tokens of a pass
}

// forecast works out what w takes at a speed and a rate of the disk, of which
// a pass reads streamed bytes.
func forecast(w demand, s speed, rate float64, streamed, file int64, batch int) Forecast {
	f := Forecast{batch: batch, reads: streamed > 0}
	if s.DecodeBytesPerSecond > 0 {
		f.decode = w.token / s.DecodeBytesPerSecond
	}
	if s.PrefillWeightsPerSecond > 0 {
		f.prefill = w.multiplies / s.PrefillWeightsPerSecond
	}
	if rate > 0 {
		f.stream, f.load = float64(streamed)/rate, float64(file)/rate
	}
	if f.decode == 0 || f.reads && f.stream == 0 {
		return f // half of the sum is unknown
	}
	// Of experts only the chosen ones are read, if they are not in the cache.
	stream := f.stream * w.token / float64(max(1, w.weights))
	if f.Limiter = "compute"; stream > f.decode {
		f.Limiter = "disk"
	}
	f.DecodeTPS = 1 / max(f.decode, stream)
	return f
}

// forecast is what is known of the engine's speed before it has done anything.
func (e *Engine) forecast(budget int64, o Options, path string) Forecast {
	rate := prefetch.ProfileOf(path, o.Cache, false).BytesPerSecond
	return forecast(e.demand, e.known, rate, max(0, e.demand.weights-budget), e.demand.weights, batchTokens)
}

// FirstToken is the time until the first token of an answer to a prompt of n
// tokens that are not in the context yet; loaded tells whether the weights
// that stay in memory are there. 0: not known.
func (f *Forecast) FirstToken(n int, loaded bool) time.Duration {
	if f.prefill == 0 || f.decode == 0 || n <= 0 || !loaded && f.load == 0 || f.reads && f.stream == 0 {
		return 0
	}
	disk := f.passes(n) * f.stream
	if !loaded {
		disk += f.load - f.stream // loading is the first pass
	}
	seconds := max(float64(n)*f.prefill, f.decode, disk)
	return time.Duration(seconds * float64(time.Second))
}

// passes is how many n tokens of a prompt take.
func (f *Forecast) passes(n int) float64 { return math.Ceil(float64(n) / float64(max(1, f.batch))) }

// Price is what an answer will cost, said before it is asked for.
type Price struct {
	Tokens    int           // of the prompt
	Typed     int           // of the last message alone
	LeftOut   int           // messages that the context has no room for
	Reused    int           // of the prompt, those that the context holds already; all: no pass is needed
	Bytes     int64         // read from the file until the first token
	First     time.Duration // until the first token; 0: not known
	DecodeTPS float64       // 0: not known
}

// Price works out what Generate with the same arguments would cost now. It
// renders and tokenizes the conversation, which is quick but not free, and
// may be called while another answer is made.
func (e *Engine) Price(msgs []chat.Message, r Request) (Price, error) {
	p, leftOut, err := e.fit(msgs, r, func(string) {})
	if err != nil {
		return Price{}, err
	}
	typed := 0
	if n := len(msgs); n > 0 {
		typed = len(e.tokens.EncodeParts(nil, []token.Part{{Text: msgs[n-1].Content}}, false))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return Price{}, ErrClosed
	}
	price := Price{Tokens: len(p.ids), Typed: typed, LeftOut: leftOut, Reused: shared(e.held, p.ids)}
	if !e.ready || price.Reused < max(len(e.held), len(p.ids)) {
		price.Reused = min(price.Reused, len(p.ids)-1) // the last one gives the logits
	}
	st := e.store.Stats()
	f := forecast(e.demand, e.speed(st, e.known), st.DiskBytesPerSecond, e.streamed(st), e.info.FileBytes, e.session.pass.Capacity())
	price.DecodeTPS = f.DecodeTPS
	if st.PassSeconds > 0 { // measured here
		price.DecodeTPS = 1 / st.PassSeconds
	}
	left := max(0, st.PinnedBytes-int64(st.LoadedBytes))
	n := price.Tokens - price.Reused
	price.First = f.FirstToken(n, left == 0)
	if n > 0 {
		price.Bytes = int64(f.passes(n))*e.streamed(st) + left
	}
	return price, nil
}

// streamed is what a pass reads from the file, experts outside their cache
// included.
func (e *Engine) streamed(st prefetch.Stats) int64 {
	if st.CacheBytes == 0 {
		return st.StreamedBytes
	}
	return max(st.StreamedBytes, st.WeightBytes-st.AwayBytes-st.PinnedBytes-st.CacheBytes)
}
