package sample

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
)

// ErrNoFinite is returned when a row of logits holds nothing to choose from:
// every value is NaN or -Inf.
var ErrNoFinite = errors.New("sample: the model gave no finite logit")

// Options are the parameters of the chain. A zero value switches its step off.
type Options struct {
	Temperature   float32 // divides the logits; 0 is greedy
	TopK          int     // keep the k best
	TopP          float32 // keep the best whose probabilities reach p (arXiv 1904.09751)
	MinP          float32 // keep those at least p times as likely as the best (arXiv 2407.01082)
	RepeatPenalty float32 // divides positive logits of recent tokens, multiplies negative ones (arXiv 1909.05858)
	RepeatLast    int     // how many recent tokens count
	Seed          uint64  // of the generator; the same seed draws the same tokens
}

// Default returns the options of a fresh chat.
func Default() Options {
	return Options{Temperature: 0.8, TopK: 40, TopP: 0.95, MinP: 0.05, RepeatPenalty: 1, RepeatLast: 64}
}

// Logits are what a token is drawn from: a row of all of them or the best, in
// any order.
type Logits struct {
	IDs    []int32 // of Values; nil: 0, 1, 2 and so on
	Values []float32
}

// All returns a row with a logit for every token.
func All(values []float32) Logits { return Logits{Values: values} }

// candidate is a token still in the race.
type candidate struct {
	id    int32
	logit float32
}

// Sampler is one chain with its memory of recent tokens. It is for one
// goroutine and allocates only in New.
type Sampler struct {
	o      Options
	rng    *rand.Rand
	cands  []candidate
	probs  []float64
	recent []int32 // ring of the last RepeatLast tokens
	at     int
	full   bool
}

// New returns a sampler for rows of vocab logits.
func New(vocab int, o Options) *Sampler {
	return &Sampler{
		o:      o,
		rng:    rand.New(rand.NewPCG(o.Seed, 0x9e3779b97f4a7c15)),
		cands:  make([]candidate, 0, vocab),
		probs:  make([]float64, 0, vocab),
		recent: make([]int32, max(0, o.RepeatLast)),
	}
}

// Accept tells the sampler of a token that is now part of the text.
func (s *Sampler) Accept(id int32) {
	if len(s.recent) == 0 {
		return
	}
	s.recent[s.at] = id
	if s.at++; s.at == len(s.recent) {
		s.at, s.full = 0, true
	}
}

// Best is how many of the best logits of a row are enough to pick the token that
// the whole row would give; 0: only all of them are.
func (s *Sampler) Best() int {
	best := s.o.TopK
	if s.o.Temperature <= 0 {
		best = 1
	}
	switch p := s.o.RepeatPenalty; {
	case p == 0 || p == 1 || best <= 0:
		return max(0, best)
	case p < 1:
		return 0 // any of the recent tokens may become the best
	}
	return best + len(s.recent) // as many as may become worse
}

// Next picks a token. It may change the logits.
func (s *Sampler) Next(row Logits) (int32, error) {
	logits := row.Values
	s.penalise(row)
	best := int32(-1)
	for i, l := range logits {
		if l == l && !math.IsInf(float64(l), -1) && (best < 0 || l > logits[best]) {
			best = int32(i)
		}
	}
	if best < 0 {
		return 0, ErrNoFinite
	}
	if s.o.Temperature > 0 && !math.IsInf(float64(logits[best]), 1) {
		s.keepTopK(logits, logits[best])
		s.weigh()
		s.keepTopP()
		best = s.draw()
	}
	if row.IDs != nil {
		best = row.IDs[best]
	}
	return best, nil
}

// penalise makes the recent tokens less likely, each once however often it
// occurs.
func (s *Sampler) penalise(row Logits) {
	p, logits := s.o.RepeatPenalty, row.Values
	if p == 0 || p == 1 {
		return
	}
	seen := s.recent[:s.at]
	if s.full {
		seen = s.recent
	}
	for i, id := range seen {
		at := int(id)
		if row.IDs != nil {
			at = slices.Index(row.IDs, id)
		}
		if at < 0 || at >= len(logits) || slices.Contains(seen[:i], id) {
			continue
		}
		if logits[at] > 0 {
			logits[at] /= p
		} else {
			logits[at] *= p
		}
	}
}

// keepTopK leaves the candidates in falling order of their logits. MinP is
// applied here as well, since in logits it is a plain threshold:
// p >= m*pmax  <=>  logit >= max + ln m.
func (s *Sampler) keepTopK(logits []float32, top float32) {
	floor := math.Inf(-1)
	if s.o.MinP > 0 {
		floor = float64(top) + math.Log(float64(min(s.o.MinP, 1)))
	}
	k := s.o.TopK
	if k <= 0 || k > len(logits) {
		k = len(logits)
	}
	s.cands = s.cands[:0]
	for i, l := range logits {
		switch {
		case l != l || math.IsInf(float64(l), -1) || float64(l) < floor:
		case len(s.cands) < k:
			s.cands = append(s.cands, candidate{int32(i), l})
			if len(s.cands) == k && k < len(logits) {
				s.heapify()
			}
		case l > s.cands[0].logit: // the heap's root is the worst of the k
			s.cands[0] = candidate{int32(i), l}
			s.siftDown(0)
		}
	}
	slices.SortFunc(s.cands, func(a, b candidate) int {
		switch {
		case a.logit > b.logit:
			return -1
		case a.logit < b.logit:
			return 1
		}
		return int(a.id - b.id)
	})
}

func (s *Sampler) heapify() {
	for i := len(s.cands)/2 - 1; i >= 0; i-- {
		s.siftDown(i)
	}
}

func (s *Sampler) siftDown(i int) {
	c := s.cands
	for {
		child := 2*i + 1
		if child >= len(c) {
			return
		}
		if child+1 < len(c) && c[child+1].logit < c[child].logit {
			child++
		}
		if c[i].logit <= c[child].logit {
			return
		}
		c[i], c[child] = c[child], c[i]
		i = child
	}
}

// weigh fills probs with the candidates' unnormalised probabilities at
// temperature 1, the scale on which TopP is defined.
func (s *Sampler) weigh() {
	s.probs = s.probs[:0]
	for _, c := range s.cands {
		s.probs = append(s.probs, math.Exp(float64(c.logit)-float64(s.cands[0].logit)))
	}
}

func (s *Sampler) keepTopP() {
	p := float64(s.o.TopP)
	if p <= 0 || p >= 1 {
		return
	}
	sum := 0.0
	for _, w := range s.probs {
		sum += w
	}
	reached := 0.0
	for i, w := range s.probs {
		if reached += w; reached >= p*sum {
			s.cands, s.probs = s.cands[:i+1], s.probs[:i+1]
			return
		}
	}
}

// draw picks among the candidates at the chosen temperature.
func (s *Sampler) draw() int32 {
	top, t := float64(s.cands[0].logit), float64(s.o.Temperature)
	sum := 0.0
	for i, c := range s.cands {
		sum += math.Exp((float64(c.logit) - top) / t)
		s.probs[i] = sum
	}
	r := s.rng.Float64() * sum
	i, _ := slices.BinarySearch(s.probs, r)
	return s.cands[min(i, len(s.cands)-1)].id
}
