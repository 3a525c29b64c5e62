package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/respjson"
	"github.com/tidwall/gjson"
)

// Server is where to ask.
type Server struct {
	Name string // what the user calls it; "": the address
	URL  string // of the API, such as http://localhost:8080/v1; without a path, /v1 is meant
	Key  string // sent as the bearer token; "": none
}

// Model is what a server has to offer.
type Model struct {
	ID      string
	Context int // tokens; 0: the server does not say
}

// IsAddress tells whether a name is the address of a server, or of a model
// on one, rather than of a file.
func IsAddress(name string) bool {
	return strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://")
}

// Address is the address of a model: that of the server and, as a fragment,
// the model's name.
func (s Server) Address(model string) string {
	if model == "" {
		return s.URL
	}
	return s.URL + "#" + url.PathEscape(model)
}

// SplitAddress takes an address apart.
func SplitAddress(address string) (server, model string) {
	server, fragment, _ := strings.Cut(address, "#")
	model, err := url.PathUnescape(fragment)
	if err != nil {
		model = fragment
	}
	return server, model
}

// Label is what to call the server: its name, else its host.
func (s Server) Label() string {
	if s.Name != "" {
		return s.Name
	}
	if u, err := url.Parse(s.URL); err == nil {
		return u.Host
	}
	return s.URL
}

// Sizes and times that a server must keep to.
const (
	mostBody    = 8 << 20  // of an answer that is no stream
	mostError   = 64 << 10 // of it, when it says what went wrong
	mostModels  = 10_000
	dialTimeout = 10 * time.Second
	listTimeout = 10 * time.Second
)

// client is how a server is talked to. Closing it ends its connections.
type client struct {
	server Server
	http   *http.Client
	opts   []option.RequestOption
}

func (s Server) client() (*client, error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("remote: %q is not the address of a server, such as http://localhost:8080/v1", s.URL)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/v1"
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/"
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: dialTimeout}).DialContext
	t.IdleConnTimeout = 30 * time.Second
	c := &client{server: s, http: &http.Client{Transport: t}}
	c.opts = []option.RequestOption{
		option.WithBaseURL(u.String()), option.WithHTTPClient(c.http), option.WithMaxRetries(0),
		option.WithMiddleware(c.check),
	}
	if s.Key == "" {
		// The library wants a key. A server without one does not look.
		s.Key = "none"
	}
	c.opts = append(c.opts, option.WithAPIKey(s.Key))
	return c, nil
}

func (c *client) close() { c.http.CloseIdleConnections() }

// check bounds what a server sends and makes an error of a refusal.
func (c *client) check(req *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	res, err := next(req)
	if err != nil {
		return res, err
	}
	if res.StatusCode < 400 {
		if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
			res.Body = struct {
				io.Reader
				io.Closer
			}{io.LimitReader(res.Body, mostBody), res.Body}
		}
		return res, nil
	}
	body, _ := io.ReadAll(io.LimitReader(res.Body, mostError)) // what there is of it
	res.Body.Close()
	return nil, &StatusError{Code: res.StatusCode, Message: message(body), Wait: retryAfter(res.Header)}
}

// message finds the words in the body of a refusal; every server has its own
// place for them.
func message(body []byte) string {
	if gjson.ValidBytes(body) {
		for _, path := range []string{"error.message", "error", "message", "detail"} {
			if r := gjson.GetBytes(body, path); r.Type == gjson.String {
				return short(r.Str)
			}
		}
	}
	return ""
}

// Models lists what the server has.
func (s Server) Models(ctx context.Context) ([]Model, error) {
	c, err := s.client()
	if err != nil {
		return nil, err
	}
	defer c.close()
	return c.models(ctx)
}

func (c *client) models(ctx context.Context) ([]Model, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, listTimeout, errSilent)
	defer cancel()
	list := openai.NewModelService(c.opts...)
	page, err := list.List(ctx)
	if err != nil {
		return nil, c.plain(ctx, err, "")
	}
	if page == nil || page.Data == nil {
		return nil, fmt.Errorf("remote: %s answers, but not with a list of models; is it %s?", c.server.Label(), c.server.URL)
	}
	var models []Model
	for _, m := range page.Data {
		if m.ID != "" && len(models) < mostModels {
			models = append(models, Model{m.ID, contextOf(m.JSON.ExtraFields)})
		}
	}
	return models, nil
}

// contextOf finds the context among what servers add to a model: vLLM,
// OpenRouter, Groq and llama.cpp in this order.
func contextOf(extra map[string]respjson.Field) int {
	for _, at := range []struct{ field, path string }{
		{"max_model_len", "@this"},
		{"context_length", "@this"},
		{"context_window", "@this"},
		{"meta", "n_ctx"},
		{"meta", "n_ctx_train"},
	} {
		if n := gjson.Get(extra[at.field].Raw(), at.path).Int(); n > 0 && n < 1<<31 {
			return int(n)
		}
	}
	return 0
}

// choose finds the model to use: the one that is named, or the only one.
func (c *client) choose(ctx context.Context, name string) (Model, error) {
	models, err := c.models(ctx)
	var refused *StatusError
	if name != "" && errors.As(err, &refused) && refused.Code == http.StatusNotFound {
		return Model{ID: name}, nil // a server need not have a list
	}
	if err != nil {
		return Model{}, err
	}
	for _, m := range models {
		if m.ID == name || name == "" && len(models) == 1 {
			return m, nil
		}
	}
	switch {
	case name != "":
		return Model{ID: name}, nil // names may have short forms, which only the server knows
	case len(models) == 0:
		return Model{}, fmt.Errorf("remote: %s has no models", c.server.Label())
	}
	var names []string
	for _, m := range models[:min(5, len(models))] {
		names = append(names, m.ID)
	}
	return Model{}, fmt.Errorf("remote: %s has %d models; name one with -m, such as %s", c.server.Label(), len(models), strings.Join(names, ", "))
}
