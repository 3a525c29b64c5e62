package token

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxWord is the longest word, in characters, that BERT takes apart.
const maxWord = 100

// wordPiece is BERT's greedy longest match inside of words, without case and
// accents. The vocabulary has ▁ before a piece that starts a word.
// https://arxiv.org/abs/1810.04805
type wordPiece struct{ vocab *vocab }

func newWordPiece(_ *metadata, v *vocab) (model, error) { return wordPiece{v}, nil }

// separatorEnds: what ends a text here is called the separator.
func separatorEnds(m *metadata) {
	if id, ok := m.ids["seperator"]; ok {
		m.ids["eos"] = id
	}
}

func (w wordPiece) encode(dst []int32, text string) []int32 {
	var word []rune
	end := func() {
		if len(word) > 0 {
			dst = w.encodeWord(dst, word)
			word = word[:0]
		}
	}
	for text != "" {
		n := cutLong(text)
		for _, r := range norm.NFD.String(text[:n]) {
			switch {
			case unicode.IsSpace(r):
				end()
			case r == 0 || r == utf8.RuneError || unicode.Is(unicode.C, r) || unicode.Is(unicode.Mn, r):
			case standsAlone(r):
				end()
				word = append(word, unicode.ToLower(r))
				end()
			case len(word) <= maxWord: // one more shows that it is too long
				word = append(word, unicode.ToLower(r))
			}
		}
		text = text[n:]
	}
	end()
	return dst
}

// standsAlone is for characters that are words of their own: punctuation, as
// BERT sees it, and Chinese characters.
func standsAlone(r rune) bool {
	return unicode.IsPunct(r) || r < utf8.RuneSelf && unicode.IsSymbol(r) || hanzi.has(r)
}

var hanzi = ranges("\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002b73f" +
	"\U0002b740-\U0002b81f\U0002b920-\U0002ceaf\U0002f800-\U0002fa1f")

// encodeWord appends the pieces of a word, or the unknown token for all of it.
func (w wordPiece) encodeWord(dst []int32, word []rune) []int32 {
	if len(word) > maxWord {
		return w.vocab.appendUnknown(dst)
	}
	start := len(dst)
	for rest := escapedSpace + string(word); rest != ""; {
		n := min(len(rest), w.vocab.longest)
		id := w.vocab.find(rest[:n])
		for id < 0 && n > 0 {
			n--
			id = w.vocab.find(rest[:n])
		}
		if n == 0 {
			return w.vocab.appendUnknown(dst[:start])
		}
		dst, rest = append(dst, id), rest[n:]
	}
	return dst
}

func (w wordPiece) appendText(dst []byte, id int32) []byte {
	return appendUnescaped(dst, w.vocab.texts[id])
}
