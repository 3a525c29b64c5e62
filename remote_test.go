package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// answers are what the server says, by a word of the question.
var answers = map[string]string{
	"why": "<think>Hm, a hard one.</think>Because **it is**.",
	"how": "First:\n\n```go\nfunc one() {}\n```\n\nthen:\n\n```sh\nls -l two\n```\n",
	"which": "| name | what it does | how long it takes | who needs it |\n|---|---|---|---|\n" +
		"| the first | opens what was closed | as long as a summer's day | the one who asks |\n",
}

// server speaks the OpenAI protocol, a few letters at a time. "break" cuts
// the connection in the middle of an answer.
func server(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/models" {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"data":[{"id":"lab-model","max_model_len":4096}]}`)
			return
		}
		var asked struct{ Messages []struct{ Content string } }
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
			return
		}
		question := asked.Messages[len(asked.Messages)-1].Content
		w.Header().Set("Content-Type", "text/event-stream")
		text := "I do not know."
		for word, answer := range answers {
			if strings.Contains(question, word) {
				text = answer
			}
		}
		for len(text) > 0 {
			n := min(5, len(text))
			piece, err := json.Marshal(text[:n])
			if err != nil {
				t.Error(err)
			}
			text = text[n:]
			fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":%s}}]}\n\n", piece)
			w.(http.Flusher).Flush()
			time.Sleep(2 * time.Millisecond)
			if strings.Contains(question, "break") {
				panic(http.ErrAbortHandler)
			}
		}
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(s.Close)
	return s
}

// TestRemoteInATerminal: the chat of a server is the chat of a file, with
// thinking, code and tables, and a connection that breaks is said and over.
func TestRemoteInATerminal(t *testing.T) {
	term := newTerminal(t)
	term.tmux("set-option", "-s", "set-clipboard", "on")
	term.keys("cd; clear; "+program(t)+" --remote "+server(t).URL+"; echo left $?", "Enter")
	term.until(`ready · .*lab-model`)
	term.keys("why", "Enter")
	s := term.until(`(?s)thought for.*Because it is\..*ready`)
	if strings.Contains(s, "a hard one") {
		t.Errorf("the thinking is not folded:\n%s", s)
	}
	term.keys("C-t")
	term.until(`Hm, a hard one\.`)
	term.keys("how", "Enter")
	term.until(`(?s)func one.*ls -l two.*ready`)
	term.keys("Tab", "2")
	term.until(`copied the code block 2`)
	if got := term.tmux("show-buffer"); got != "ls -l two\n" {
		t.Errorf("copied %q", got)
	}
	term.keys("Escape")
	term.until(`Enter send`)

	term.keys("which", "Enter")
	if s := term.until(`(?s)the first.*ready`); strings.Contains(s, "as long as a summer's day") {
		t.Errorf("the table is not wrapped:\n%s", s)
	}
	term.keys("Tab", "l")
	term.until(`as long as a summer's day`)
	term.keys("Escape")
	term.until(`Enter send`)

	term.keys("break", "Enter")
	term.until(`✗ .*`)
	term.keys("why", "Enter")
	term.until(`(?s)✗.*Because it is\..*ready`)
	term.keys("C-d")
	term.until(`left 0\n`)
}
