package pull

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Bounds of one request.
const (
	maxRedirects = 10
	maxPause     = 30 * time.Second // between two tries
	firstTries   = 3                // while no server has answered at all
)

// newClient makes a client that gives the token to the hub and to nobody
// else, wherever it is redirected.
func newClient(t http.RoundTripper, hub *url.URL, token string) *http.Client {
	if t == nil {
		t = &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     90 * time.Second,
			ForceAttemptHTTP2:   true,
			DisableCompression:  true, // lengths are those of the file
		}
	}
	return &http.Client{
		Transport: authorized{t, hub, token},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			switch {
			case len(via) >= maxRedirects:
				return permanent("more than %d redirects", maxRedirects)
			case r.URL.Scheme != "https" && r.URL.Scheme != via[len(via)-1].URL.Scheme:
				return permanent("a redirect from %s to %s", via[len(via)-1].URL.Scheme, r.URL.Scheme)
			}
			return nil
		},
	}
}

// authorized adds the token to requests to the hub. The requests themselves
// carry none, so that a redirect has nothing to take along.
type authorized struct {
	next  http.RoundTripper
	hub   *url.URL
	token string
}

func (a authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context()) // it is the caller's
	r.Header.Set("User-Agent", "runnel")
	r.Header.Del("Referer") // addresses may hold signatures
	if a.token != "" && r.URL.Scheme == a.hub.Scheme && r.URL.Host == a.hub.Host {
		r.Header.Set("Authorization", "Bearer "+a.token)
	}
	return a.next.RoundTrip(r)
}

// permanentError is one that another try would not mend.
type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

func permanent(format string, args ...any) error {
	return permanentError{fmt.Errorf(format, args...)}
}

// busyError is a server that asks for patience.
type busyError struct {
	error
	after time.Duration
}

// errStalled ends a request that brings nothing.
var errStalled = errors.New("stalled")

// get sends a request that ends when it brings no byte for as long as Stall,
// be it at the start or within the body. The caller closes the body.
func (p *puller) get(ctx context.Context, address, byteRange string) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(p.Stall, func() { cancel(errStalled) })
	fail := func(err error) (*http.Response, error) {
		timer.Stop()
		if errors.Is(context.Cause(ctx), errStalled) {
			err = errStalled
		}
		cancel(nil)
		var where *url.Error
		var final permanentError
		switch isFinal := errors.As(err, &final); {
		case isFinal:
			err = final
		case errors.As(err, &where): // whose address may hold a signature
			err = where.Err
		}
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fail(permanentError{err})
	}
	if byteRange != "" {
		r.Header.Set("Range", "bytes="+byteRange)
	}
	resp, err := p.client.Do(r)
	if err != nil {
		var untrusted *tls.CertificateVerificationError
		if errors.As(err, &untrusted) {
			err = permanentError{untrusted}
		}
		return fail(err)
	}
	p.answered.Store(true)
	if err := checkStatus(resp, p.Token != ""); err != nil {
		_ = resp.Body.Close() // its status is all that counts
		return fail(err)
	}
	resp.Body = &watchedBody{resp.Body, ctx, cancel, timer, p.Stall}
	return resp, nil
}

// watchedBody puts the timer back with every byte.
type watchedBody struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	stall  time.Duration
}

func (b *watchedBody) Read(buf []byte) (int, error) {
	n, err := b.ReadCloser.Read(buf)
	if n > 0 {
		b.timer.Reset(b.stall)
	}
	if err != nil && err != io.EOF && errors.Is(context.Cause(b.ctx), errStalled) {
		err = errStalled
	}
	return n, err
}

func (b *watchedBody) Close() error {
	b.timer.Stop()
	b.cancel(nil)
	return b.ReadCloser.Close()
}

// checkStatus says what an answer that is not the one asked for means.
func checkStatus(r *http.Response, authorized bool) error {
	host := r.Request.URL.Host
	switch s := r.StatusCode; {
	case s == http.StatusOK, s == http.StatusPartialContent:
		if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
			return permanent("%s sends the file in the encoding %q", host, e)
		}
		return nil
	case s == http.StatusUnauthorized || s == http.StatusForbidden:
		if authorized {
			return permanent("%s does not let this token in (%d); is the model's licence accepted there?", host, s)
		}
		return permanent("%s wants to know who asks (%d): set HF_TOKEN, or the name is wrong", host, s)
	case s == http.StatusNotFound || s == http.StatusGone:
		return permanent("%s has no such model or file (%d)", host, s)
	case s == http.StatusTooManyRequests || s == http.StatusRequestTimeout || s >= 500:
		after, _ := strconv.Atoi(r.Header.Get("Retry-After")) // 0 when it is a date
		return busyError{fmt.Errorf("%s answers %d", host, s), time.Duration(min(max(after, 0), 3600)) * time.Second}
	default:
		return permanent("%s answers %d", host, s)
	}
}

// patience counts the failures in a row of one thing that is tried.
type patience struct {
	p        *puller
	failures int
}

// again waits before another try; an error ends the trying. What is tried is
// named by "part 3" or the like.
func (t *patience) again(ctx context.Context, err error, what string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var final permanentError
	if errors.As(err, &final) {
		return err
	}
	t.failures++
	tries := t.p.Tries
	if !t.p.answered.Load() { // more likely no network than a bad moment
		tries = min(tries, firstTries)
	}
	if t.failures >= tries {
		return fmt.Errorf("given up after %d tries: %w", t.failures, err)
	}
	pause := min(t.p.Backoff<<(t.failures-1), maxPause)
	pause = pause/2 + rand.N(pause/2+1) // not all at the same moment
	var busy busyError
	if errors.As(err, &busy) {
		pause = max(pause, min(busy.after, maxPause))
	}
	if errors.Is(err, errStalled) {
		t.p.report(fmt.Sprintf("stalled %v, retrying %s", t.p.Stall, what))
	} else {
		t.p.report(fmt.Sprintf("%v, retrying %s", err, what))
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try does something until it works or patience ends.
func (p *puller) try(ctx context.Context, what string, do func() error) error {
	t := patience{p: p}
	for {
		err := do()
		if err == nil {
			return nil
		}
		if err := t.again(ctx, err, what); err != nil {
			return err
		}
	}
}
