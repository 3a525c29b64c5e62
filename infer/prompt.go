package infer

import (
	"slices"
	"strings"

	"github.com/runnel-chat/runnel/infer/chat"
	"github.com/runnel-chat/runnel/infer/token"
)

// A prompt is what a model reads before it answers.
type prompt struct {
	ids      []int32
	plain    bool   // no conversation: the answer has no structure
	tools    bool   // the answer may be a call, whose marks are part of it
	thinking string // ends the thinking block that the prompt has opened, or ""
}

// plainPrompt is text without a template, its control tokens included.
func plainPrompt(t *token.Tokenizer, text string) prompt {
	return prompt{plain: true, ids: t.Encode(nil, text, token.Options{Special: true, Parse: true})}
}

// encodePrompt tokenizes a rendered conversation as one text. Names of
// control tokens count only in what the template wrote.
func encodePrompt(t *token.Tokenizer, p chat.Prompt) prompt {
	parts := make([]token.Part, len(p))
	for i, s := range p {
		parts[i] = token.Part{Text: s.Text, Parse: s.Trusted}
	}
	ids := t.EncodeParts(nil, parts, false)
	// Most templates begin with BOS, others leave it to the tokenizer. It is
	// there once, and no EOS: an answer is to follow.
	if t.AddBOS() && (len(ids) == 0 || ids[0] != t.BOS()) {
		ids = slices.Insert(ids, 0, t.BOS())
	}
	return prompt{ids: ids, thinking: openThinking(p)}
}

// openThinking is the end of the thinking block that the template has begun
// last, or "".
func openThinking(p chat.Prompt) string {
	if len(p) == 0 || !p[len(p)-1].Trusted {
		return ""
	}
	end := strings.TrimSpace(p[len(p)-1].Text)
	for _, b := range thinkingBlocks {
		if strings.HasSuffix(end, b.open) {
			return b.end
		}
	}
	return ""
}
