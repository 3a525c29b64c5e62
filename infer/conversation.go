package infer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/infer/chat"
	"github.com/runnel-chat/runnel/infer/token"
)

// A conversation knows how to put messages to a model: by the template of its
// file and, where that one is missing or fails, by one of our own.
type conversation struct {
	name, notice string // of the template in use; why it stands in, if so
	own          *chat.Template
	builtin      *chat.Template
	builtinName  string
}

// templateKey holds the template of a file.
const templateKey = "tokenizer.chat_template"

func openConversation(f *gguf.File, t *token.Tokenizer) (conversation, error) {
	has := func(s string) bool {
		_, ok := t.ID(s)
		return ok
	}
	name, _ := f.String("general.name") // a file without one has no name to go by
	c := conversation{builtinName: chat.Choose(has, name)}
	var err error
	if c.builtin, err = chat.Builtin(c.builtinName); err != nil {
		return conversation{}, err
	}
	c.name = "built-in " + c.builtinName
	source, err := f.String(templateKey)
	switch {
	case errors.Is(err, gguf.ErrMissing) || err == nil && source == "":
		c.notice = fmt.Sprintf("the file has no chat template; the %s one stands in", c.name)
		return c, nil
	case err != nil:
		c.notice = fmt.Sprintf("the file's chat template cannot be read (%v); the %s one stands in", err, c.name)
		return c, nil
	}
	if c.own, err = chat.Parse(source); err != nil {
		c.notice = fmt.Sprintf("the file's chat template cannot be used (%v); the %s one stands in", err, c.name)
		return c, nil
	}
	c.name = "from the file"
	return c, nil
}

// prompt renders the conversation. A template that fails is replaced for this
// answer, and notify says so.
func (c *conversation) prompt(t *token.Tokenizer, msgs []chat.Message, r Request, notify func(string)) (prompt, error) {
	in := &chat.Input{
		Messages: msgs, AddGenerationPrompt: true, Tools: r.Tools, Extra: r.Extra, Now: time.Now(),
		BOS: t.Token(t.BOS()), EOS: t.Token(t.EOS()),
	}
	var failed error
	for _, template := range []*chat.Template{c.own, c.builtin} {
		if template == nil {
			continue
		}
		p, folded, err := render(template, in)
		if err != nil {
			failed = err
			continue
		}
		switch {
		case failed != nil:
			notify(fmt.Sprintf("the file's chat template failed (%v); the built-in %s one stands in", failed, c.builtinName))
		case folded:
			notify("the chat template has no system role: its text is now part of the first message")
		}
		if len(r.Tools) > 0 && !template.KnowsTools() {
			notify("the chat template has no place for tools: the model does not hear of them")
		}
		out := encodePrompt(t, p)
		out.tools = len(r.Tools) > 0
		return out, nil
	}
	return prompt{}, fmt.Errorf("infer: no chat template fits the conversation: %w", failed)
}

// render fills in a template. Where it refuses a system message, the message
// becomes part of the first one of the user.
func render(template *chat.Template, in *chat.Input) (p chat.Prompt, folded bool, err error) {
	if p, err = template.Render(in); err == nil {
		return p, false, nil
	}
	var refusal *chat.Refusal
	msgs, ok := foldSystem(in.Messages)
	if !ok || !errors.As(err, &refusal) {
		return nil, false, err
	}
	without := *in
	without.Messages = msgs
	p, err2 := template.Render(&without)
	if err2 != nil {
		return nil, false, err
	}
	return p, true, nil
}

// foldSystem moves the text of leading system messages into the first message
// of the user.
func foldSystem(msgs []chat.Message) ([]chat.Message, bool) {
	var texts []string
	for len(msgs) > 0 && msgs[0].Role == "system" {
		texts, msgs = append(texts, msgs[0].Content), msgs[1:]
	}
	if len(texts) == 0 || len(msgs) == 0 || msgs[0].Role != "user" {
		return nil, false
	}
	out := slices.Clone(msgs)
	out[0].Content = strings.Join(append(texts, out[0].Content), "\n\n")
	return out, true
}
