package pull

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const commit = "0123456789abcdef0123456789abcdef01234567"

// content is a file of n bytes that begins like a model file.
func content(n int, seed uint64) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	copy(b, magic)
	return b
}

func sumOf(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// hub is a local server that speaks as the hub does, with one repository
// org/repo, and does what a test tells it to.
type hub struct {
	*httptest.Server
	files map[string][]byte
	// listing replaces the list of files.
	listing func() any
	next    string // where the list of files goes on

	mu sync.Mutex
	// serve answers a request for a file in the hub's place, if it returns true.
	serve func(w http.ResponseWriter, r *http.Request, data []byte) bool
	sent  int      // bytes of files
	auth  []string // what came as Authorization, one a request
}

func newHub(t *testing.T, files map[string][]byte) *hub {
	t.Helper()
	h := &hub{files: files}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.auth = append(h.auth, r.Header.Get("Authorization"))
	serve := h.serve
	h.mu.Unlock()
	switch p := r.URL.Path; {
	case p == "/api/models/org/repo/revision/main":
		writeJSON(w, map[string]any{"sha": commit, "siblings": []string{}})
	case p == "/api/models/org/repo/tree/"+commit && r.URL.Query().Get("cursor") == "2":
		writeJSON(w, []any{entryOf("second-Q4_K_M.gguf", h.files["second-Q4_K_M.gguf"])})
	case p == "/api/models/org/repo/tree/"+commit && r.URL.Query().Get("recursive") == "true":
		if h.next != "" {
			w.Header().Set("Link", "<"+h.next+`>; rel="next"`)
		}
		if h.listing != nil {
			writeJSON(w, h.listing())
			return
		}
		list := []any{map[string]any{"type": "directory", "path": "sub", "oid": commit}}
		for name, b := range h.files {
			list = append(list, entryOf(name, b))
		}
		writeJSON(w, list)
	default:
		name, ok := strings.CutPrefix(p, "/org/repo/resolve/"+commit+"/")
		if !ok {
			name = strings.TrimPrefix(p, "/")
		}
		data, ok := h.files[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if serve == nil || !serve(w, r, data) {
			h.send(w, r, data)
		}
	}
}

// send serves a file as a sound server does.
func (h *hub) send(w http.ResponseWriter, r *http.Request, data []byte) {
	w.Header().Set("ETag", `"`+sumOf(data)[:8]+`"`)
	http.ServeContent(counting{w, h}, r, "", time.Time{}, bytes.NewReader(data))
}

// serves sets who answers.
func (h *hub) serves(f func(w http.ResponseWriter, r *http.Request, data []byte) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.serve = f
}

// sentBytes, requests and auths say what was counted.
func (h *hub) sentBytes() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sent
}

func (h *hub) requests() int { return len(h.auths()) }

func (h *hub) auths() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.auth)
}

// counting counts what is sent.
type counting struct {
	http.ResponseWriter
	h *hub
}

func (c counting) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.h.mu.Lock()
	c.h.sent += n
	c.h.mu.Unlock()
	return n, err
}

func entryOf(name string, b []byte) map[string]any {
	return map[string]any{
		"type": "file", "path": name, "oid": commit, "size": 134,
		"lfs": map[string]any{"oid": sumOf(b), "size": len(b), "pointerSize": 134},
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v)
}

// first reports whether this is the small first request for a file.
func first(r *http.Request) bool { return r.Header.Get("Range") == "bytes=0-3" }

// options are those of a test: an empty machine, and little patience.
func (h *hub) options(t *testing.T) Options {
	t.Helper()
	dir := t.TempDir()
	return Options{
		Endpoint: h.URL, Hub: filepath.Join(dir, "hub"), Own: filepath.Join(dir, "own"),
		PartBytes: 100_000, Stall: 2 * time.Second, Tries: 4, Backoff: time.Millisecond,
	}
}

// holds reports an error unless a file has that content and nothing of a
// download lies around below dir.
func holds(t *testing.T, dir, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes, %v; want %d", path, len(got), err, len(want))
	}
	if left := leftovers(t, dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func leftovers(t *testing.T, dir string) (left []string) {
	t.Helper()
	for _, path := range tree(t, dir) {
		if strings.Contains(filepath.Base(path), ".runnel") {
			left = append(left, path)
		}
	}
	return left
}

// tree lists what is below a folder and is none.
func tree(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path) // it is below
			all = append(all, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// says checks that an error is one clear line.
func says(err error, want string) error {
	switch {
	case err == nil:
		return fmt.Errorf("no error, want %q", want)
	case !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n"):
		return fmt.Errorf("%q, want %q in one line", err.Error(), want)
	}
	return nil
}
