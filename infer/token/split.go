package token

// A rule reports where its match at s[i] ends, and i when there is none. It
// sees nothing before s[i], and the end of s is the end of the text.
type rule func(s string, i int) int

// A stage cuts s and hands every piece, in order and without a gap, to emit.
type stage func(s string, emit func(string))

// matches is the stage of one regular expression with rules as alternatives:
// the first rule with a match at a place wins. Each match is a piece, and so
// is each stretch of text between two matches.
func matches(rules ...rule) stage {
	return func(s string, emit func(string)) {
		gap := 0
		for i := 0; i < len(s); {
			end := firstMatch(rules, s, i)
			if end == i {
				_, n := classes().classAt(s, i)
				i += n
				continue
			}
			if gap < i {
				emit(s[gap:i])
			}
			emit(s[i:end])
			i, gap = end, end
		}
		if gap < len(s) {
			emit(s[gap:])
		}
	}
}

func firstMatch(rules []rule, s string, i int) int {
	for _, r := range rules {
		if end := r(s, i); end > i {
			return end
		}
	}
	return i
}

// A splitter cuts text into the pieces that are merged on their own: each
// stage cuts the pieces of the one before it.
type splitter []stage

func (p splitter) split(s string, emit func(string)) {
	for i := len(p) - 1; i > 0; i-- {
		cut, next := p[i], emit
		emit = func(piece string) { cut(piece, next) }
	}
	p[0](s, emit)
}
