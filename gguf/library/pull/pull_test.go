package pull

import (
	"context"
	"crypto/sha1" // what git names small files by
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestPullFromHub brings a model in parts, and finds it the second time.
func TestPullFromHub(t *testing.T) {
	data := content(1_050_003, 1)
	h := newHub(t, map[string][]byte{"m-Q4_K_M.gguf": data, "m-Q8_0.gguf": content(9, 2), "README.md": []byte("hello")})
	o := h.options(t)
	var done []int64
	o.Progress = func(p Progress) { done = append(done, p.Done) }
	r, err := Pull(context.Background(), "org/repo", o)
	if err != nil {
		t.Fatal(err)
	}
	repo := filepath.Join(o.Hub, "models--org--repo")
	path := filepath.Join(repo, "snapshots", commit, "m-Q4_K_M.gguf")
	if !slices.Equal(r.Paths, []string{path}) || r.Bytes != int64(len(data)) || r.Received != r.Bytes {
		t.Errorf("%+v", r)
	}
	holds(t, o.Hub, path, data)
	if runtime.GOOS != "windows" {
		if target, err := os.Readlink(path); err != nil || target != "../../blobs/"+sumOf(data) {
			t.Errorf("the link leads to %q, %v", target, err)
		}
	}
	if ref, err := os.ReadFile(filepath.Join(repo, "refs", "main")); err != nil || string(ref) != commit {
		t.Errorf("refs/main is %q, %v", ref, err)
	}
	if !slices.IsSorted(done) || len(done) == 0 || done[len(done)-1] != r.Bytes {
		t.Errorf("progress: %v", done)
	}
	if n := h.requests(); n < 2+1+11 {
		t.Errorf("%d requests: not in parts", n)
	}
	sent := h.sentBytes()
	r, err = Pull(context.Background(), "org/repo:q4_k_m", o)
	if again := h.sentBytes() - sent; err != nil || r.Received != 0 || again != 0 {
		t.Errorf("again: %+v, %v, %d bytes sent", r, err, again)
	}
}

// TestPullShards brings every file of a split model, in folders.
func TestPullShards(t *testing.T) {
	files := map[string][]byte{}
	var want []string
	for i := 1; i <= 3; i++ {
		name := fmt.Sprintf("Q4_K_M/m-Q4_K_M-%05d-of-00003.gguf", i)
		files[name] = content(150_000+i, uint64(i))
		want = append(want, name)
	}
	h := newHub(t, files)
	o := h.options(t)
	r, err := Pull(context.Background(), "hf.co/org/repo:Q4_K_M", o)
	if err != nil || len(r.Paths) != 3 {
		t.Fatalf("%+v, %v", r, err)
	}
	for i, path := range r.Paths {
		if !strings.HasSuffix(filepath.ToSlash(path), want[i]) {
			t.Errorf("file %d is %s", i, path)
		}
		holds(t, o.Hub, path, files[want[i]])
	}
}

// TestPullFromAddress brings a file, and for a shard its siblings.
func TestPullFromAddress(t *testing.T) {
	a, b := content(250_000, 1), content(7, 2)
	h := newHub(t, map[string][]byte{"x/one.gguf": a, "x/m-00001-of-00002.gguf": a, "x/m-00002-of-00002.gguf": b, "download": b})
	h.serves(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.URL.Path == "/download" {
			w.Header().Set("Content-Disposition", `attachment; filename="named.gguf"`)
		}
		return false
	})
	o := h.options(t)
	o.Endpoint = "http://hub.invalid"
	for _, tt := range []struct {
		address string
		want    map[string][]byte
	}{
		{"/x/one.gguf", map[string][]byte{"one.gguf": a}},
		{"/x/m-00002-of-00002.gguf", map[string][]byte{"m-00001-of-00002.gguf": a, "m-00002-of-00002.gguf": b}},
		{"/download?id=3", map[string][]byte{"named.gguf": b}},
	} {
		r, err := Pull(context.Background(), h.URL+tt.address, o)
		if err != nil || len(r.Paths) != len(tt.want) {
			t.Fatalf("%s: %+v, %v", tt.address, r, err)
		}
		for name, data := range tt.want {
			holds(t, o.Own, filepath.Join(o.Own, name), data)
		}
	}
	h.files["x/one.gguf"] = b
	if _, err := Pull(context.Background(), h.URL+"/x/one.gguf", o); says(err, "another file") != nil {
		t.Error(err)
	}
	holds(t, o.Own, filepath.Join(o.Own, "one.gguf"), a)
}

// TestPullHubAddress takes the address of a page of the hub for the file.
func TestPullHubAddress(t *testing.T) {
	data := content(1000, 1)
	h := newHub(t, map[string][]byte{"sub/m.gguf": data, "n.gguf": content(99, 2)})
	o := h.options(t)
	r, err := Pull(context.Background(), h.URL+"/org/repo/blob/main/sub/m.gguf?download=true", o)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, o.Hub, r.Paths[0], data)
}

// TestTrouble: what a server breaks off, refuses for a while or forgets is
// tried again until it is whole.
func TestTrouble(t *testing.T) {
	data := content(600_000, 1)
	var n atomic.Int64
	for _, tt := range []struct {
		name  string
		serve func(h *hub, w http.ResponseWriter, r *http.Request) bool
		note  string
	}{
		{"drops", func(h *hub, w http.ResponseWriter, r *http.Request) bool {
			if first(r) || n.Add(1)%3 != 0 {
				return false
			}
			from, to := asked(r)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, len(data)))
			w.Header().Set("Content-Length", strconv.Itoa(to-from+1))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(data[from : from+(to-from)/2])
			panic(http.ErrAbortHandler)
		}, "retrying part"},
		{"refuses", func(_ *hub, w http.ResponseWriter, _ *http.Request) bool {
			if n.Add(1)%3 != 0 {
				return false
			}
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}, "answers 503, retrying"},
		{"stalls", func(_ *hub, w http.ResponseWriter, r *http.Request) bool {
			if first(r) || n.Add(1) != 2 {
				return false
			}
			from, to := asked(r)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, len(data)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(data[from : from+10])
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return true
		}, "stalled 200ms, retrying part"},
		{"no ranges", func(_ *hub, w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
			if first(r) || n.Add(1) != 2 {
				_, _ = w.Write(data)
				return true
			}
			_, _ = w.Write(data[:300_000])
			panic(http.ErrAbortHandler)
		}, ""},
	} {
		n.Store(0)
		h := newHub(t, map[string][]byte{"m.gguf": data})
		h.serves(func(w http.ResponseWriter, r *http.Request, _ []byte) bool { return tt.serve(h, w, r) })
		o := h.options(t)
		if tt.name == "stalls" {
			o.Stall = 200 * time.Millisecond
		}
		var notes []string
		last := int64(-1)
		o.Progress = func(p Progress) {
			if p.Note != "" {
				notes = append(notes, p.Note)
			}
			if p.Done < last {
				t.Errorf("%s: progress goes back from %d to %d", tt.name, last, p.Done)
			}
			last = p.Done
		}
		r, err := Pull(context.Background(), "org/repo", o)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		holds(t, o.Hub, r.Paths[0], data)
		if !strings.Contains(strings.Join(notes, "\n"), tt.note) {
			t.Errorf("%s: told %q", tt.name, notes)
		}
	}
}

// asked is the range that a request names, both ends included.
func asked(r *http.Request) (from, to int) {
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to); err != nil {
		panic(err)
	}
	return from, to
}

// TestLies: a server that says one thing and sends another ends in one clear
// error, and leaves no file with a name.
func TestLies(t *testing.T) {
	data := content(600_000, 1)
	partial := func(w http.ResponseWriter, says string, body []byte) bool {
		w.Header().Set("Content-Range", says)
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(body)
		return true
	}
	for _, tt := range []struct {
		name, want string
		serve      func(w http.ResponseWriter, r *http.Request, from, to int) bool
	}{
		{"a page", `sends no GGUF file but "text/html"`, func(w http.ResponseWriter, _ *http.Request, _, _ int) bool {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte("<html>Log in</html>"))
			return true
		}},
		{"nothing", "sends no GGUF file", func(w http.ResponseWriter, _ *http.Request, _, _ int) bool {
			w.Header().Set("Content-Length", "0")
			return true
		}},
		{"another length", "where the listing says 600000", func(w http.ResponseWriter, r *http.Request, _, _ int) bool {
			return first(r) && partial(w, "bytes 0-3/600001", data[:4])
		}},
		{"a huge length", "was asked for bytes 0-3", func(w http.ResponseWriter, r *http.Request, _, _ int) bool {
			return first(r) && partial(w, "bytes 0-3/99999999999999999999", data[:4])
		}},
		{"another first range", "was asked for bytes 0-3", func(w http.ResponseWriter, r *http.Request, _, _ int) bool {
			return first(r) && partial(w, "bytes 4-7/600000", data[4:8])
		}},
		{"another range", "was asked for", func(w http.ResponseWriter, r *http.Request, from, to int) bool {
			return !first(r) && partial(w, fmt.Sprintf("bytes %d-%d/%d", from+1, to+1, len(data)), data[from:to+1])
		}},
		{"no range after all", "was asked for", func(w http.ResponseWriter, r *http.Request, _, _ int) bool {
			if !first(r) {
				_, _ = w.Write(data)
			}
			return !first(r)
		}},
		{"a longer range", "bytes where", func(w http.ResponseWriter, r *http.Request, from, to int) bool {
			return !first(r) && partial(w, fmt.Sprintf("bytes %d-%d/%d", from, to, len(data)), append(data[from:to+1:to+1], 0))
		}},
		{"other content", "its hash is", func(w http.ResponseWriter, r *http.Request, from, to int) bool {
			return !first(r) && partial(w, fmt.Sprintf("bytes %d-%d/%d", from, to, len(data)), make([]byte, to-from+1))
		}},
		{"an encoding", `encoding "gzip"`, func(w http.ResponseWriter, _ *http.Request, _, _ int) bool {
			w.Header().Set("Content-Encoding", "gzip")
			return false
		}},
		{"always breaks off", "given up after 4 tries", func(w http.ResponseWriter, r *http.Request, from, to int) bool {
			if first(r) {
				return false
			}
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, len(data)))
			w.Header().Set("Content-Length", strconv.Itoa(to-from+1))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(data[from : from+1])
			panic(http.ErrAbortHandler)
		}},
		{"whole, always breaks off", "given up after 4 tries", func(w http.ResponseWriter, _ *http.Request, _, _ int) bool {
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
			_, _ = w.Write(data[:400_000])
			panic(http.ErrAbortHandler)
		}},
		{"busy for ever", "answers 500", func(w http.ResponseWriter, _ *http.Request, _, _ int) bool {
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}},
		{"private", "set HF_TOKEN", func(w http.ResponseWriter, _ *http.Request, _, _ int) bool {
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}},
		{"a circle", "redirects", func(w http.ResponseWriter, r *http.Request, _, _ int) bool {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
			return true
		}},
		{"another scheme", "a redirect from http to ftp", func(w http.ResponseWriter, r *http.Request, _, _ int) bool {
			http.Redirect(w, r, "ftp://127.0.0.1/m.gguf", http.StatusFound)
			return true
		}},
	} {
		h := newHub(t, map[string][]byte{"m.gguf": data})
		h.serves(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
			from, to := asked(r)
			return tt.serve(w, r, from, to)
		})
		if strings.HasPrefix(tt.name, "whole") {
			h.serves(func(w http.ResponseWriter, r *http.Request, _ []byte) bool { return tt.serve(w, r, 0, 0) })
		}
		o := h.options(t)
		_, err := Pull(context.Background(), "org/repo", o)
		if e := says(err, tt.want); e != nil || !errors.Is(err, ErrFailed) {
			t.Errorf("%s: %v", tt.name, e)
		}
		for _, path := range tree(t, o.Hub) {
			if !strings.Contains(path, ".runnel") {
				t.Errorf("%s: it leaves %s", tt.name, path)
			}
		}
	}
}

// TestEndlessAddress: a plain address that does not say how much it sends, or
// whose file changes meanwhile, is no model.
func TestEndlessAddress(t *testing.T) {
	data := content(600_000, 1)
	h := newHub(t, map[string][]byte{"m.gguf": data})
	o := h.options(t)
	o.Endpoint = "http://hub.invalid"
	h.serves(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		for r.Context().Err() == nil {
			if _, err := w.Write(data); err != nil {
				break
			}
		}
		return true
	})
	if _, err := Pull(context.Background(), h.URL+"/m.gguf", o); says(err, "does not say how large") != nil {
		t.Error(err)
	}
	h.serves(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if from, to := asked(r); !first(r) {
			w.Header().Set("ETag", `"other"`)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, len(data)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(data[from : to+1])
			return true
		}
		return false
	})
	if _, err := Pull(context.Background(), h.URL+"/m.gguf", o); says(err, "changed") != nil {
		t.Error(err)
	}
}

// TestBadListings: whatever the hub says of its files, the answer is one error.
func TestBadListings(t *testing.T) {
	good := content(100, 1)
	for _, tt := range []struct {
		name, want string
		listing    any
	}{
		{"no list", "the listing of", map[string]any{"error": "no"}},
		{"empty", "no model", []any{}},
		{"no hash", "no model", []any{map[string]any{"type": "file", "path": "m.gguf", "size": 100, "oid": "../../x"}}},
		{"negative", "no model", []any{map[string]any{"type": "file", "path": "m.gguf", "size": -1, "oid": commit}}},
		{"huge", "no model", []any{map[string]any{"type": "file", "path": "m.gguf", "size": int64(1) << 62, "oid": commit}}},
		{"outside", "no model", []any{entryOf("../../../m.gguf", good)}},
		{"absolute", "no model", []any{entryOf("/m.gguf", good)}},
		{"a shard missing", "no model", []any{entryOf("m-00001-of-00002.gguf", good)}},
		{"two", "several models", []any{entryOf("a.gguf", good), entryOf("b.gguf", good)}},
		{"not there", "has no such model or file", []any{entryOf("gone.gguf", good)}},
	} {
		h := newHub(t, nil)
		h.listing = func() any { return tt.listing }
		o := h.options(t)
		_, err := Pull(context.Background(), "org/repo", o)
		if e := says(err, tt.want); e != nil {
			t.Errorf("%s: %v", tt.name, e)
		}
		if left := tree(t, filepath.Dir(o.Hub)); len(left) > 0 {
			t.Errorf("%s: it leaves %v", tt.name, left)
		}
	}
	h := newHub(t, nil)
	if _, err := Pull(context.Background(), "org/none", h.options(t)); says(err, "no such model") != nil {
		t.Error(err)
	}
}

// TestPages: a listing goes on where it says, at the same host, and not for
// ever.
func TestPages(t *testing.T) {
	data := content(1000, 1)
	h := newHub(t, map[string][]byte{"second-Q4_K_M.gguf": data})
	h.listing = func() any { return []any{entryOf("first-Q8_0.gguf", data)} }
	h.next = "https://hub.invalid/elsewhere?recursive=true&cursor=2"
	o := h.options(t)
	r, err := Pull(context.Background(), "org/repo", o)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, o.Hub, r.Paths[0], data)
	h.next = "?recursive=true&cursor=1"
	if _, err := Pull(context.Background(), "org/repo", o); says(err, "more files than 50 pages") != nil {
		t.Error(err)
	}
	h.next = ":"
	if _, err := Pull(context.Background(), "org/repo", o); says(err, "goes on at no address") != nil {
		t.Error(err)
	}
}

// TestTokenStaysHome: files lie on other hosts than the hub, which must not
// learn the token.
func TestTokenStaysHome(t *testing.T) {
	data := content(300_000, 1)
	var mu sync.Mutex
	var foreign []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		foreign = append(foreign, r.Header.Get("Authorization")+r.Header.Get("Referer"))
		mu.Unlock()
		(&hub{}).send(w, r, data)
	}))
	t.Cleanup(elsewhere.Close)
	h := newHub(t, map[string][]byte{"m.gguf": data})
	h.serves(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		http.Redirect(w, r, elsewhere.URL+"/signed?key=secret", http.StatusFound)
		return true
	})
	o := h.options(t)
	o.Token = "hf_secret"
	r, err := Pull(context.Background(), "org/repo", o)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, o.Hub, r.Paths[0], data)
	for _, a := range h.auths() {
		if a != "Bearer hf_secret" {
			t.Errorf("the hub was sent %q", a)
		}
	}
	if len(foreign) < 2 || strings.Join(foreign, "") != "" {
		t.Errorf("another host was sent %q", foreign)
	}
	// Nor does an address outside the hub, nor an error say what it knows.
	o.Endpoint = "http://hub.invalid"
	if _, err = Pull(context.Background(), elsewhere.URL+"/m.gguf", o); err != nil || strings.Join(foreign, "") != "" {
		t.Errorf("%v, %q", err, foreign)
	}
	elsewhere.Close()
	o = h.options(t)
	if _, err = Pull(context.Background(), "org/repo", o); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("the error is %v", err)
	}
}

// TestResume: what came before an interruption is not loaded again, also by a
// later run.
func TestResume(t *testing.T) {
	data := content(800_000, 1)
	for _, from := range []string{"hub", "address"} {
		h := newHub(t, map[string][]byte{"m.gguf": data})
		o := h.options(t)
		reference := "org/repo"
		if from == "address" {
			o.Endpoint, reference = "http://hub.invalid", h.URL+"/m.gguf"
		}
		ctx, cancel := context.WithCancel(context.Background())
		var parts atomic.Int64
		h.serves(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
			if first(r) || parts.Add(1) <= 3 {
				return false
			}
			<-r.Context().Done()
			return true
		})
		o.Progress = func(p Progress) {
			if p.Done >= 300_000 {
				cancel()
			}
		}
		start := time.Now()
		_, err := Pull(ctx, reference, o)
		if !errors.Is(err, context.Canceled) || errors.Is(err, ErrFailed) {
			t.Fatalf("%s: %v", from, err)
		}
		if took := time.Since(start); took > time.Minute { // it hangs
			t.Errorf("%s: cancelled after %v", from, took)
		}
		if left := leftovers(t, filepath.Dir(o.Hub)); len(left) != 2 {
			t.Errorf("%s: kept %v", from, left)
		}
		h.serves(nil)
		o.Progress = nil
		before := h.sentBytes()
		r, err := Pull(context.Background(), reference, o)
		if err != nil {
			t.Fatalf("%s: %v", from, err)
		}
		if sent := h.sentBytes() - before; r.Received != 500_000 || sent < 500_000 || sent > 500_004 {
			t.Errorf("%s: received %d and sent %d anew", from, r.Received, sent)
		}
		holds(t, filepath.Dir(o.Hub), r.Paths[0], data)
	}
}

// TestNoNetwork: where nobody answers at all, it ends soon.
func TestNoNetwork(t *testing.T) {
	h := newHub(t, nil)
	h.Close()
	if _, err := Pull(context.Background(), "org/repo", h.options(t)); says(err, "given up after 3 tries") != nil {
		t.Error(err)
	}
}

// TestBadNotes: what lies beside a part is believed only when it can be true.
func TestBadNotes(t *testing.T) {
	data := content(300_000, 1)
	for name, note := range map[string]string{
		"none": "", "no JSON": "{", "another size": `{"size":1,"have":[{"From":0,"To":1}]}`,
		"beyond": `{"size":300000,"have":[{"From":0,"To":300001}]}`, "before": `{"size":300000,"have":[{"From":-5,"To":9}]}`,
		"backwards": `{"size":300000,"have":[{"From":9,"To":5}]}`,
	} {
		h := newHub(t, map[string][]byte{"m.gguf": data})
		o := h.options(t)
		blobs := filepath.Join(o.Hub, "models--org--repo", "blobs")
		part := filepath.Join(blobs, sumOf(data))
		if err := errors.Join(os.MkdirAll(blobs, 0o755), os.WriteFile(part+partSuffix, make([]byte, len(data)), 0o600),
			os.WriteFile(part+noteSuffix, []byte(note), 0o600)); err != nil {
			t.Fatal(err)
		}
		if _, err := Pull(context.Background(), "org/repo", o); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		holds(t, o.Hub, part, data)
	}
	// One that could be true and is not costs a download, not a wrong file.
	h := newHub(t, map[string][]byte{"m.gguf": data})
	o := h.options(t)
	part := filepath.Join(o.Hub, "models--org--repo", "blobs", sumOf(data))
	if err := errors.Join(os.MkdirAll(filepath.Dir(part), 0o755), os.WriteFile(part+partSuffix, make([]byte, len(data)), 0o600),
		os.WriteFile(part+noteSuffix, []byte(`{"size":300000,"have":[{"From":0,"To":300000}]}`), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := Pull(context.Background(), "org/repo", o); says(err, "its hash is") != nil {
		t.Error(err)
	}
	if _, err := Pull(context.Background(), "org/repo", o); err != nil {
		t.Error(err)
	}
	holds(t, o.Hub, part, data)
}

// TestSpace: what does not fit is not begun.
func TestSpace(t *testing.T) {
	h := newHub(t, map[string][]byte{"m.gguf": content(5000, 1)})
	o := h.options(t)
	o.free = func(string) (int64, bool) { return 4999, true }
	if _, err := Pull(context.Background(), "org/repo", o); says(err, "are free") != nil {
		t.Error(err)
	}
	o.free = func(string) (int64, bool) { return 5000, true }
	if _, err := Pull(context.Background(), "org/repo", o); err != nil {
		t.Error(err)
	}
	if n, ok := freeSpace(t.TempDir()); ok && n <= 0 {
		t.Errorf("%d bytes are free here", n)
	}
}

// TestTwoAtOnce: one of two downloads of a file does it, the other says so.
func TestTwoAtOnce(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" && runtime.GOOS != "windows" {
		t.Skip("no locks on this system")
	}
	data := content(300_000, 1)
	h := newHub(t, map[string][]byte{"m.gguf": data})
	began, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	h.serves(func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
		if !first(r) {
			once.Do(func() { close(began) })
			<-goOn
		}
		return false
	})
	o := h.options(t)
	result := make(chan error)
	go func() {
		_, err := Pull(context.Background(), "org/repo", o)
		result <- err
	}()
	<-began
	_, err := Pull(context.Background(), "org/repo", o)
	if e := says(err, "another program is downloading it"); e != nil {
		t.Error(e)
	}
	close(goOn)
	if err := <-result; err != nil {
		t.Error(err)
	}
	holds(t, o.Hub, filepath.Join(o.Hub, "models--org--repo", "blobs", sumOf(data)), data)
}

// TestPlantedLinks: links in the cache that lead out of it are not followed.
func TestPlantedLinks(t *testing.T) {
	h := newHub(t, map[string][]byte{"m.gguf": content(5000, 1)})
	o := h.options(t)
	outside := t.TempDir()
	repo := filepath.Join(o.Hub, "models--org--repo")
	if err := os.MkdirAll(repo, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(repo, "blobs")); err != nil {
		t.Skip("no symbolic links:", err)
	}
	if _, err := Pull(context.Background(), "org/repo", o); err == nil {
		t.Error("no error")
	}
	if left := tree(t, outside); len(left) > 0 {
		t.Errorf("written outside: %v", left)
	}
}

// TestGitSum: a file that git itself keeps is checked against git's hash.
func TestGitSum(t *testing.T) {
	data := content(1000, 1)
	h := newHub(t, map[string][]byte{"m.gguf": data})
	sum := sha1.Sum(append([]byte("blob 1000\x00"), data...))
	oid := hex.EncodeToString(sum[:])
	h.listing = func() any {
		return []any{map[string]any{"type": "file", "path": "m.gguf", "size": 1000, "oid": oid}}
	}
	o := h.options(t)
	r, err := Pull(context.Background(), "org/repo", o)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, o.Hub, r.Paths[0], data)
	oid = commit
	if _, err := Pull(context.Background(), "org/repo", h.options(t)); says(err, "its hash is") != nil {
		t.Error(err)
	}
}
