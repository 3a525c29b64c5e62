package ui

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A paste longer than this shows as a chip and is sent in full.
const (
	chipLines = 8
	chipRunes = 1000
)

// chips are long pastes, each under the words that stand for it in the
// composer. They live as long as the program: the history may bring one back.
type chips []string

// add keeps text and returns its words.
func (c *chips) add(text string) string {
	*c = append(*c, text)
	return c.words(len(*c) - 1)
}

func (c *chips) words(i int) string {
	return fmt.Sprintf("[Pasted #%d, %d lines]", i+1, 1+strings.Count(strings.TrimSuffix((*c)[i], "\n"), "\n"))
}

// expand puts the pastes in the place of their words. What a paste says is
// not looked at again.
func (c *chips) expand(text string) string {
	var pairs []string
	for i, full := range *c {
		pairs = append(pairs, c.words(i), full)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// pasted is a paste with the line ends that everything here uses. long says
// that it is one for a chip.
func pasted(s string) (text string, long bool) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	return text, strings.Count(strings.TrimSuffix(text, "\n"), "\n") >= chipLines || utf8.RuneCountInString(text) > chipRunes
}
