package token

import "unicode/utf8"

// Byte-level vocabularies spell each byte as one printable character, so that
// token texts are valid UTF-8: visible Latin-1 characters stand for
// themselves, the other 68 bytes for U+0100 and up, in order. A space is Ġ.
// https://github.com/openai/gpt-2/blob/master/src/encoder.py
var (
	byteRune [256]rune
	runeByte [0x144]int16 // -1: stands for no byte
)

func init() {
	for r := range runeByte {
		runeByte[r] = -1
	}
	next := rune(0x100)
	for b := range byteRune {
		r := rune(b)
		if b < '!' || b > '~' && b < 0xa1 || b == 0xad {
			r = next
			next++
		}
		byteRune[b], runeByte[r] = r, int16(b)
	}
}

// appendSpelling appends the spelling of text.
func appendSpelling(dst []byte, text string) []byte {
	for i := range len(text) {
		dst = utf8.AppendRune(dst, byteRune[text[i]])
	}
	return dst
}

// appendSpelled appends the bytes that a spelling stands for. A character
// that stands for none is kept as it is.
func appendSpelled(dst []byte, spelling string) []byte {
	for _, r := range spelling {
		if int(r) < len(runeByte) && runeByte[r] >= 0 {
			dst = append(dst, byte(runeByte[r]))
		} else {
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
