package infer

import (
	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/infer/chat"
	"github.com/runnel-chat/runnel/infer/token"
)

type prompt struct {
	ids      []int32
	thinking bool
}

type conversation struct{ name, notice string }

func openConversation(f *gguf.File, t *token.Tokenizer) (conversation, error) {
	return conversation{}, nil
}

func (c *conversation) prompt(t *token.Tokenizer, msgs []chat.Message, r Request, notify func(string)) (prompt, error) {
	return plainPrompt(t, msgs[len(msgs)-1].Content), nil
}

func plainPrompt(t *token.Tokenizer, text string) prompt {
	return prompt{ids: t.Encode(nil, text, token.Options{Special: true, Parse: true})}
}

type writer struct{ s *Stream }

func newWriter(s *Stream, stop []string, thinking bool) *writer { return &writer{s} }
func (w *writer) write(piece []byte) bool                       { w.s.Append(piece, nil); return false }
func (w *writer) flush()                                        {}
