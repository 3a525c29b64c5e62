package ui

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/infer"
)

// lineChat is a chat in lines: what is typed goes in, and said waits for what
// comes out.
type lineChat struct {
	*io.PipeWriter
	e    *fakeEngine
	pull func(ctx context.Context, progress func(Progress)) (string, error)
	end  chan error
	mu   sync.Mutex
	text strings.Builder
	at   int // of text, how much was waited for
}

func (c *lineChat) output(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(p)
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// say waits for words in the output after those that were waited for before.
func (c *lineChat) said(t *testing.T, words string) {
	t.Helper()
	for range 1000 {
		c.mu.Lock()
		all := c.text.String()
		c.mu.Unlock()
		if i := strings.Index(all[c.at:], words); i >= 0 {
			c.at += i + len(words)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%q is not said after %d bytes of\n%s", words, c.at, c.text.String())
}

func (c *lineChat) stream(t *testing.T) *infer.Stream {
	t.Helper()
	for range 1000 {
		c.e.mu.Lock()
		s := c.e.stream
		c.e.stream = nil
		c.e.mu.Unlock()
		if s != nil {
			return s
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("nothing was asked")
	return nil
}

func startLines(t *testing.T, model string) *lineChat {
	in, typed := io.Pipe()
	c := &lineChat{PipeWriter: typed, e: newFakeEngine(), end: make(chan error, 1)}
	o := Options{
		Config: config.Default(), Model: model, In: in, Out: writerFunc(c.output),
		Models: func(context.Context) ([]library.Model, error) { return testModels(), nil },
		Remotes: func(context.Context) []library.Model {
			return []library.Model{{Name: "away", Err: errors.New("gone")}}
		},
		Open: func(context.Context, string, config.Config) (Engine, error) { return c.e, nil },
		Pull: func(ctx context.Context, _ string, progress func(Progress)) (string, error) {
			return c.pull(ctx, progress)
		},
		Clipboard: func(string) error { return nil },
		Request:   func(config.Config, infer.Info) infer.Request { return infer.Request{} },
	}
	go func() { c.end <- RunLines(t.Context(), o) }()
	return c
}

// finish ends the input and returns all that was said.
func (c *lineChat) finish(t *testing.T) string {
	t.Helper()
	c.Close()
	select {
	case err := <-c.end:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the end of the input does not end the chat")
	}
	return c.text.String()
}

func TestLines(t *testing.T) {
	c := startLines(t, "tiny")
	c.said(t, "The model is Tiny Test, with a context of 2048 tokens.\nYou: ")
	io.WriteString(c, "Why?\nAnd then?\n")
	s := c.stream(t)
	s.Append(nil, []byte("Hm. "))
	c.said(t, "The model is thinking.\n")
	s.Append([]byte("It is so. But not al"), nil)
	c.said(t, "Assistant: It is so. ")
	io.WriteString(c, "/stats\n")
	c.said(t, "The answer has 41 tokens, 20.0 a second, the first after 0.4 seconds. The context holds 512 of 2048 tokens. The weights are 636 MiB, the memory budget 8.0 GiB.\n")
	s.Append([]byte("ways.\x1b]52;c;aGk=\x07"), nil)
	s.Finish(infer.TokenLimit, nil)
	c.said(t, "But not always.")
	c.said(t, "\nNote: cut at max_tokens.\n")
	s = c.stream(t) // of the line that waited
	if n := len(c.e.asked[1]); n != 3 || c.e.asked[1][2].Content != "And then?" {
		t.Errorf("asked %+v", c.e.asked[1])
	}
	s.Finish(infer.Failed, errors.New("the disk is gone\x1b[2J"))
	c.said(t, "Error: the disk is gone")
	c.said(t, "\nYou: ")
	io.WriteString(c, "/nothing\n/set temperature 0.5\n/history\n")
	c.said(t, "Note: There is no command /nothing.")
	c.said(t, "temperature is now 0.5")
	c.said(t, "1. /set temperature 0.5\n2. /nothing\n3. And then?\n4. Why?\nType a number to send it again.\nYou: ")
	io.WriteString(c, "/edit\n")
	c.said(t, "/edit needs the screen.")
	io.WriteString(c, "/messages\n")
	c.said(t, "1. You: Why?\n2. Assistant: It is so. But not always.\n3. You: And then?\nType a number to read one.\nYou: ")
	io.WriteString(c, "/find NOT\n1\n/find never\n/think\n")
	c.said(t, "1. Assistant: It is so. But not always.\nType a number to read one.\nYou: ")
	c.said(t, "Assistant: It is so. But not always.\nYou: No message holds never.\n")
	c.said(t, "Thoughts: Hm. \n")
	io.WriteString(c, "/model\n")
	c.said(t, "1. tinyllama-1.1b, 668 MiB, llama.\n2. qwen3-30b-a3b, 18.0 GiB, qwen3moe.\nType a number to choose.\nYou: ")
	io.WriteString(c, "2\n")
	c.said(t, "The model is Tiny Test")
	io.WriteString(c, "\"\"\"\none\n/two\n\"\"\"\n")
	s = c.stream(t)
	if msgs := c.e.asked[2]; msgs[len(msgs)-1].Content != "one\n/two" {
		t.Errorf("asked %+v", msgs)
	}
	s.Append([]byte("Yes"), nil)
	s.Finish(infer.EndOfTurn, nil)
	c.said(t, "Assistant: Yes\nYou: ")
	io.WriteString(c, "/history\n6\n")
	c.said(t, "1. one /two\n2. /model\n")
	c.said(t, "6. Why?\n")
	c.said(t, "You: Why?\n")
	c.stream(t).Finish(infer.EndOfTurn, nil)
	if msgs := c.e.asked[3]; msgs[len(msgs)-1].Content != "Why?" {
		t.Errorf("asked %+v", msgs)
	}
	io.WriteString(c, "/help\n")
	c.said(t, "/model [NAME]: choose another model.\n")
	all := c.finish(t)
	for _, r := range all {
		if r != '\n' && r < ' ' || r == 0x7f || r >= 0x2500 && r < 0x2600 || r == '●' || r == '❯' || r == '·' {
			t.Errorf("the output has %q:\n%s", r, all)
			break
		}
	}
	if strings.Count(all, "You: Why?") > 2 { // once by /messages, once by /history
		t.Error("what was typed is repeated")
	}
}

// TestLinesWithoutModel begins with a list, and ends in the middle of an
// answer only when that is done.
func TestLinesWithoutModel(t *testing.T) {
	c := startLines(t, "")
	c.said(t, "1. tinyllama-1.1b")
	c.said(t, "Type a number to choose.\nYou: ")
	io.WriteString(c, "Hi\n")
	c.said(t, "no model is open")
	io.WriteString(c, "/list\n1\nHi\n")
	s := c.stream(t)
	c.Close()
	time.Sleep(50 * time.Millisecond)
	s.Append([]byte("Hello"), nil)
	s.Finish(infer.EndOfTurn, nil)
	if all := c.finish(t); !strings.HasSuffix(all, "Assistant: Hello\n") {
		t.Errorf("the end is not the answer:\n%s", all)
	}
}

// TestLinesDownload: a download is told in quarters, does not keep from
// chatting, and is waited for at the end of the input.
func TestLinesDownload(t *testing.T) {
	c := startLines(t, "tiny")
	further := make(chan int64)
	c.pull = func(_ context.Context, progress func(Progress)) (string, error) {
		for n := range further {
			progress(Progress{File: "a\x1b[31m.gguf", Done: n << 20, Total: 100 << 20})
		}
		return "a.gguf", nil
	}
	c.said(t, "You: ")
	io.WriteString(c, "/pull org/repo\n")
	c.said(t, "Downloading org/repo. Control C stops it.\n")
	further <- 30
	c.said(t, "Still downloading a.gguf 30 %, 30 MiB of 100 MiB.\n")
	io.WriteString(c, "Hi\n")
	c.stream(t).Finish(infer.EndOfTurn, nil)
	c.Close()
	further <- 80
	c.said(t, "Still downloading a.gguf 80 %")
	close(further)
	if all := c.finish(t); !strings.HasSuffix(all, "org/repo is here; /model opens it.\n") {
		t.Errorf("the end is not that of the download:\n%s", all)
	}
}

func TestLinesInterrupt(t *testing.T) {
	c := startLines(t, "tiny")
	c.said(t, "You: ")
	io.WriteString(c, "Hi\n")
	s := c.stream(t)
	l := &lines{Model: chatWith(t, newFakeEngine()), out: newPrinter(io.Discard)}
	press(l.Model, "Hi", "<enter>")
	ctx := l.Model.engine.(*fakeEngine).ctx
	l.waiting = []string{"more"}
	if l.Update(interruptMsg{}); ctx.Err() == nil || len(l.waiting) != 0 {
		t.Error("an interrupt does not stop the answer and what waits for it")
	}
	l.Model.answer = nil
	l.Update(interruptMsg{})
	if _, cmd := l.Update(interruptMsg{}); cmd == nil {
		t.Error("two interrupts do not end the chat")
	}
	if err := l.out.close(); err != nil {
		t.Error(err)
	}
	s.Finish(infer.Cancelled, nil)
	c.finish(t)
}

func TestSentences(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "no end": "", "One. Two": "One. ", "3.14": "", "a\nb": "a\n", "Is it? Yes! No": "Is it? Yes! ",
	} {
		if got := text[:sentences(text)]; got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}
