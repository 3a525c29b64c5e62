package main

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/runnel-chat/runnel/gguf/synth"
)

// TestPullInATerminal downloads as a person does: interrupted half way, gone
// on with, and deleted again after a second thought.
func TestPullInATerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "small.gguf")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(synth.Write(f, "tiny", "Q8_0", 1), f.Close()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if n := asked.Add(1); n == 2 { // the first asks what it is
			w = halfway{w, r, len(data) / 2, new(int)}
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}))
	t.Cleanup(server.Close)

	term := newTerminal(t)
	pull := program(t) + " pull " + server.URL + "/small.gguf; echo left $?"
	term.keys("cd; clear; "+pull, "Enter")
	term.until(`small\.gguf +(4\d|50) % `)
	term.keys("C-c")
	term.until(`left 130`)
	term.keys("clear; "+pull, "Enter")
	if s := term.until(`(?s)small\.gguf +100 % .*left 0`); !strings.Contains(s, "/.local/share/runnel/models/small.gguf") {
		t.Errorf("no path on the screen:\n%s", s)
	}
	for _, answer := range []struct{ key, want string }{
		{"n", `(?s)nothing was deleted.*left 1`},
		{"C-c", `\^C\s+left 130`},
		{"y", `(?s)deleted small.*left 0`},
	} {
		// What the screen still shows of the last time is above no such line.
		term.keys("clear; echo now "+answer.key+"; "+program(t)+" rm small; echo left $?", "Enter")
		term.until(`(?ms)^now ` + answer.key + `$.*Delete small, .*\? \[y/N\]`)
		if term.keys(answer.key); answer.key != "C-c" {
			term.keys("Enter")
		}
		term.until(answer.want)
	}
}

// halfway sends so many bytes and then nothing until the client has gone.
type halfway struct {
	http.ResponseWriter
	r    *http.Request
	most int
	sent *int
}

func (h halfway) Write(b []byte) (int, error) {
	n, err := h.ResponseWriter.Write(b[:min(len(b), h.most-*h.sent)])
	*h.sent += n
	if err == nil && *h.sent == h.most {
		err = http.NewResponseController(h.ResponseWriter).Flush()
		<-h.r.Context().Done()
		err = errors.Join(err, h.r.Context().Err())
	}
	return n, err
}
