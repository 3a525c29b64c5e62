package token

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// escapedSpace stands for a space in SentencePiece vocabularies.
const escapedSpace = "▁"

func escapeSpace(char string) string {
	if char == " " {
		return escapedSpace
	}
	return char
}

// appendUnescaped appends text with its spaces back.
func appendUnescaped(dst []byte, text string) []byte {
	for {
		i := strings.Index(text, escapedSpace)
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(append(dst, text[:i]...), ' ')
		text = text[i+len(escapedSpace):]
	}
}

// spm is SentencePiece's byte-pair encoding: of all neighbours that together
// are a token, those with the best score are joined first.
// https://arxiv.org/abs/1808.06226
type spm struct {
	vocab  *vocab
	order  []uint32  // by id: rises as the score falls
	prefix bool      // text starts with a space that it does not have
	words  bool      // no token goes over the start of a word, so words merge alone
	pool   sync.Pool // of *merger
}

func newSPM(m *metadata, v *vocab) (model, error) {
	s := &spm{vocab: v, order: make([]uint32, len(v.texts)), prefix: given(m.addSpacePrefix, true), words: true}
	for id, text := range v.texts {
		if m.scores != nil {
			s.order[id] = order(m.scores[id])
		}
		if v.isText(int32(id)) && strings.Contains(strings.TrimLeft(text, escapedSpace), escapedSpace) {
			s.words = false
		}
	}
	s.pool.New = func() any { return new(merger) }
	return s, nil
}

func (s *spm) encode(dst []int32, text string) []int32 {
	m := s.pool.Get().(*merger)
	defer s.pool.Put(m)
	m.reset()
	inSpace := false
	if s.prefix {
		m.pushText(s.vocab, escapedSpace)
		inSpace = true
	}
	for i := 0; i < len(text); {
		_, n := utf8.DecodeRuneInString(text[i:])
		char := escapeSpace(text[i : i+n])
		i += n
		isSpace := char == escapedSpace
		if len(m.text) > maxPiece-utf8.UTFMax || s.words && isSpace && !inSpace && len(m.text) > 0 {
			m.merge(s)
			dst = m.appendTokens(dst, s.vocab)
			m.reset()
		}
		m.pushText(s.vocab, char)
		inSpace = isSpace
	}
	m.merge(s)
	return m.appendTokens(dst, s.vocab)
}

func (s *spm) rank(m *merger, left, right *symbol) (uint32, int32) {
	id := s.vocab.findBytes(m.text[left.start:right.end])
	if id < 0 {
		return 0, -1
	}
	return s.order[id], id
}

func (s *spm) appendText(dst []byte, id int32) []byte {
	return appendUnescaped(dst, s.vocab.texts[id])
}

// pushText appends a character to the piece.
func (m *merger) pushText(v *vocab, char string) {
	m.text = append(m.text, char...)
	m.push(v.find(char), len(char))
}

// appendTokens appends what merging left: tokens, and the bytes of characters
// that are none.
func (m *merger) appendTokens(dst []int32, v *vocab) []int32 {
	if len(m.symbols) == 0 {
		return dst
	}
	for i := int32(0); i >= 0; i = m.symbols[i].next {
		if s := &m.symbols[i]; s.id >= 0 {
			dst = append(dst, s.id)
		} else {
			dst = v.appendBytes(dst, m.text[s.start:s.end])
		}
	}
	return dst
}
