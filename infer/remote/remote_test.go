package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/infer/chat"
	"github.com/runnel-chat/runnel/infer/sample"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server answers chat requests by answer and lists one model.
func server(t *testing.T, answer http.HandlerFunc) Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"object":"list","data":[{"id":"tiny","object":"model","max_model_len":4096}]}`)
	})
	mux.HandleFunc("POST /v1/chat/completions", answer)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return Server{Name: "lab", URL: s.URL}
}

func open(t *testing.T, s Server) *Engine {
	t.Helper()
	e, err := s.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() }) // it never fails
	return e
}

// events writes a stream of server-sent events.
func events(w http.ResponseWriter, data ...string) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, d := range data {
		fmt.Fprintf(w, "data: %s\n\n", d)
		w.(http.Flusher).Flush()
	}
}

func text(s string) string {
	b, _ := json.Marshal(s)
	return fmt.Sprintf(`{"choices":[{"index":0,"delta":{"content":%s}}]}`, b)
}

func thought(name, s string) string {
	return fmt.Sprintf(`{"choices":[{"index":0,"delta":{%q:%q}}]}`, name, s)
}

const (
	stop  = `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
	usage = `{"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":4}}}`
	done  = "[DONE]"
)

var hello = []chat.Message{{Role: "system", Content: "Be brief."}, {Role: "user", Content: "Hi"}}

// finish reads a stream to its end.
func finish(s *infer.Stream) (all, thinking, notices string, last infer.Delta) {
	for range s.Ready() {
		d := s.Take()
		all, thinking, notices = all+d.Text, thinking+d.Thinking, notices+d.Notice
		if d.Done {
			return all, thinking, notices, d
		}
	}
	return all, thinking, notices, last
}

// TestInlineThinking: thinking between marks in the text, cut anywhere, is no
// part of the answer; a mark that is never whole is.
func TestInlineThinking(t *testing.T) {
	for _, tt := range []struct {
		pieces         []string
		text, thinking string
	}{
		{[]string{"<th", "ink>\nH", "m.</thi", "nk>\n\nY", "es <think>"}, "Yes <think>", "Hm."},
		{[]string{"[THINK]Hm.[/THINK]Yes"}, "Yes", "Hm."},
		{[]string{"<thi"}, "<thi", ""},
		{[]string{"<think>Hm"}, "", "Hm"},
		{[]string{" Yes"}, " Yes", ""},
	} {
		s := server(t, func(w http.ResponseWriter, _ *http.Request) {
			var all []string
			for _, p := range tt.pieces {
				all = append(all, text(p))
			}
			events(w, append(all, stop, done)...)
		})
		got, thinking, _, d := finish(open(t, s).Generate(t.Context(), hello, infer.Request{}))
		if got != tt.text || thinking != tt.thinking || d.Err != nil {
			t.Errorf("%q: %q, thinking %q, %v", tt.pieces, got, thinking, d.Err)
		}
	}
}

func TestAnswer(t *testing.T) {
	var asked map[string]any
	var header http.Header
	t.Setenv("OPENAI_API_KEY", "of another service")
	t.Setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/")
	t.Setenv("OPENAI_ORG_ID", "of another service")
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		events(w, `{"choices":[{"index":0,"delta":{"role":"assistant","content":null}}]}`,
			thought("reasoning_content", "They greet. "), thought("reasoning", "Greet back."),
			text("Hel"), text("lo\x1b[2J"), stop, usage, done)
	})
	s.Key = "secret"
	e := open(t, s)
	if i := e.Info(); i.Name != "tiny" || i.Context != 4096 || i.Path != s.URL+"#tiny" {
		t.Errorf("%+v", i)
	}
	got, thinking, _, d := finish(e.Generate(t.Context(), hello, infer.Request{
		MaxTokens: 7, Stop: []string{"\n\n"}, Sample: sample.Options{Temperature: 0.5, TopP: 0.25, Seed: 1 << 40},
	}))
	if got != "Hello\x1b[2J" || thinking != "They greet. Greet back." || d.Reason != infer.EndOfTurn || d.Err != nil {
		t.Errorf("%q, %q, %+v", got, thinking, d)
	}
	for _, want := range []string{"model=tiny", "stream=true", "max_tokens=7", "temperature=0.5", "top_p=0.25", "seed=128", "stream_options=map[include_usage:true]", "role:system", "content:Be brief.", "role:user"} {
		name, value, pair := strings.Cut(want, "=")
		if shown := fmt.Sprint(asked["messages"]); !pair && !strings.Contains(shown, want) {
			t.Errorf("the messages are %s, without %s", shown, want)
		} else if pair && fmt.Sprint(asked[name]) != value {
			t.Errorf("%s is %v, want %s", name, asked[name], value)
		}
	}
	if header.Get("Authorization") != "Bearer secret" || header.Get("OpenAI-Organization") != "" {
		t.Errorf("the server is told %v", header)
	}
	st := e.Stats()
	if st.PromptTokens != 12 || st.PromptReused != 4 || st.AnswerTokens != 5 || st.ContextUsed != 17 || st.ContextSize != 4096 ||
		st.TotalDecoded != 5 || st.TimeToFirst <= 0 || st.DecodeDuration <= 0 || st.Phase != infer.Idle {
		t.Errorf("%+v", st)
	}
}

// TestWithoutKey: a key that belongs elsewhere is not given away.
func TestWithoutKey(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "of another service")
	told := ""
	e := open(t, server(t, func(w http.ResponseWriter, r *http.Request) {
		told = fmt.Sprint(r.Header)
		events(w, text("ok"), stop, done)
	}))
	if got, _, _, d := finish(e.Generate(t.Context(), hello, infer.Request{})); got != "ok" || d.Err != nil {
		t.Errorf("%q, %+v", got, d)
	}
	if strings.Contains(told, "another") {
		t.Errorf("the server is told %s", told)
	}
}

// TestFailures: each way to fail ends in one plain line, at the first try,
// and the text that came before it stays.
func TestFailures(t *testing.T) {
	status := func(code int, body string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
			io.WriteString(w, body)
		}
	}
	drop := func(before ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			events(w, before...)
			panic(http.ErrAbortHandler)
		}
	}
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		text   string
		want   string
	}{
		{"key", status(401, `{"error":{"message":"bad key"}}`), "", "lab wants a key that it knows (401)"},
		{"model", status(404, `{"error":{"message":"no such model"}}`), "", `lab has no model "tiny": no such model`},
		{"busy for long", status(429, "slow down", "Retry-After", "90"), "", "lab is busy and asks to wait 1m30s"},
		{"too long", status(400, `{"error":{"message":"the prompt has\n 5000 tokens"}}`), "", "lab refuses (400): the prompt has 5000 tokens"},
		{"detail", status(422, `{"detail":"no"}`), "", "lab refuses (422): no"},
		{"a page", status(500, "<html>"+strings.Repeat("x", 1<<20)), "", "lab failed (500)"},
		{"long words", status(500, `{"message":"`+strings.Repeat("x", 5000)+`"}`), "", strings.Repeat("x", 240) + "…"},
		{"dropped half way", drop(text("par"), text("tial")), "partial", "lab dropped the connection"},
		{"ended half way", func(w http.ResponseWriter, _ *http.Request) { events(w, text("partial")) }, "partial", "the stream ended before the answer did"},
		{"done half way", func(w http.ResponseWriter, _ *http.Request) { events(w, text("partial"), done) }, "partial", "the stream ended before the answer did"},
		{"empty", func(http.ResponseWriter, *http.Request) {}, "", "the stream ended before the answer did"},
		{"an error in the stream", func(w http.ResponseWriter, _ *http.Request) {
			events(w, text("partial"), `{"error":{"message":"out of memory"}}`)
		}, "partial", "out of memory"},
		{"garbage", func(w http.ResponseWriter, _ *http.Request) {
			events(w, text("partial"), "{]", "\x00\xff\xfe", "null")
		}, "partial", "the talk with lab broke"},
		{"no stream", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>hello</html>") }, "", "the stream ended before the answer did"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked atomic.Int32
			e := open(t, server(t, func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				tt.answer(w, r)
			}))
			got, _, _, d := finish(e.Generate(t.Context(), hello, infer.Request{}))
			if got != tt.text || d.Reason != infer.Failed || d.Err == nil || !strings.Contains(d.Err.Error(), tt.want) || strings.Contains(d.Err.Error(), "\n") {
				t.Errorf("%q, %v: %v\nwant %q", got, d.Reason, d.Err, tt.want)
			}
			if asked.Load() != 1 {
				t.Errorf("asked %d times", asked.Load())
			}
		})
	}
}

// TestFlood: neither a line nor an answer without end takes all memory.
func TestFlood(t *testing.T) {
	for name, want := range map[string]string{"line": "a line without end", "answer": "more than an answer can be"} {
		t.Run(name, func(t *testing.T) {
			e := open(t, server(t, func(w http.ResponseWriter, r *http.Request) {
				piece := strings.Repeat("x", 1<<20)
				events(w)
				for r.Context().Err() == nil {
					if name == "answer" {
						piece = "data: " + text(strings.Repeat("x", 1<<20)) + "\n\n"
					}
					if _, err := io.WriteString(w, piece); err != nil {
						return
					}
				}
			}))
			if _, _, _, d := finish(e.Generate(t.Context(), hello, infer.Request{})); d.Err == nil || !strings.Contains(d.Err.Error(), want) {
				t.Errorf("%v, want %q", d.Err, want)
			}
		})
	}
}

// TestTriesAgain: before the first token, a passing failure is tried again
// and said; the server decides for how long to wait.
func TestTriesAgain(t *testing.T) {
	var asked atomic.Int32
	e := open(t, server(t, func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) {
		case 1:
			w.Header().Set("Retry-After", "0.6")
			w.WriteHeader(http.StatusTooManyRequests)
		case 2:
			panic(http.ErrAbortHandler)
		default:
			events(w, text("at last"), stop, done)
		}
	}))
	began := time.Now()
	got, _, notices, d := finish(e.Generate(t.Context(), hello, infer.Request{}))
	if got != "at last" || d.Err != nil || asked.Load() != 3 || !strings.Contains(notices, "trying again in") {
		t.Errorf("%q, %v, asked %d times; %q", got, d.Err, asked.Load(), notices)
	}
	if time.Since(began) < 1500*time.Millisecond {
		t.Errorf("three tries in %v", time.Since(began))
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, err = Server{URL: "http://" + address}.Open(t.Context(), "")
	if want := "remote: nothing listens at " + address + ": connection refused"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	for _, url := range []string{"", "lab", "ftp://lab", "http://", "http://[::1"} {
		if _, err := (Server{URL: url}).Open(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "is not the address") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// TestStall: a server that stops in the middle is given up after a while, one
// that has not begun only by the user, and both at once by cancelling.
func TestStall(t *testing.T) {
	defer func(d time.Duration) { silence = d }(silence)
	silence = 200 * time.Millisecond
	stall := func(before ...string) *Engine {
		return open(t, server(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // or the end of the connection goes unseen
			events(w, before...)
			<-r.Context().Done()
		}))
	}
	got, _, _, d := finish(stall(text("par")).Generate(t.Context(), hello, infer.Request{}))
	if got != "par" || d.Reason != infer.Failed || d.Err == nil || d.Err.Error() != "remote: lab fell silent" {
		t.Errorf("%q, %v: %v", got, d.Reason, d.Err)
	}
	for _, before := range [][]string{nil, {text("par")}} {
		silence = time.Hour
		e := stall(before...)
		ctx, cancel := context.WithCancel(t.Context())
		s := e.Generate(ctx, hello, infer.Request{})
		if d := e.Generate(t.Context(), hello, infer.Request{}).Take(); !errors.Is(d.Err, infer.ErrBusy) {
			t.Errorf("a second request: %v", d.Err)
		}
		time.Sleep(50 * time.Millisecond)
		began := time.Now()
		cancel()
		if _, _, _, d := finish(s); d.Reason != infer.Cancelled || d.Err != nil || time.Since(began) > time.Second {
			t.Errorf("cancelled: %v, %v after %v", d.Reason, d.Err, time.Since(began))
		}
	}
	e := stall(text("par"))
	s := e.Generate(t.Context(), hello, infer.Request{})
	_ = e.Close()
	if _, _, _, d := finish(s); d.Reason != infer.Cancelled || d.Err != nil {
		t.Errorf("closed: %v, %v", d.Reason, d.Err)
	}
	if d := e.Generate(t.Context(), hello, infer.Request{}).Take(); !errors.Is(d.Err, infer.ErrClosed) {
		t.Errorf("after Close: %v", d.Err)
	}
}

// TestChoice: which model is meant, and what servers say of its context.
func TestChoice(t *testing.T) {
	for _, tt := range []struct {
		name, list, model string
		code              int
		want              Model
		err               string
	}{
		{"the only one", `{"data":[{"id":"a","meta":{"n_ctx_train":2048}}]}`, "", 200, Model{"a", 2048}, ""},
		{"named", `{"data":[{"id":"a"},{"id":"b/c","context_length":8192}]}`, "b/c", 200, Model{"b/c", 8192}, ""},
		{"a short name", `{"data":[{"id":"llama:latest"}]}`, "llama", 200, Model{"llama", 0}, ""},
		{"no list", "", "a", 404, Model{"a", 0}, ""},
		{"several", `{"data":[{"id":"a"},{"id":"b"}]}`, "", 200, Model{}, "lab has 2 models; name one with -m, such as a, b"},
		{"none", `{"data":[]}`, "", 200, Model{}, "lab has no models"},
		{"no API", "", "", 404, Model{}, "there is no API at"},
		{"another thing", `{"hello":1}`, "", 200, Model{}, "not with a list of models"},
		{"no JSON", `<html>`, "", 200, Model{}, "remote: "},
		{"a wild context", `{"data":[{"id":"a","max_model_len":-1,"context_length":"x","context_window":99999999999}]}`, "", 200, Model{"a", 0}, ""},
		{"a refusal", "", "a", 401, Model{}, "wants a key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tt.code)
				io.WriteString(w, tt.list)
			}))
			defer h.Close()
			c, err := Server{Name: "lab", URL: h.URL + "/v1/"}.client()
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			got, err := c.choose(t.Context(), tt.model)
			if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%+v, %v; want %+v, %s", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestAddress(t *testing.T) {
	s := Server{URL: "https://lab:8000/v1"}
	for _, model := range []string{"", "llama", "org/model:latest", "a b#c%"} {
		url, got := SplitAddress(s.Address(model))
		if url != s.URL || got != model || !IsAddress(s.Address(model)) {
			t.Errorf("%q becomes %q and %q, %q", model, s.Address(model), url, got)
		}
	}
	if IsAddress("model.gguf") {
		t.Error("a file is taken for an address")
	}
}
