package infer

import (
	"sort"

	"github.com/runnel-chat/runnel/infer/chat"
)

// A conversation that outgrows the context goes on without its beginning when
// the request allows it. The system prompt stays, and what is left begins with
// a message of the user. So much is left out at once that the next turns fit
// as well: each time that the beginning changes, all of the rest has to be
// read again.

// answerRoom is what the context keeps free for the answer, in tokens.
const answerRoom = 512

// fit renders a conversation and leaves out what does not fit. LeftOut counts
// the messages behind the system prompt that the model does not see.
func (e *Engine) fit(msgs []chat.Message, r Request, notify func(string)) (p prompt, leftOut int, err error) {
	p, err = e.chat.prompt(e.tokens, msgs, r, notify)
	room := e.info.Context - min(answerRoom, e.info.Context/4)
	if err != nil || !r.LeaveOut || len(p.ids) <= room {
		return p, 0, err
	}
	head, starts := turns(msgs)
	if len(starts) < 2 {
		return p, 0, nil // the last turn alone; whether it fits is the caller's to see
	}
	without := func(i int) (prompt, error) {
		return e.chat.prompt(e.tokens, append(msgs[:head:head], msgs[starts[i]:]...), r, func(string) {})
	}
	// The first turn with which no more than half is used, else the last one.
	last := len(starts) - 1
	i := 1 + sort.Search(last-1, func(i int) bool {
		p, perr := without(i + 1)
		if perr != nil {
			err = perr
		}
		return len(p.ids) <= room/2
	})
	if err != nil {
		return p, 0, err
	}
	p, err = without(i)
	return p, starts[i] - head, err
}

// turns are where the messages of the user begin a turn, behind the head of
// system prompts.
func turns(msgs []chat.Message) (head int, starts []int) {
	for head < len(msgs) && msgs[head].Role == "system" {
		head++
	}
	for i := head; i < len(msgs); i++ {
		if msgs[i].Role == "user" {
			starts = append(starts, i)
		}
	}
	return head, starts
}
