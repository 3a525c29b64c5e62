package token

import (
	"fmt"
	"sync"
	"unicode/utf8"
)

// bpe is byte-pair encoding with a list of merges: the characters of a piece
// are joined pair by pair in the order of the list.
// https://arxiv.org/abs/1508.07909
type bpe struct {
	vocab   *vocab
	split   splitter
	whole   bool       // a piece that is a token is that token
	symbols [256]int32 // the token of each byte before merging, or -1
	pairs   pairTable
	pool    sync.Pool // of *merger
}

// newBPE is the byte-level kind of GPT-2 and most models since.
func newBPE(m *metadata, v *vocab) (model, error) {
	p, ok := presets[m.pre]
	if m.pre == "" {
		p, ok = presets["default"], true
	}
	if !ok {
		return nil, fmt.Errorf("token: pre-tokenizer %q is not supported; the nearest that is: %q",
			clip(m.pre), nearest(m.pre, presets))
	}
	if len(m.merges) == 0 {
		return nil, fmt.Errorf("token: the vocabulary has no merges")
	}
	pairs, err := readMerges(m.merges, v)
	b := &bpe{vocab: v, split: p.split, whole: p.traits&wholeWords != 0, pairs: pairs}
	for i := range b.symbols {
		b.symbols[i] = v.find(string(byteRune[i]))
	}
	b.pool.New = func() any { return new(merger) }
	return b, err
}

func (b *bpe) rank(_ *merger, left, right *symbol) (uint32, int32) {
	return b.pairs.find(left.id, right.id)
}

func (b *bpe) encode(dst []int32, text string) []int32 {
	m := b.pool.Get().(*merger)
	defer b.pool.Put(m)
	b.split.split(text, func(piece string) {
		for piece != "" {
			n := cutLong(piece)
			dst = b.encodePiece(dst, piece[:n], m)
			piece = piece[n:]
		}
	})
	return dst
}

func (b *bpe) encodePiece(dst []int32, piece string, m *merger) []int32 {
	m.reset()
	if b.whole {
		m.text = appendSpelling(m.text, piece)
		if id := b.vocab.findBytes(m.text); id >= 0 {
			return append(dst, id)
		}
	}
	for i := range len(piece) {
		m.push(b.symbols[piece[i]], 1)
	}
	m.merge(b)
	for i := int32(0); i >= 0; i = m.symbols[i].next {
		if id := m.symbols[i].id; id >= 0 {
			dst = append(dst, id)
		} else {
			dst = b.vocab.appendUnknown(dst)
		}
	}
	return dst
}

func (b *bpe) appendText(dst []byte, id int32) []byte {
	return appendSpelled(dst, b.vocab.texts[id])
}

// lineBPE is the kind of Gemma 4: merges over whole lines of plain characters,
// with ▁ for a space and byte tokens for what has no token.
type lineBPE struct{ bpe }

// alwaysBOS: files of Gemma 4 deny the BOS that the model was trained with.
func alwaysBOS(m *metadata) { m.addBOS = nil }

func newLineBPE(m *metadata, v *vocab) (model, error) {
	pairs, err := readMerges(m.merges, v)
	b := &lineBPE{bpe{vocab: v, split: presets["gemma4"].split, pairs: pairs}}
	b.pool.New = func() any { return new(merger) }
	return b, err
}

func (b *lineBPE) encode(dst []int32, text string) []int32 {
	m := b.pool.Get().(*merger)
	defer b.pool.Put(m)
	b.split.split(text, func(piece string) {
		if id := b.vocab.find(piece); id >= 0 && piece[0] == '\n' {
			dst = append(dst, id) // a run of newlines needs no merges
			return
		}
		for piece != "" {
			n := cutLong(piece)
			dst = b.encodeLine(dst, piece[:n], m)
			piece = piece[n:]
		}
	})
	return dst
}

func (b *lineBPE) encodeLine(dst []int32, line string, m *merger) []int32 {
	m.reset()
	for i := 0; i < len(line); {
		_, n := utf8.DecodeRuneInString(line[i:])
		m.pushText(b.vocab, escapeSpace(line[i:i+n]))
		i += n
	}
	m.merge(b)
	return m.appendTokens(dst, b.vocab)
}

func (b *lineBPE) appendText(dst []byte, id int32) []byte {
	return appendUnescaped(dst, b.vocab.texts[id])
}
