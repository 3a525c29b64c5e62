package token

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// A charset is a sorted list of character ranges: first and last by turns.
type charset []rune

// ranges reads a set as a regular expression writes it between brackets,
// such as "A-Z_a-z". A dash always means a range.
func ranges(spec string) charset {
	var pairs [][2]rune
	r := []rune(spec)
	for len(r) > 0 {
		if len(r) >= 3 && r[1] == '-' {
			pairs, r = append(pairs, [2]rune{r[0], r[2]}), r[3:]
		} else {
			pairs, r = append(pairs, [2]rune{r[0], r[0]}), r[1:]
		}
	}
	slices.SortFunc(pairs, func(a, b [2]rune) int { return int(a[0] - b[0]) })
	var set charset
	for _, p := range pairs {
		if n := len(set); n > 0 && p[0] <= set[n-1] {
			set[n-1] = max(set[n-1], p[1]) // overlapping ranges become one
			continue
		}
		set = append(set, p[0], p[1])
	}
	return set
}

func (set charset) has(r rune) bool {
	i, exact := slices.BinarySearch(set, r)
	return exact || i%2 == 1 // between a first and a last
}

// run returns where the run of characters ends, from s[i], that are in the
// set, or that are not when in is false.
func (set charset) run(s string, i int, in bool) int {
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if set.has(r) != in {
			break
		}
		i += n
	}
	return i
}

// someIn is `[set]+`.
func someIn(set charset) rule {
	return func(s string, i int) int { return set.run(s, i, true) }
}

// someOr is `[mask extra]+` with a few ASCII characters beside the categories.
func someOr(mask class, extra string) rule {
	return func(s string, i int) int {
		t := classes()
		for {
			c, n := t.classAt(s, i)
			if c&mask == 0 && (n != 1 || strings.IndexByte(extra, s[i]) < 0) {
				return i
			}
			i += n
		}
	}
}

// identifier is one ASCII punctuation mark and the `[A-Za-z]+` after it.
func identifier(s string, i int) int {
	if i >= len(s) || s[i] <= ' ' || s[i] >= 0x7f || isAlpha(s[i]) || '0' <= s[i] && s[i] <= '9' {
		return i
	}
	end := i + 1
	for end < len(s) && isAlpha(s[end]) {
		end++
	}
	if end == i+1 {
		return i
	}
	return end
}

func isAlpha(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

// phrase is `(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+`: words joined by single spaces
// stay together.
func phrase(s string, i int) int {
	t, end := classes(), i
	for {
		c, n := t.classAt(s, i)
		if c&letter == 0 {
			return end
		}
		end = t.run(s, i+n, mark)
		if i = end; i < len(s) && s[i] == ' ' {
			i++
		}
	}
}

// clause is `[^(\s|.,!?…。，、।۔،)]+`.
func clause(s string, i int) int {
	t := classes()
	for {
		c, n := t.classAt(s, i)
		if c == 0 || c&space != 0 || stops.run(s[i:i+n], 0, true) > 0 {
			return i
		}
		i += n
	}
}

// The sets that tokenizers spell out. DeepSeek's ideographs start at U+0800;
// the white space in that range is left out because it goes with words.
var (
	ideographs = ranges("\u0800-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e" +
		"\u2060-\u2fff\u3001-\u9fa5\uac00-\ud7ff")
	kana       = ranges("\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff")
	hangul     = ranges("\uac00-\ud7a3\u3131-\u318e")
	wideMarks  = ranges("！…“”‘’—：；，\u3001-\u303f\ufe30-\ufe4f")
	bopomofo   = ranges("\u3105-\u312f")
	asian      = ranges("\u4e00-\u9fff\u3400-\u4dbf\u8c48-\ufaff\u3040-\u309f\u30a0-\u30ff\uff65-\uff9f\u2f00-\u2fdf\u0e40-\u0e7f\u0e80-\u0eff\u1780-\u17ff\u1000-\u109f\uaa60-\uaa7f\ua9e0-\ua9ff\uac00-\ud7af\u1100-\u11ff")
	asciiMarks = ranges("!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002")
	stops      = ranges("(|.,!?…。，、।۔،)")
	lineFeed   = ranges("\n")
	bicameral  = ranges("A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽ" +
		"Ა-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼ" +
		"ℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗ" +
		"Ａ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃")
)
