package infer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/infer/chat"
)

// TestLeaveOut: a conversation that outgrows the context goes on with a
// beginning that stays for several turns, and the count of what is left out
// agrees with what the model is told.
func TestLeaveOut(t *testing.T) {
	e := openTiny(t, tinyLlama, Options{Threads: 1, Context: 256})
	msgs := []chat.Message{{Role: "system", Content: "sys"}}
	room := 256 - 64
	before, changes := 0, 0
	for turn := range 40 {
		msgs = append(msgs, chat.Message{Role: "user", Content: fmt.Sprintf("q%d %s", turn, strings.Repeat("a", turn%7))})
		p, left, err := e.fit(msgs, Request{LeaveOut: true}, func(string) {})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.ids) > room {
			t.Fatalf("turn %d: %d tokens in a room of %d", turn, len(p.ids), room)
		}
		want, err := e.chat.prompt(e.tokens, append(msgs[:1:1], msgs[1+left:]...), Request{}, func(string) {})
		if err != nil || len(want.ids) != len(p.ids) {
			t.Fatalf("turn %d: %d tokens are left, want %d, %v", turn, len(p.ids), len(want.ids), err)
		}
		if left > 0 && msgs[1+left].Role != "user" {
			t.Fatalf("turn %d begins with %+v", turn, msgs[1+left])
		}
		if left != 0 {
			changes++
			if left <= 0 || len(p.ids) > room/2 {
				t.Errorf("turn %d: %d left out, %d tokens remain", turn, left, len(p.ids))
			}
			// Whoever shows the conversation goes on without them.
			msgs = append(msgs[:1:1], msgs[1+left:]...)
		}
		before = len(p.ids)
		msgs = append(msgs, chat.Message{Role: "assistant", Content: "yes"})
	}
	if changes < 2 || changes > 12 || before == 0 {
		t.Errorf("the beginning changed %d times", changes)
	}
}

// TestNothingIsLeftOutUnasked: without leave a prompt that is too long is an
// error, and so is a last message that does not fit by itself.
func TestNothingIsLeftOutUnasked(t *testing.T) {
	e := openTiny(t, tinyLlama, Options{Threads: 1, Context: 128})
	var msgs []chat.Message
	for range 12 {
		msgs = append(msgs, chat.Message{Role: "user", Content: "abcabcabc"}, chat.Message{Role: "assistant", Content: "yes"})
	}
	msgs = append(msgs, chat.Message{Role: "user", Content: "abc"})
	if _, d := finish(e.Generate(context.Background(), msgs, Request{MaxTokens: 2})); !errors.Is(d.Err, ErrPromptTooLong) || d.LeftOut != 0 {
		t.Errorf("without leave: %v, %d left out", d.Err, d.LeftOut)
	}
	if _, d := finish(e.Generate(context.Background(), msgs, Request{MaxTokens: 2, LeaveOut: true})); d.Err != nil || d.LeftOut == 0 {
		t.Errorf("with leave: %v, %d left out", d.Err, d.LeftOut)
	}
	msgs = append(msgs, chat.Message{Role: "assistant", Content: "yes"}, chat.Message{Role: "user", Content: strings.Repeat("x", 300)})
	if _, d := finish(e.Generate(context.Background(), msgs, Request{MaxTokens: 2, LeaveOut: true})); !errors.Is(d.Err, ErrPromptTooLong) {
		t.Errorf("a last message that is too long: %v", d.Err)
	}
}
