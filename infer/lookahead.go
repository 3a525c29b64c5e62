package infer

import (
	"context"
	"errors"
	"slices"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/infer/sample"
)

// guesser proposes how a text goes on from what it already holds: where the
// last few tokens stood before, the same may follow again (prompt lookup,
// https://github.com/apoorvumang/prompt-lookup-decoding). Code, quotations
// and summaries repeat much of their prompt.
type guesser struct {
	ids  []int32 // the prompt and the answer
	rest int     // tokens for which nothing is proposed
	wait int     // how long the next rest is
	most int     // tokens to propose
}

const (
	guessTokens = logitRows - 1 // the pass has logits for these and the token before them
	leastMatch  = 2             // tokens that must have stood before
	mostMatch   = 8             // more do not make a better match
	longestRest = 64
)

func newGuesser(ids []int32) *guesser {
	return &guesser{ids: append(make([]int32, 0, len(ids)+256), ids...), wait: 1, most: guessTokens}
}

// propose returns at most room tokens that may follow; the slice is valid
// until the next call of add.
func (g *guesser) propose(room int) []int32 {
	if g.rest > 0 {
		g.rest--
		return nil
	}
	n := len(g.ids)
	best, length := 0, leastMatch-1
	for j := n - 2; j >= 0 && length < mostMatch; j-- {
		m := 0
		for m < mostMatch && m <= j && g.ids[j-m] == g.ids[n-1-m] {
			m++
		}
		if m > length {
			best, length = j+1, m
		}
	}
	if length < leastMatch {
		return nil
	}
	return g.ids[best:min(n, best+min(room, g.most))]
}

func (g *guesser) add(id int32) { g.ids = append(g.ids, id) }

// learn adapts to how many of the proposed tokens came true: none makes it
// rest, longer every time.
func (g *guesser) learn(proposed, accepted int) {
	switch {
	case accepted == proposed:
		g.wait, g.most = 1, min(guessTokens, 2*g.most)
	case accepted > 0:
		g.wait, g.most = 1, max(2, accepted+1)
	default:
		g.rest, g.wait = g.wait, min(longestRest, 2*g.wait)
		g.most = 2
	}
}

// lookahead makes an answer longer by one token after the other, like
// session.step, but computes the tokens that a guesser proposes in the same
// pass: a pass that waits for the disk computes eight tokens in the time of
// one. A token is taken only when it is the one that was drawn, so what is
// drawn, and from which distribution, is as without it.
type lookahead struct {
	s     *session
	guess *guesser // nil: one token a pass

	draft []int32      // tokens computed beyond the last one taken
	rows  accel.Tensor // logits after the token before draft, and after each of it
	taken int          // of draft
}

// len is the number of tokens taken; the cache may hold more.
func (a *lookahead) len() int { return len(a.s.ids) - len(a.draft) + a.taken }

// step takes a token and returns the logits after it. They live until the
// next step.
func (a *lookahead) step(ctx context.Context, id int32) (sample.Logits, error) {
	if a.guess == nil {
		return a.s.step(ctx, id)
	}
	a.guess.add(id)
	if a.taken < len(a.draft) && a.draft[a.taken] == id {
		a.taken++
		a.s.count.accepted.Add(1)
		return sample.All(a.rows.Row(a.taken)), nil
	}
	if err := a.drop(ctx); err != nil {
		return sample.Logits{}, err
	}
	a.draft = append(a.draft, a.guess.propose(a.s.cache.Limit()-len(a.s.ids)-1)...)
	a.s.count.proposed.Add(uint64(len(a.draft)))
	before := a.s.ids
	rows, err := a.s.verify(ctx, id, a.draft)
	if err != nil {
		a.draft = a.draft[:0]
		if errors.Is(err, accel.ErrDeviceLost) {
			return a.s.extend(ctx, append(slices.Clone(before), id))
		}
		return sample.Logits{}, err
	}
	a.rows = rows
	return sample.All(rows.Row(0)), nil
}

// drop takes the tokens that did not come true out of the cache. A cache that
// cannot go back so little is filled again, and nothing is proposed any more.
func (a *lookahead) drop(ctx context.Context) error {
	if len(a.draft) == 0 {
		return nil
	}
	a.guess.learn(len(a.draft), a.taken)
	keep := a.len()
	a.draft, a.taken = a.draft[:0], 0
	all := a.s.ids
	a.s.truncate(keep)
	if len(a.s.ids) == keep {
		return nil
	}
	a.guess.rest = 1 << 30
	_, err := a.s.sync(ctx, append([]int32(nil), all[:keep]...))
	return err
}
