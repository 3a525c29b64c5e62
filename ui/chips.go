package ui

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// A paste longer than this shows as a chip and is sent in full.
const (
	chipLines = 8
	chipRunes = 1000
)

// chip is a long text and the words that stand for it in the composer.
type chip struct{ words, text string }

// chips are long pastes and attached files. They live as long as the program:
// the history may bring one back.
type chips []chip

// add keeps a paste and returns its words.
func (c *chips) add(text string) string {
	*c = append(*c, chip{fmt.Sprintf("[Pasted #%d, %s]", len(*c)+1, countLines(text)), text})
	return (*c)[len(*c)-1].words
}

// addFile keeps a file and returns its words.
func (c *chips) addFile(path, text string) string {
	name, size := strings.NewReplacer("[", "(", "]", ")").Replace(plain(filepath.Base(path))), countLines(text)
	full := fileBlock(plain(path), text)
	for n := 1; ; n++ {
		words := fmt.Sprintf("[%s, %s]", name, size)
		if n > 1 {
			words = fmt.Sprintf("[%s #%d, %s]", name, n, size)
		}
		switch old := c.find(words); {
		case old == nil:
			*c = append(*c, chip{words, full})
			return words
		case old.text == full:
			return words
		}
	}
}

func (c *chips) find(words string) *chip {
	for i := range *c {
		if (*c)[i].words == words {
			return &(*c)[i]
		}
	}
	return nil
}

func countLines(text string) string {
	n := 1 + strings.Count(strings.TrimSuffix(text, "\n"), "\n")
	if n == 1 {
		return "1 line"
	}
	return fmt.Sprintf("%d lines", n)
}

// expand puts the texts in the place of their words. What a text says is not
// looked at again.
func (c *chips) expand(text string) string {
	var pairs []string
	for _, chip := range *c {
		pairs = append(pairs, chip.words, chip.text)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// pasted is a paste with the line ends that everything here uses. long says
// that it is one for a chip.
func pasted(s string) (text string, long bool) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	return text, strings.Count(strings.TrimSuffix(text, "\n"), "\n") >= chipLines || utf8.RuneCountInString(text) > chipRunes
}
