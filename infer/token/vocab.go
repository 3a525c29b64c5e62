package token

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A kind says what a token is for, with the numbers of
// tokenizer.ggml.token_type.
type kind uint8

const (
	undefined kind = iota
	normal
	unknown // stands for what has no token
	control // means something to the model, is no text
	user    // text that is always one token
	unused
	byteKind // one byte, named <0xXX>
)

// A vocab is a proven list of tokens: lists are of one length, ids are inside,
// byte tokens name a byte.
type vocab struct {
	texts   []string
	kinds   []kind
	index   index
	longest int        // bytes of the longest text
	bytes   [256]int32 // the token of a byte, or -1
	ids     map[string]int32
	ends    []int32 // sorted ids that end a generation
}

func newVocab(m *metadata) (*vocab, error) {
	n := len(m.tokens)
	switch {
	case n == 0:
		return nil, fmt.Errorf("token: the vocabulary has no tokens")
	case n > maxTokens:
		return nil, fmt.Errorf("token: a vocabulary of %d tokens is above the limit of %d", n, maxTokens)
	case m.types != nil && len(m.types) != n:
		return nil, fmt.Errorf("token: %d token types for %d tokens", len(m.types), n)
	case m.scores != nil && len(m.scores) != n:
		return nil, fmt.Errorf("token: %d scores for %d tokens", len(m.scores), n)
	}
	v := &vocab{texts: m.tokens, kinds: make([]kind, n), ids: make(map[string]int32)}
	for duty, id := range m.ids {
		if 0 <= id && int(id) < n {
			v.ids[duty] = id
		}
	}
	if err := v.setKinds(m); err != nil {
		return nil, err
	}
	if id := v.duty("unknown", noID); id >= 0 && (v.texts[id] == "<unk>" || v.texts[id] == "[UNK]") {
		v.kinds[id] = unknown // files also type it control, or not at all
	}
	v.index = newIndex(v.texts, v.isText)
	v.findEnds(m)
	return v, nil
}

// setKinds reads the types, finds the byte tokens and measures the texts.
func (v *vocab) setKinds(m *metadata) error {
	for i := range v.bytes {
		v.bytes[i] = noID
	}
	for id, text := range v.texts {
		k := normal
		if m.types != nil {
			t := m.types[id]
			if t < 0 || t > int64(byteKind) {
				return fmt.Errorf("token: token %d has the unknown type %d", id, t)
			}
			k = kind(t)
		}
		b, isByte := parseByte(text)
		switch {
		case k == byteKind && !isByte:
			return fmt.Errorf("token: token %d is of type byte, but %s names none", id, strconv.Quote(clip(text)))
		case m.types == nil && isByte:
			k = byteKind
		}
		if k == byteKind && v.bytes[b] < 0 {
			v.bytes[b] = int32(id)
		}
		v.kinds[id] = k
		v.longest = max(v.longest, len(text))
	}
	return nil
}

// parseByte reads <0xXX> with two upper-case digits and nothing else.
func parseByte(text string) (b byte, ok bool) {
	if len(text) != 6 || text[:3] != "<0x" || text[5] != '>' {
		return 0, false
	}
	n := 0
	for _, c := range []byte(text[3:5]) {
		d := strings.IndexByte("0123456789ABCDEF", c)
		if d < 0 {
			return 0, false
		}
		n = n<<4 | d
	}
	return byte(n), true
}

func clip(s string) string { return s[:min(len(s), 64)] }

// duty returns the token the file gave a duty, or otherwise.
func (v *vocab) duty(name string, otherwise int32) int32 {
	if id, ok := v.ids[name]; ok {
		return id
	}
	if int(otherwise) >= len(v.texts) {
		return noID
	}
	return otherwise
}

// isText reports whether merging may lead to the token. User-defined tokens
// are found before, as they are; only the parsing of control tokens and the
// fallback to bytes lead to the others.
func (v *vocab) isText(id int32) bool { return v.kinds[id] == normal }

// find returns the token that text may become, or -1.
func (v *vocab) find(text string) int32 {
	if id := v.index.find(text); id >= 0 && v.isText(id) {
		return id
	}
	return noID
}

// is reports whether findBytes(text) is id, or may say no although it is.
func (v *vocab) is(id int32, text []byte) bool {
	return int(id) < len(v.texts) && v.texts[id] == string(text) && v.isText(id) && !v.index.duplicates
}

// findBytes is find for text that is about to be overwritten.
func (v *vocab) findBytes(text []byte) int32 {
	if len(text) <= v.longest {
		if id := v.index.findBytes(text); id >= 0 && v.isText(id) {
			return id
		}
	}
	return noID
}

// appendBytes appends the byte tokens of a character that has no token. If one
// is missing too, the rest is unknown.
func (v *vocab) appendBytes(dst []int32, text []byte) []int32 {
	for _, b := range text {
		id := v.bytes[b]
		if id < 0 {
			return v.appendUnknown(dst)
		}
		dst = append(dst, id)
	}
	return dst
}

// appendUnknown appends the unknown token, or nothing where there is none or
// where the file gives the duty to a control token: no text becomes one.
func (v *vocab) appendUnknown(dst []int32) []int32 {
	if id := v.duty("unknown", noID); v.kindOf(id) == unknown {
		return append(dst, id)
	}
	return dst
}

func (v *vocab) isEnd(id int32) bool {
	_, ok := slices.BinarySearch(v.ends, id)
	return ok
}

// order maps a score to an unsigned number that falls as the score rises, so
// that the best is the least. NaN is the worst of all.
func order(score float32) uint32 {
	if score != score {
		return math.MaxUint32
	}
	bits := math.Float32bits(score + 0) // -0 becomes 0
	if bits>>31 == 0 {
		return ^(bits | 1<<31)
	}
	return bits
}
