package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/ui"
)

// labServer repeats the last message, tells which model and key it was asked
// with, and lists two models.
func labServer(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/models" {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"data":[{"id":"small","max_model_len":512},{"id":"org/big"}]}`)
			return
		}
		var asked struct {
			Model    string
			Messages []struct{ Content string }
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		text, _ := json.Marshal(fmt.Sprintf("%s %s %s\x1b[2J", asked.Model, r.Header.Get("Authorization"), asked.Messages[len(asked.Messages)-1].Content))
		fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":%s}}]}\n\n", text)
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(s.Close)
	return s
}

// remoteRun runs the program with a configuration file.
func remoteRun(t *testing.T, file string, env map[string]string, args ...string) (out, failed string, code int) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr strings.Builder
	code = Main(t.Context(), args, Streams{
		In: strings.NewReader(""), Out: &stdout, Err: &stderr,
		Getenv: func(k string) string {
			switch k {
			case "RUNNEL_CONFIG":
				return path
			case "RUNNEL_DATA", "RUNNEL_CACHE", "RUNNEL_STATE", "HOME":
				return dir
			}
			return env[k]
		},
	})
	return stdout.String(), stderr.String(), code
}

func TestRunRemote(t *testing.T) {
	s := labServer(t)
	file := fmt.Sprintf("model = \"local.gguf\"\n[remotes.lab]\nurl = %q\nkey_env = \"LAB_KEY\"\nmodel = \"org/big\"\n", s.URL)
	env := map[string]string{"LAB_KEY": "k1", "RUNNEL_REMOTE_KEY": "k2", "OPENAI_API_KEY": "k3"}
	for _, tt := range []struct {
		name string
		file string
		args []string
		out  string
		err  string
		code int
	}{
		{"by name", file, []string{"--remote", "lab", "Hi"}, "org/big Bearer k1 Hi", "", 0},
		{"by address", "", []string{"--remote", s.URL, "-m", "small", "Hi"}, "small Bearer k2 Hi", "", 0},
		{"the address of a known one", file, []string{"--remote", s.URL, "Hi"}, "org/big Bearer k1 Hi", "", 0},
		{"a model as argument", file, []string{"--remote", "lab", "small", "Hi"}, "small Bearer k1 Hi", "", 0},
		{"the address of a model", "", []string{s.URL + "#org%2Fbig", "Hi"}, "org/big Bearer k2 Hi", "", 0},
		{"which model", "", []string{"--remote", s.URL, "Hi"}, "", "name one with -m, such as small, org/big", ExitFailed},
		{"no such name", file, []string{"--remote", "lap", "Hi"}, "", `the nearest is "lab"`, ExitUsage},
		{"raw", file, []string{"--remote", "lab", "--raw", "Hi"}, "", "--raw needs a model of this machine", ExitUsage},
		{"offline", file, []string{"--remote", "lab", "--offline", "Hi"}, "", "offline is set", ExitFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, failed, code := remoteRun(t, tt.file, env, append([]string{"run"}, tt.args...)...)
			if code != tt.code || !strings.HasPrefix(out, tt.out) || !strings.Contains(failed, tt.err) {
				t.Errorf("code %d, %q, %q; want %d, %q, %q", code, out, failed, tt.code, tt.out, tt.err)
			}
			if strings.ContainsRune(out, '\x1b') || strings.Contains(failed, "k1") {
				t.Errorf("passes on %q, %q", out, failed)
			}
		})
	}
}

// TestRemoteModels lists what the picker shows: the models of a server that
// answers, and one line for one that does not.
func TestRemoteModels(t *testing.T) {
	s := labServer(t)
	gone := httptest.NewServer(nil)
	gone.Close()
	p := &program{Streams: Streams{Getenv: func(string) string { return "" }}}
	p.cfg = config.Default()
	p.cfg.Remotes = map[string]config.Remote{"lab": {URL: s.URL}, "away": {URL: gone.URL}}
	got := p.remoteModels(t.Context())
	if len(got) != 3 || got[0].Name != "away" || got[0].Err == nil || got[1].Name != "small" || got[1].Context != 512 || got[1].Arch != "on lab" {
		t.Errorf("%+v", got)
	}
	// What is chosen opens.
	path, err := p.find(t.Context(), got[2].Path)
	if err != nil {
		t.Fatal(err)
	}
	e, err := p.engine(t.Context(), path, p.cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if i := e.Info(); i.Name != "org/big" || i.Arch != "on lab" {
		t.Errorf("%+v", i)
	}
	if _, local := e.(ui.Weighty); local {
		t.Error("a server's weights are taken for ours")
	}
	p.cfg.Offline = true
	if got := p.remoteModels(context.Background()); got != nil {
		t.Errorf("offline: %+v", got)
	}
}
