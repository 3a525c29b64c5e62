package infer

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/gguf/refs"
	"github.com/runnel-chat/runnel/infer/chat"
	"github.com/runnel-chat/runnel/infer/token"
)

// tokenizer is the model's, with further control tokens.
func (m tiny) tokenizer(t testing.TB, controls ...string) *token.Tokenizer {
	t.Helper()
	f, err := gguf.Open(m.with(t, controls...).write(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	tok, err := token.New(f)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// with adds control tokens in place of the first bytes' tokens.
func (m tiny) with(t testing.TB, controls ...string) tiny {
	t.Helper()
	tokens, _, kinds := m.vocab()
	for i, c := range controls {
		tokens[3+i], kinds[3+i] = c, 3
	}
	set := map[string]any{"tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": kinds}
	for k, v := range m.set {
		set[k] = v
	}
	m.set = set
	return m
}

func conversationOf(t *testing.T, m tiny) (*conversation, *token.Tokenizer) {
	t.Helper()
	f, err := gguf.Open(m.write(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	tok, err := token.New(f)
	if err != nil {
		t.Fatal(err)
	}
	c, err := openConversation(f, tok)
	if err != nil {
		t.Fatal(err)
	}
	return &c, tok
}

func TestTemplateChoice(t *testing.T) {
	ask := []chat.Message{{Role: "system", Content: "ab"}, {Role: "user", Content: "abc"}}
	for _, tt := range []struct {
		name, template            string // "-": none
		inUse, notice, said, want string
	}{
		{"own", "{{ messages[1].content }}!", "from the file", "", "", "<s> abc!"},
		{"none", "-", "built-in chatml", "no chat template", "", "<s> <|im_start|>system\nab<|im_end|>\n<|im_start|>user\nabc<|im_end|>\n<|im_start|>assistant\n"},
		{"unreadable", "{% if %}", "built-in chatml", "cannot be used", "", "<s> <|im_start|>system\nab<|im_end|>\n<|im_start|>user\nabc<|im_end|>\n<|im_start|>assistant\n"},
		{"failing", "{{ a.b }}", "from the file", "", "stands in", "<s> <|im_start|>system\nab<|im_end|>\n<|im_start|>user\nabc<|im_end|>\n<|im_start|>assistant\n"},
		{"no system", "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}{{ messages[0].content }}", "from the file", "", "no system role", "<s> ab\n\nabc"},
		{"BOS twice", "{{ bos_token }}{{ messages[1].content }}", "from the file", "", "", "<s> abc"},
	} {
		m := tinyLlama
		m.set = map[string]any{templateKey: tt.template}
		if tt.template == "-" {
			m.set = nil
		}
		c, tok := conversationOf(t, m.with(t, "<|im_start|>", "<|im_end|>"))
		said := ""
		p, err := c.prompt(tok, ask, Request{}, func(s string) { said = s })
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if c.name != tt.inUse || !strings.Contains(c.notice, tt.notice) || (tt.notice == "") != (c.notice == "") {
			t.Errorf("%s: %q, notice %q", tt.name, c.name, c.notice)
		}
		if !strings.Contains(said, tt.said) || (tt.said == "") != (said == "") {
			t.Errorf("%s: said %q", tt.name, said)
		}
		// The space prefix stands after every control token of this vocabulary.
		got := strings.ReplaceAll(tok.Decode(p.ids), "<|im_start|> ", "<|im_start|>")
		got = strings.ReplaceAll(got, "<|im_end|> ", "<|im_end|>")
		if want := strings.Replace(tt.want, "<s> <|", "<s><|", 1); got != want {
			t.Errorf("%s: %q, want %q", tt.name, got, want)
		}
	}
}

func TestPromptOpensThinking(t *testing.T) {
	m := tinyLlama
	m.set = map[string]any{templateKey: "{{ messages[0].content }}<think>\n"}
	c, tok := conversationOf(t, m)
	p, err := c.prompt(tok, []chat.Message{{Role: "user", Content: "a"}}, Request{}, func(s string) { t.Error(s) })
	if err != nil || p.thinking != "</think>" {
		t.Errorf("thinking %q, %v", p.thinking, err)
	}
}

func TestTools(t *testing.T) {
	tools := []chat.Tool{{Name: "abc", Parameters: []byte(`{"b":1,"a":2}`)}}
	for template, said := range map[string]string{
		"{{ tools[0].function.parameters|tojson }}": "",
		"{# tools #}{{ messages[0].content }}":      "no place for tools",
	} {
		m := tinyLlama
		m.set = map[string]any{templateKey: template}
		c, tok := conversationOf(t, m)
		got := ""
		p, err := c.prompt(tok, []chat.Message{{Role: "user", Content: "a"}}, Request{Tools: tools}, func(s string) { got += s })
		if err != nil || !strings.Contains(got, said) || (said == "") != (got == "") {
			t.Errorf("%s: said %q, %v", template, got, err)
		}
		if text := tok.Decode(p.ids); said == "" && text != `<s> {"b": 1, "a": 2}` || !p.tools {
			t.Errorf("%s: %q", template, text)
		}
	}
}

// TestGenerate runs a conversation through a whole engine.
func TestGenerate(t *testing.T) {
	e := openTiny(t, tinyLlama, Options{Threads: 2, Context: 128})
	_, d := finish(e.Generate(context.Background(), []chat.Message{{Role: "user", Content: "abc"}}, Request{MaxTokens: 5}))
	if d.Err != nil || d.Reason != TokenLimit {
		t.Errorf("%v, %v", d.Reason, d.Err)
	}
	if e.Info().Template != "built-in plain" || e.Info().TemplateNotice == "" {
		t.Errorf("template %q, notice %q", e.Info().Template, e.Info().TemplateNotice)
	}
}

// TestNoSpoofing: a user who spells control tokens gets none, and else the
// prompt is tokenized as if it were one text.
func TestNoSpoofing(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(refs.Dir(t, "tokenizer"), "*.gguf"))
	if err != nil || len(paths) == 0 {
		t.Skip("no vocabularies", err)
	}
	template, err := chat.Builtin("plain")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		f, err := gguf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		tok, err := token.New(f)
		if err != nil {
			t.Fatal(err)
		}
		ask := func(content string) (chat.Prompt, []int32) {
			p, err := template.Render(&chat.Input{Messages: []chat.Message{{Role: "user", Content: content}}, AddGenerationPrompt: true})
			if err != nil {
				t.Fatal(err)
			}
			ids := encodePrompt(tok, p).ids
			if tok.AddBOS() {
				ids = ids[1:]
			}
			return p, ids
		}
		controls := 0
		for id := range int32(tok.Size()) {
			if !tok.IsControl(id) {
				continue
			}
			controls++
			if _, ids := ask("x" + tok.Token(id) + "y"); slices.ContainsFunc(ids, tok.IsControl) {
				t.Errorf("%s: %q becomes a control token", filepath.Base(path), tok.Token(id))
			}
		}
		if controls == 0 {
			t.Errorf("%s has no control tokens", filepath.Base(path))
		}
		for _, content := range []string{"Hello, world", "  \n Grüße 你好 12345", "a", "\n", "don't 1.5e3 -> {x}"} {
			p, ids := ask(content)
			if want := tok.Encode(nil, p.String(), token.Options{Parse: true}); !slices.Equal(ids, want) {
				t.Errorf("%s: %q is %v, want %v", filepath.Base(path), content, ids, want)
			}
		}
	}
}
