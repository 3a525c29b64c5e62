package token

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// unigram is SentencePiece's language model: of all ways to cut the text into
// tokens, the one with the best sum of scores. https://arxiv.org/abs/1804.10959
type unigram struct {
	vocab   *vocab
	pieces  *names
	scores  []float64
	unknown float64 // score of a character that is no token
	norm    normalizer
}

func newUnigram(m *metadata, v *vocab) (model, error) {
	if m.scores == nil {
		return nil, fmt.Errorf("token: the vocabulary has no scores")
	}
	chars, err := newCharsMap(m.charsMap)
	if err != nil {
		return nil, err
	}
	spaced, suffix := given(m.addSpacePrefix, false), given(m.spaceSuffix, false)
	u := &unigram{vocab: v, pieces: newNames(v, normal), scores: make([]float64, len(m.scores)), norm: normalizer{
		chars: chars, prefix: spaced && !suffix, suffix: spaced && suffix, merge: given(m.mergeSpaces, false),
	}}
	for id, score := range m.scores {
		u.scores[id] = finite(score)
		if v.kinds[id] == normal {
			u.unknown = min(u.unknown, u.scores[id])
		}
	}
	u.unknown -= 10
	return u, nil
}

// finite keeps sums of scores in order: NaN is as bad as can be.
func finite(score float32) float64 {
	const worst = 1e9
	if score != score {
		return -worst
	}
	return min(max(float64(score), -worst), worst)
}

func (u *unigram) encode(dst []int32, text string) []int32 {
	n := u.norm // with a state of its own
	for text != "" {
		cut := cutLong(text)
		line := n.normalize(text[:cut], cut == len(text))
		text = text[cut:]
		for line != "" {
			cut := cutLong(line)
			dst = u.viterbi(dst, line[:cut])
			line = line[cut:]
		}
	}
	return dst
}

// A step is the best way found to reach a place in the text: by which token,
// and from where.
type step struct {
	score float64
	id    int32
	from  int32
}

// viterbi walks over the characters, keeping the best step to each place.
// Every place where a character starts is reached.
func (u *unigram) viterbi(dst []int32, text string) []int32 {
	best := make([]step, len(text)+1)
	for i := range best[1:] {
		best[i+1].score = math.Inf(-1)
	}
	reach := func(from, n int, id int32, score float64) {
		if score += best[from].score; score > best[from+n].score {
			best[from+n] = step{score, id, int32(from)}
		}
	}
	for i := 0; i < len(text); {
		_, size := utf8.DecodeRuneInString(text[i:])
		whole := false
		for n, id := range u.pieces.prefixes(text[i:]) {
			whole = whole || n == size
			reach(i, n, id, u.scores[id])
		}
		if !whole {
			reach(i, size, noID, u.unknown)
		}
		i += size
	}
	return u.backtrack(dst, best)
}

// backtrack appends the best path. Unknown characters side by side are one
// unknown token.
func (u *unigram) backtrack(dst []int32, best []step) []int32 {
	start, inUnknown := len(dst), false
	for at := len(best) - 1; at > 0; at = int(best[at].from) {
		id := best[at].id
		if id >= 0 {
			dst = append(dst, id)
		} else if !inUnknown {
			dst = u.vocab.appendUnknown(dst)
		}
		inUnknown = id < 0
	}
	slices.Reverse(dst[start:])
	return dst
}

func (u *unigram) appendText(dst []byte, id int32) []byte {
	return appendUnescaped(dst, u.vocab.texts[id])
}
