package token

import (
	"slices"
	"strings"
)

// Names that end a generation or mark a gap to fill in. Files often fail to
// say which tokens do, or give them the wrong type, so they are found by
// name. Markers look like nothing else and are believed whatever their type;
// words may also be text (</s> is HTML), and are believed only if the file
// itself says that they are not ordinary tokens.
var (
	endMarkers = []string{
		"<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|calls|>", "<|flush|>",
		"<|endoftext|>", "<|end_of_text|>", "<|eom_id|>", "<end_of_turn>", "<end_of_utterance>", "<turn|>",
		"<|tool_response>", "<｜end▁of▁sentence｜>", "_<EOT>", "<|fim_pad|>", "<|fim_repo|>", "<|repo_name|>",
		"<|file_sep|>",
	}
	endWords = []string{
		"</s>", "<eos>", "<EOT>", "[EOT]", "[EOS]", "<PAD>", "[PAD]", "<fim-pad>", "<fim_pad>", "<fim-repo>",
		"<REPO>", "<reponame>",
	}
	gapMarkers = []string{
		"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|code_prefix|>", "<|code_suffix|>",
		"<|code_middle|>", "<|prefix|>", "<|suffix|>", "<|middle|>", "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>",
	}
	gapWords = []string{
		"<fim-prefix>", "<fim-suffix>", "<fim-middle>", "<fim_prefix>", "<fim_suffix>", "<fim_middle>",
		"<PRE>", "<SUF>", "<MID>", "▁<PRE>", "▁<SUF>", "▁<MID>",
	}
)

// findEnds collects the tokens that end a generation, and makes them and the
// gap markers control tokens.
func (v *vocab) findEnds(m *metadata) {
	for _, duty := range []string{"eos", "eot", "eom", "fim_pad", "fim_rep", "fim_sep"} {
		if id := v.duty(duty, noID); id >= 0 {
			v.ends = append(v.ends, id)
		}
	}
	v.promote(endMarkers, true, true)
	v.promote(endWords, false, true)
	v.promote(gapMarkers, true, false)
	v.promote(gapWords, false, false)
	v.dropFalseEnds()
	slices.Sort(v.ends)
	v.ends = slices.Compact(v.ends)

	for _, id := range append([]int32{v.duty("bos", noID)}, v.ends...) {
		if id >= 0 && v.kinds[id] != byteKind && looksLikeMarker(v.texts[id]) {
			v.kinds[id] = control
		}
	}
}

func (v *vocab) promote(names []string, evenNormal, end bool) {
	for _, name := range names {
		id := v.index.find(name)
		if id < 0 || v.kinds[id] == normal && !evenNormal {
			continue
		}
		v.kinds[id] = control
		if end {
			v.ends = append(v.ends, id)
		}
	}
}

// dropFalseEnds knows two families. In those that end with <|return|> or
// <|flush|>, <|end|> only closes one of several messages; in the one with
// <|tool_response>, </s> is text.
func (v *vocab) dropFalseEnds() {
	has := func(name string) bool {
		id := v.index.find(name)
		return id >= 0 && slices.Contains(v.ends, id)
	}
	drop := func(name string) {
		id := v.index.find(name)
		v.ends = slices.DeleteFunc(v.ends, func(end int32) bool { return end == id })
	}
	if (has("<|call|>") || has("<|calls|>")) && (has("<|return|>") || has("<|flush|>")) {
		drop("<|end|>")
	}
	if has("<|tool_response>") {
		drop("</s>")
	}
}

// looksLikeMarker keeps a file that names a comma or a newline as its end
// token from taking that away from the text.
func looksLikeMarker(text string) bool {
	return len(text) > 2 && (strings.HasPrefix(text, "<") && strings.HasSuffix(text, ">") ||
		strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]"))
}
