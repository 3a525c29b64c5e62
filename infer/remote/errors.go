package remote

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// StatusError is a refusal by the server.
type StatusError struct {
	Code    int           // of HTTP
	Message string        // what the server says, shortened; "" for nothing
	Wait    time.Duration // after which it wants to be asked again; 0: it does not say
}

func (e *StatusError) Error() string {
	words := strings.TrimSpace(fmt.Sprintf("%d %s", e.Code, http.StatusText(e.Code)))
	if e.Message != "" {
		words += ": " + e.Message
	}
	return words
}

// Failures that have no error of their own.
var (
	errSilent = errors.New("the server fell silent")
	errBroken = errors.New("the stream ended before the answer did")
	errFlood  = errors.New("the server sends more than an answer can be")
)

// plain says in one line what went wrong and what to do. Errors of the library
// may name headers and bodies, so that what is not known is told by its kind.
func (c *client) plain(ctx context.Context, err error, model string) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	name := c.server.Label()
	say := func(format string, args ...any) error {
		return &failure{fmt.Sprintf("remote: "+format, args...), err}
	}
	var refused *StatusError
	var host *net.DNSError
	if errors.As(err, &refused) {
		return say("%s", c.refusal(refused, model))
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return say("nothing listens at %s: connection refused", name)
	case errors.As(err, &host):
		return say("there is no host %q", host.Name)
	case errors.Is(err, errSilent), errors.Is(err, context.DeadlineExceeded):
		return say("%s fell silent", name)
	case errors.Is(err, errFlood):
		return say("%s sends more than an answer can be", name)
	case errors.Is(err, bufio.ErrTooLong):
		return say("%s sends a line without end", name)
	case dropped(err):
		return say("%s dropped the connection", name)
	case timedOut(err):
		return say("%s does not answer", name)
	}
	return say("the talk with %s broke: %s", name, short(lastOf(err).Error()))
}

// refusal is what an HTTP status means to the user.
func (c *client) refusal(e *StatusError, model string) string {
	name, more := c.server.Label(), ""
	if e.Message != "" {
		more = ": " + e.Message
	}
	switch {
	case e.Code == http.StatusUnauthorized, e.Code == http.StatusForbidden:
		return fmt.Sprintf("%s wants a key that it knows (%d); key_env of the server names the variable that holds it", name, e.Code)
	case e.Code == http.StatusNotFound && model != "":
		return fmt.Sprintf("%s has no model %q%s", name, model, more)
	case e.Code == http.StatusNotFound:
		return fmt.Sprintf("there is no API at %s (404); the address usually ends with /v1", c.server.URL)
	case e.Code == http.StatusTooManyRequests && e.Wait > 0:
		return fmt.Sprintf("%s is busy and asks to wait %s", name, e.Wait.Round(time.Second))
	case e.Code == http.StatusTooManyRequests:
		return fmt.Sprintf("%s is busy (429)%s", name, more)
	case e.Code >= 500:
		return fmt.Sprintf("%s failed (%d)%s", name, e.Code, more)
	}
	return fmt.Sprintf("%s refuses (%d)%s", name, e.Code, more)
}

// failure is a plain line over the error that it is about.
type failure struct {
	line  string
	cause error
}

func (e *failure) Error() string { return e.line }
func (e *failure) Unwrap() error { return e.cause }

// lastOf is the innermost error: those around it name addresses again.
func lastOf(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

func dropped(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

func timedOut(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// mostWords bounds what of a server's message is shown.
const mostWords = 240

func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > mostWords {
		s = string(r[:mostWords]) + "…"
	}
	return s
}

// mostWait bounds what a server may ask for.
const mostWait = 24 * time.Hour

// retryAfter reads how long a server asks to wait, in seconds or as a date.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if n, err := strconv.ParseFloat(v, 64); err == nil && n > 0 && n < mostWait.Seconds() {
		return time.Duration(n * float64(time.Second))
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, min(mostWait, time.Until(at)))
	}
	return 0
}

// again tells how long to wait before a request is worth another try; ok is
// false when it is not.
func again(err error, try int) (wait time.Duration, ok bool) {
	var refused *StatusError
	wait = firstWait << try
	switch {
	case try >= mostTries-1:
		return 0, false
	case errors.As(err, &refused):
		switch refused.Code {
		case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return max(wait, refused.Wait), refused.Wait <= patience
		}
		return 0, false
	}
	var op *net.OpError
	return wait, errors.As(err, &op) || dropped(err)
}
