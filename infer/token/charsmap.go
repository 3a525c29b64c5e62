package token

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// maxReplacement bounds what one character may become, in bytes; the longest
// of Unicode's own compatibility forms has 33.
const maxReplacement = 64

// A charsMap is SentencePiece's compiled normalisation: a double array trie
// of what to replace, then the replacements, each with a zero after it. A node
// has its label in bits 0-7 and 31, in bit 8 whether the node at its base
// holds a replacement, and its base in bits 10-30, times 256 if bit 9 is set.
type charsMap struct {
	nodes        []uint32
	replacements []byte
}

func newCharsMap(blob []byte) (c charsMap, err error) {
	if len(blob) == 0 {
		return c, nil
	}
	if len(blob) < 4 {
		return c, fmt.Errorf("token: the map of characters is cut off")
	}
	size := uint64(binary.LittleEndian.Uint32(blob))
	if blob = blob[4:]; size > uint64(len(blob)) || size%4 != 0 {
		return c, fmt.Errorf("token: the map of characters has %d bytes of %d", len(blob), size)
	}
	c.nodes, c.replacements = make([]uint32, size/4), blob[size:]
	for i := range c.nodes {
		c.nodes[i] = binary.LittleEndian.Uint32(blob[4*i:])
	}
	return c, nil
}

// prefix returns what replaces the start of text, which is not empty, and how
// long that start is: the longest the map knows, else one character as it is.
func (c *charsMap) prefix(text string) (replacement string, n int) {
	at := c.base(0)
	for i := 0; i < len(text) && text[i] != 0; i++ {
		at ^= uint32(text[i])
		node := c.node(at)
		if node&(1<<31|0xff) != uint32(text[i]) {
			break
		}
		at ^= c.base(at)
		if node>>8&1 == 1 {
			if r, ok := c.replacement(c.node(at) &^ (1 << 31)); ok {
				replacement, n = r, i+1
			}
		}
	}
	if n > 0 {
		return replacement, n
	}
	r, n := utf8.DecodeRuneInString(text)
	if r == utf8.RuneError {
		return string(r), n
	}
	return text[:n], n
}

// node is 0, which has no children, outside of the array.
func (c *charsMap) node(at uint32) uint32 {
	if uint64(at) < uint64(len(c.nodes)) {
		return c.nodes[at]
	}
	return 0
}

func (c *charsMap) base(at uint32) uint32 {
	node := c.node(at)
	return node >> 10 << (node & (1 << 9) >> 6)
}

func (c *charsMap) replacement(at uint32) (string, bool) {
	if uint64(at) >= uint64(len(c.replacements)) {
		return "", false
	}
	r := c.replacements[at:min(len(c.replacements), int(at)+maxReplacement)]
	end := bytes.IndexByte(r, 0)
	return string(r[:max(end, 0)]), end >= 0
}

// A normalizer makes text what a unigram vocabulary was trained on. It is
// copied for each text, because it remembers where it is.
type normalizer struct {
	chars           charsMap
	prefix, suffix  bool // the text starts or ends with a space it does not have
	merge           bool // runs of spaces count as one, before every word
	inWord, started bool
}

// normalize returns text with ▁ for its spaces; last says that it is the end.
func (n *normalizer) normalize(text string, last bool) string {
	var out []byte
	for text != "" {
		chars, size := n.chars.prefix(text)
		text = text[size:]
		for _, b := range []byte(chars) {
			if b != ' ' {
				if !n.inWord && (n.merge || n.prefix && !n.started) {
					out = append(out, escapedSpace...)
				}
				n.started = n.started || !n.inWord
				out = append(out, b)
			} else if !n.merge {
				out = append(out, escapedSpace...)
			}
			n.inWord = b != ' '
		}
	}
	if last && n.suffix {
		out = append(out, escapedSpace...)
	}
	return string(out)
}
