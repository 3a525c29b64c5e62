package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/runnel-chat/runnel/gguf/library/pull"
)

// newHub is a local server that speaks as the Hugging Face hub does and has
// the model of h.
func newHub(t *testing.T, h *home) *httptest.Server {
	t.Helper()
	data, err := os.ReadFile(h.model)
	if err != nil {
		t.Fatal(err)
	}
	const commit = "0123456789abcdef0123456789abcdef01234567"
	sum := sha256.Sum256(data)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/api/models/org/repo/revision/main":
			fmt.Fprintf(w, `{"sha":%q}`, commit)
		case "/api/models/org/repo/tree/" + commit:
			fmt.Fprintf(w, `[{"type":"file","path":"small-Q8_0.gguf","lfs":{"oid":%q,"size":%d}}]`, hex.EncodeToString(sum[:]), len(data))
		case "/org/repo/resolve/" + commit + "/small-Q8_0.gguf", "/plain.gguf":
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		case "/stuck.gguf":
			<-r.Context().Done()
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	h.vars["HF_ENDPOINT"] = server.URL
	return server
}

// TestPullAndRemove downloads a model, uses it, and deletes it again.
func TestPullAndRemove(t *testing.T) {
	h := newHome(t)
	server := newHub(t, h)
	for _, tt := range []struct{ reference, dir, name string }{
		{"org/repo", ".cache/huggingface/hub", "small-Q8_0"},
		{server.URL + "/plain.gguf", "data/models", "plain"},
	} {
		code, out, errs := h.cmd("", "pull", tt.reference)
		path := strings.TrimSuffix(out, "\n")
		if code != ExitOK || !strings.HasPrefix(path, filepath.Join(h.dir, filepath.FromSlash(tt.dir))) || !strings.Contains(errs, "100 %") || strings.ContainsAny(errs, "\r\x1b") {
			t.Fatalf("%s: %d, %q, %q", tt.reference, code, out, errs)
		}
		if code, again, errs := h.cmd("", "pull", tt.reference); code != ExitOK || again != out || !strings.Contains(errs, "here already") {
			t.Errorf("%s again: %d, %q, %q", tt.reference, code, again, errs)
		}
		if code, _, errs := h.cmd("", "show", tt.name); code != ExitOK {
			t.Errorf("show %s: %d, %q", tt.name, code, errs)
		}
		if code, _, errs := h.cmd("", "rm", tt.name); code != ExitUsage || !strings.Contains(errs, "--yes") {
			t.Errorf("rm %s without a terminal: %d, %q", tt.name, code, errs)
		}
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		if code, out, errs := h.cmd("", "rm", "--yes", tt.name); code != ExitOK || out != "" || !strings.Contains(errs, "deleted "+tt.name) {
			t.Errorf("rm %s: %d, %q, %q", tt.name, code, out, errs)
		}
		if code, _, _ := h.cmd("", "show", tt.name); code != ExitNotFound {
			t.Errorf("show %s after it was deleted: %d", tt.name, code)
		}
	}
	if left, err := os.ReadDir(filepath.Join(h.dir, ".cache", "huggingface", "hub")); err != nil || len(left) > 0 {
		t.Errorf("left in the cache: %v, %v", left, err)
	}
	if _, err := os.Stat(h.model); err != nil {
		t.Errorf("the other model: %v", err)
	}
}

func TestPullJSON(t *testing.T) {
	h := newHome(t)
	newHub(t, h)
	code, out, errs := h.cmd("", "pull", "org/repo:q8_0", "--json")
	if code != ExitOK || errs != "" {
		t.Fatalf("%d, %q", code, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for i, l := range lines {
		var e struct {
			Type     string
			Paths    []string
			Done     int64 `json:"done_bytes"`
			Total    int64 `json:"total_bytes"`
			Received int64 `json:"received_bytes"`
		}
		if err := json.Unmarshal([]byte(l), &e); err != nil {
			t.Fatal(err)
		}
		switch last := i == len(lines)-1; {
		case last && (e.Type != "done" || len(e.Paths) != 1 || e.Received == 0):
			t.Errorf("the last event is %s", l)
		case !last && (e.Type != "progress" && e.Type != "notice" || e.Done > e.Total):
			t.Errorf("event %s", l)
		}
	}
	if len(lines) < 2 {
		t.Errorf("no progress: %s", out)
	}
}

func TestPullFails(t *testing.T) {
	h := newHome(t)
	server := newHub(t, h)
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"pull", "org/other"}, ExitDownload, "no such model"},
		{[]string{"pull", "org/repo:Q2_K"}, ExitDownload, "it has Q8_0"},
		{[]string{"pull", server.URL + "/none.gguf"}, ExitDownload, "no such model or file"},
		{[]string{"pull", "nonsense"}, ExitUsage, "neither ORG/REPO"},
		{[]string{"pull"}, ExitUsage, ""},
		{[]string{"pull", "org/repo", "--offline"}, ExitUsage, "--offline forbids it"},
		{[]string{"--offline", "pull", "org/repo"}, ExitUsage, "--offline forbids it"},
		{[]string{"rm", "tini"}, ExitNotFound, `"tiny"`},
		{[]string{"rm", "--yes", h.file(t, "elsewhere.gguf", "GGUF")}, ExitFailed, "in none of its folders"},
	} {
		code, out, errs := h.cmd("", tt.args...)
		if code != tt.code || !strings.Contains(errs, tt.want) || out != "" || strings.Count(errs, "\n") != 1 {
			t.Errorf("%q: %d, %q, %q", tt.args, code, out, errs)
		}
	}
	h.vars["RUNNEL_OFFLINE"] = "1"
	if code, _, errs := h.cmd("", "pull", "org/repo"); code != ExitUsage || !strings.Contains(errs, "forbids") {
		t.Errorf("offline: %d, %q", code, errs)
	}
	if code, _, errs := h.cmd("", "list"); code != ExitOK {
		t.Errorf("list offline: %d, %q", code, errs)
	}
	h.vars["RUNNEL_OFFLINE"] = "0"
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	if code, _, errs := h.cmdContext(ctx, "", "pull", server.URL+"/stuck.gguf"); code != ExitInterrupted || errs != "" {
		t.Errorf("interrupted: %d, %q", code, errs)
	}
}

// TestDownloadView: what is shown of a download with a scripted clock.
func TestDownloadView(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(1000, 0).Add(time.Duration(s) * time.Second) }
	const mib = 1 << 20
	steps := []struct {
		second int
		p      pull.Progress
	}{
		{0, pull.Progress{File: "m.gguf", Done: 10 * mib, Total: 100 * mib}},
		{2, pull.Progress{File: "m.gguf", Done: 30 * mib, Total: 100 * mib}},
		{9, pull.Progress{File: "m.gguf", Done: 30 * mib, Total: 100 * mib}},
		{20, pull.Progress{File: "m.gguf", Done: 30 * mib, Total: 100 * mib, Note: "stalled 20s, retrying part 1"}},
		{21, pull.Progress{File: "m\x1b[2J\n.gguf", Done: 60 * mib, Total: 100 * mib}},
		{30, pull.Progress{File: "m.gguf", Done: 100 * mib, Total: 100 * mib}},
		{31, pull.Progress{File: "m.gguf", Done: 100 * mib, Total: 100 * mib}},
	}
	for _, tt := range []struct {
		view downloadView
		want string
	}{
		{downloadView{terminal: true}, "\rm.gguf  10 %  10 MiB of 100 MiB\x1b[K" +
			"\rm.gguf  30 %  30 MiB of 100 MiB  10 MiB/s  7 s left\x1b[K" +
			"\rm.gguf  30 %  30 MiB of 100 MiB  nothing for 7 s\x1b[K" +
			"\rm.gguf  30 %  30 MiB of 100 MiB  stalled 20s, retrying part 1\x1b[K" +
			"\rm; .gguf  60 %  60 MiB of 100 MiB  2 MiB/s  17 s left\x1b[K" +
			"\rm.gguf  100 %  100 MiB of 100 MiB\x1b[K" +
			"\rm.gguf  100 %  100 MiB of 100 MiB\x1b[K\n"},
		{downloadView{}, "m.gguf  10 %  10 MiB of 100 MiB\n" +
			"m.gguf  30 %  30 MiB of 100 MiB  stalled 20s, retrying part 1\n" +
			"m; .gguf  60 %  60 MiB of 100 MiB  2 MiB/s  17 s left\n" +
			"m.gguf  100 %  100 MiB of 100 MiB\n"},
		{downloadView{terminal: true, width: func() int { return 20 }}, ""},
	} {
		var b bytes.Buffer
		v := tt.view
		v.out = &b
		narrow := v.width != nil
		if !narrow {
			v.width = func() int { return 80 }
		}
		for _, s := range steps {
			v.at(s.p, at(s.second))
		}
		v.end()
		if !narrow && b.String() != tt.want {
			t.Errorf("shown:\n%q\nwant:\n%q", b.String(), tt.want)
		}
		for l := range strings.SplitSeq(b.String(), "\r") {
			if narrow && len([]rune(strings.TrimSuffix(strings.TrimSpace(l), "\x1b[K"))) > 19 {
				t.Errorf("too wide: %q", l)
			}
		}
	}
}

// TestAgrees: only a clear yes deletes.
func TestAgrees(t *testing.T) {
	for in, want := range map[string]bool{"y\n": true, " Yes\n": true, "y": true, "\n": false, "": false, "n\n": false, "yesterday\n": false} {
		p := &program{Streams: Streams{In: strings.NewReader(in)}}
		if got, err := p.agrees(context.Background()); got != want || err != nil {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
}
