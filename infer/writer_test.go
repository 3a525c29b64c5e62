package infer

import (
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/infer/token"
)

// pieces writes text to a stream in pieces of n bytes.
func pieces(w *writer, text string, n int) (stopped bool) {
	for i := 0; i < len(text); i += n {
		w.held = append(w.held, text[i:min(i+n, len(text))]...)
		stopped = w.advance(false)
		w.s.Append(w.text, w.thinking)
		w.text, w.thinking = w.text[:0], w.thinking[:0]
		if stopped {
			break
		}
	}
	w.flush()
	return stopped
}

func TestWriter(t *testing.T) {
	for _, c := range []struct {
		name, in, text, thinking string
		stop                     []string
		prompt                   prompt
		stopped                  bool
	}{
		{name: "plain", in: " Hello wörld\n", text: " Hello wörld\n"},
		{name: "stop", in: "abc STOP def", text: "abc ", stop: []string{"STOP"}, stopped: true},
		{name: "no stop", in: "abc STO", text: "abc STO", stop: []string{"STOP"}},
		{name: "overlap", in: "aaab", text: "a", stop: []string{"aab"}, stopped: true},
		{name: "first of two", in: "x one two", text: "x ", stop: []string{"two", "one"}, stopped: true},
		{name: "empty stop", in: "abc", text: "abc", stop: []string{""}},
		{name: "thinking", in: "<think>\nhm </thin no\n</think>\n\nYes", text: "Yes", thinking: "hm </thin no\n"},
		{name: "space before", in: "\n <think>a</think>b", text: "b", thinking: "a"},
		{name: "other mark", in: "[THINK]a[/THINK]b", text: "b", thinking: "a"},
		{name: "channel mark", in: "<|channel>thought\na<channel|>b", text: "b", thinking: "a"},
		{name: "from the prompt", in: "\na</think>b", text: "b", thinking: "a", prompt: prompt{thinking: "</think>"}},
		{name: "unended", in: "<think>a</thi", thinking: "a</thi"},
		{name: "quoted later", in: "Write <think>x</think>", text: "Write <think>x</think>"},
		{name: "nearly", in: "<thinner>", text: "<thinner>"},
		{name: "completion", in: "<think>a</think>", text: "<think>a</think>", prompt: prompt{plain: true}},
		{name: "stop in thinking", in: "<think>STOP</think>a", text: "a", thinking: "STOP", stop: []string{"STOP"}},
		{name: "broken", in: "a\xe4\xb8", text: "a\xe4\xb8"},
	} {
		for n := 1; n <= len(c.in); n++ {
			s := NewStream()
			w := newWriter(s, c.stop, c.prompt)
			stopped := pieces(w, c.in, n)
			if d := s.Take(); d.Text != c.text || d.Thinking != c.thinking || stopped != c.stopped {
				t.Errorf("%s in pieces of %d: %q, thinking %q, stopped %t", c.name, n, d.Text, d.Thinking, stopped)
			}
		}
	}
}

// TestWriterHoldsBack: what has been handed out is never part of a stop
// string, a mark or a character.
func TestWriterHoldsBack(t *testing.T) {
	for _, in := range []string{"Hi ST", "<thi", "né"[:2], "[TH", " \n"} {
		s := NewStream()
		w := newWriter(s, []string{"STOP"}, prompt{})
		w.held = append(w.held, in...)
		w.advance(false)
		if got := string(w.text); got != "" && got != "Hi " && got != "n" {
			t.Errorf("%q: %q was handed out", in, got)
		}
		w.text = w.text[:0]
		w.flush()
	}
}

// TestHarmony follows the control tokens of that format.
func TestHarmony(t *testing.T) {
	m := tinyLlama
	tok := m.tokenizer(t, "<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<|constrain|>", "<tool>", "[THINK]", "[/THINK]")
	id := func(name string) int32 {
		id, ok := tok.ID(name)
		if !ok {
			t.Fatalf("no token %s", name)
		}
		return id
	}
	tools := false
	feed := func(words ...string) Delta {
		s := NewStream()
		w := newWriter(s, nil, prompt{tools: tools})
		for _, x := range words {
			if strings.HasPrefix(x, "<") || strings.HasPrefix(x, "[") {
				w.token(tok, id(x))
				continue
			}
			for _, i := range tok.Encode(nil, x, token.Options{}) {
				w.token(tok, i)
			}
		}
		w.flush()
		return s.Take()
	}
	d := feed("<|channel|>", "analysis", "<|message|>", "hm", "<|end|>", "<|start|>", "assistant", "<|channel|>", "final", "<|message|>", "yes")
	if d.Text != "yes" || d.Thinking != "hm" {
		t.Errorf("text %q, thinking %q", d.Text, d.Thinking)
	}
	d = feed("[THINK]", "hm", "[/THINK]", "yes")
	if d.Text != "yes" || d.Thinking != "hm" {
		t.Errorf("text %q, thinking %q", d.Text, d.Thinking)
	}
	call := []string{"<|channel|>", "commentary to=functions.abc ", "<|constrain|>", "json", "<|message|>", "{}"}
	if d = feed(call...); d.Text != "" || d.Thinking != "{}" {
		t.Errorf("a call without tools: text %q, thinking %q", d.Text, d.Thinking)
	}
	tools = true
	if d = feed(call...); d.Text != "functions.abc {}" || d.Thinking != "" {
		t.Errorf("a call: text %q, thinking %q", d.Text, d.Thinking)
	}
	d = feed("<|channel|>", "analysis", "<|message|>", "a", "<|end|>", "<|start|>", "assistant to=functions.b", "<|channel|>", "commentary", "<|message|>", "c")
	if d.Text != "functions.b c" || d.Thinking != "a" {
		t.Errorf("a call named in its header: text %q, thinking %q", d.Text, d.Thinking)
	}
	if d = feed("[THINK]", "a", "[/THINK]", "<tool>", "b"); d.Text != "<tool> b" || d.Thinking != "a" {
		t.Errorf("a call in marks of its own: text %q, thinking %q", d.Text, d.Thinking)
	}
}
