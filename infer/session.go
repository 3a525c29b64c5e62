package infer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/infer/kv"
	"github.com/runnel-chat/runnel/infer/model"
	"github.com/runnel-chat/runnel/infer/sample"
	"github.com/runnel-chat/runnel/prefetch"
)

// session is one timeline of tokens over an open model: what is in the KV
// cache, and how to make it longer. It belongs to one goroutine at a time.
type session struct {
	model *model.Model
	store *prefetch.Store
	cache *kv.Cache
	pass  *model.Pass
	count *counters

	ids    []int32       // the tokens behind the cached positions
	ready  sample.Logits // those after them, where a draft was read to its end; no values: not known
	best   int           // how many logits an answer needs of each row; 0: all
	tables []int         // the number in the store of each of the model's tables
	row    []byte        // one row of a table, as stored

	worked func() time.Duration // of a GPU, so far; nil: there is none
	kind   prefetch.PassKind    // of the pass in hand
	before time.Duration        // worked when it began

	drafting bool // the last passes were of a draft
	base     int  // where the cache can go back to, however the draft changes
}

// markTokens is how much of a prompt must be left for a place that the next
// prompt will probably still share: templates rewrite the end of the last one.
const markTokens = 64

// sync makes the cache hold exactly want and returns the logits after its
// last token. The longest common prefix is reused; the caller never speaks of
// appending or rewinding.
func (s *session) sync(ctx context.Context, want []int32) (sample.Logits, error) {
	s.drafting = false
	if ready := s.ready; ready.Values != nil && slices.Equal(s.ids, want) {
		s.ready = sample.Logits{} // whoever draws from them may change them
		s.count.prompt(len(want), len(want))
		return ready, nil
	}
	s.truncate(min(shared(s.ids, want), len(want)-1))
	s.cache.Trim(len(want) + accel.KVBlock) // a shorter conversation gives memory to the weights
	s.count.prompt(len(want), len(s.ids))
	return s.extend(ctx, want)
}

// extend computes what the cache lacks of want, which begins with what it
// holds, and returns the logits after the last token. When the device is lost,
// it starts again without it.
func (s *session) extend(ctx context.Context, want []int32) (sample.Logits, error) {
	logits, err := s.compute(ctx, want)
	if errors.Is(err, accel.ErrDeviceLost) {
		logits, err = s.compute(ctx, want)
	}
	return logits, err
}

func (s *session) compute(ctx context.Context, want []int32) (sample.Logits, error) {
	for {
		if len(want)-len(s.ids) >= markTokens {
			s.cache.Mark()
		}
		logits, err := s.prefill(ctx, want, s.count.prefilled)
		if err != nil || logits.Values != nil {
			return logits, err
		}
	}
}

// prefill runs the next batch of want, and returns the logits after the last
// token if that is in it.
func (s *session) prefill(ctx context.Context, want []int32, count func(int, time.Duration)) (sample.Logits, error) {
	n := min(s.pass.Capacity(), len(want)-len(s.ids))
	last := len(s.ids)+n == len(want)
	start, stalled := time.Now(), s.store.Stalled()
	if err := s.forward(ctx, want[len(s.ids):len(s.ids)+n], prefetch.PassPrefill); err != nil {
		return sample.Logits{}, err
	}
	var logits sample.Logits
	var err error
	if last {
		logits, err = s.logits(n - 1)
	}
	if err := s.end(n, err); err != nil {
		return sample.Logits{}, err
	}
	took := time.Since(start)
	count(n, took)
	s.count.computed(n, took-(s.store.Stalled()-stalled))
	return logits, nil
}

// step appends one token and returns the logits after it.
func (s *session) step(ctx context.Context, id int32) (sample.Logits, error) {
	before := s.ids
	logits, err := s.advance(ctx, id)
	if errors.Is(err, accel.ErrDeviceLost) {
		return s.extend(ctx, append(slices.Clone(before), id))
	}
	return logits, err
}

func (s *session) advance(ctx context.Context, id int32) (sample.Logits, error) {
	var one [1]int32
	one[0] = id
	if err := s.forward(ctx, one[:], prefetch.PassDecode); err != nil {
		return sample.Logits{}, err
	}
	logits, err := s.logits(0)
	if err := s.end(1, err); err != nil {
		return sample.Logits{}, err
	}
	return logits, nil
}

// verify appends a token and those that are guessed to follow it, and returns
// the logits after each. They live until the next pass.
func (s *session) verify(ctx context.Context, id int32, guessed []int32) (accel.Tensor, error) {
	var buf [logitRows]int32
	ids := append(append(buf[:0], id), guessed...)
	kind := prefetch.PassDecode
	if len(guessed) > 0 {
		kind = prefetch.PassVerify
	}
	if err := s.forward(ctx, ids, kind); err != nil {
		return accel.Tensor{}, err
	}
	rows, err := s.model.Logits(s.pass, 0, len(ids))
	return rows, s.end(len(ids), err)
}

// forward begins a pass and runs ids through every layer; end finishes it.
// After an error the cache is as it was before.
func (s *session) forward(ctx context.Context, ids []int32, kind prefetch.PassKind) error {
	pos := s.cache.Len()
	s.ready = sample.Logits{} // the pass writes over them
	if err := s.cache.Extend(len(ids)); err != nil {
		return err
	}
	s.ids = append(s.ids, ids...)
	if err := s.begin(ctx, kind); err != nil {
		s.truncate(pos)
		return err
	}
	s.pass.Pos, s.pass.N, s.pass.Hinting = pos, len(ids), s.store.Hinting()
	err := s.gather(ids)
	if err == nil {
		err = s.model.Forward(ctx, s.pass)
	}
	if err != nil {
		return s.end(len(ids), err)
	}
	return nil
}

// begin begins a pass over the weights.
func (s *session) begin(ctx context.Context, kind prefetch.PassKind) error {
	if s.kind = kind; s.worked != nil {
		s.before = s.worked()
	}
	return s.store.Begin(ctx, kind)
}

// end finishes the pass of the last n tokens. With an error it takes them
// back and drains what the backend still has queued; a lost device takes all
// tokens with it.
func (s *session) end(n int, err error) error {
	if err == nil {
		err = s.store.Verify()
	}
	if err != nil {
		if more := s.pass.Sync(); errors.Is(more, accel.ErrDeviceLost) {
			err = more // else the first error is the one that counts
		}
		left := s.cache.Len() - n
		if errors.Is(err, accel.ErrDeviceLost) {
			left = 0
		}
		s.truncate(left)
	}
	s.store.End()
	if s.worked != nil {
		s.count.worked(s.kind, s.worked()-s.before)
	}
	if errors.Is(err, accel.ErrDeviceLost) {
		s.store.Recall()
	}
	return err
}

// gather fills the activations that a pass begins with: the embeddings of ids,
// and whatever else the model looks up.
func (s *session) gather(ids []int32) error {
	for i := range s.model.Tables {
		t := &s.model.Tables[i]
		dst := s.pass.Rows(t)
		for j, id := range ids {
			row, what := int64(id), "token"
			if t.ByPosition {
				row, what = int64(s.pass.Pos+j), "position"
			}
			if row < 0 || row >= int64(t.Weight.Rows) {
				return fmt.Errorf("infer: %s %d is outside the %d rows of %s", what, row, t.Weight.Rows, t.Name)
			}
			if err := s.store.Row(s.tables[i], row, s.row); err != nil {
				return err
			}
			if err := gguf.Decode(t.Type, dst.Row(j), s.row); err != nil {
				return err
			}
		}
		s.pass.Changed(dst)
	}
	return nil
}

// logits projects row t of the run. The values live until the next pass.
func (s *session) logits(t int) (sample.Logits, error) {
	ids, values, err := s.model.Best(s.pass, t, s.best)
	return sample.Logits{IDs: ids, Values: values}, err
}

// each calls f with the logits of every token of ids, evaluated as one prompt
// from an empty cache.
func (s *session) each(ctx context.Context, ids []int32, f func(pos int, logits []float32) error) error {
	s.drafting = false
	s.truncate(0)
	done := 0
	once := func(pos int, logits []float32) error {
		if pos < done { // computed again, the device was lost
			return nil
		}
		done = pos + 1
		return f(pos, logits)
	}
	for len(s.ids) < len(ids) {
		pos := len(s.ids)
		n := min(s.pass.Capacity(), len(ids)-pos)
		s.cache.Mark()
		err := s.forward(ctx, ids[pos:pos+n], prefetch.PassPrefill)
		if err == nil {
			err = s.end(n, s.project(n, pos, once))
		}
		if err != nil && !errors.Is(err, accel.ErrDeviceLost) {
			return err
		}
	}
	return nil
}

func (s *session) project(n, pos int, f func(int, []float32) error) error {
	for from := 0; from < n; from += s.pass.Outputs() {
		to := min(n, from+s.pass.Outputs())
		var out accel.Tensor
		out, err := s.model.Logits(s.pass, from, to)
		if err != nil {
			return err
		}
		for t := from; t < to; t++ {
			if err := f(pos+t, out.Row(t-from)); err != nil {
				return err
			}
		}
	}
	return nil
}

// truncate forgets the tokens from n on, and more where the cache must.
func (s *session) truncate(n int) {
	if n < len(s.ids) {
		s.ready = sample.Logits{}
	}
	s.ids = s.ids[:s.cache.Truncate(n)]
}

// shared is how many tokens a and b begin with in common.
func shared(a, b []int32) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
