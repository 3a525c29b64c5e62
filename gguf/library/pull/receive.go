package pull

import (
	"context"
	"crypto/sha1" // what git names small files by
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// receiver receives one file.
type receiver struct {
	*puller
	file
	root *os.Root
	part *os.File

	mu   sync.Mutex
	have []span // written
	busy []span // being received
}

// receive brings what is missing and checks the whole.
func (r *receiver) receive(ctx context.Context) error {
	r.have = readNote(r.root, &r.file)
	if r.have == nil {
		if err := r.part.Truncate(0); err != nil { // what is there is not known
			return err
		}
	}
	if err := r.part.Truncate(r.size); err != nil {
		return err
	}
	was := covered(r.have)
	r.begin(r.name, r.done)
	err := r.parts(ctx)
	r.puller.received += covered(r.have) - was
	if err != nil {
		return errors.Join(err, r.save())
	}
	if err := r.part.Sync(); err != nil {
		return err
	}
	if err := r.verify(ctx); err != nil {
		if ctx.Err() == nil { // none of it can be trusted
			err = errors.Join(err, r.forget())
		}
		return err
	}
	return nil
}

func (r *receiver) done() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return covered(r.have)
}

// saveEvery is how often what is here is noted down.
const saveEvery = 5 * time.Second

// parts runs the workers and notes down from time to time what they brought.
// The first error ends all of them.
func (r *receiver) parts(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	workers := r.Parts
	if !r.ranges {
		workers = 1
	}
	var wg, saver sync.WaitGroup
	for no := range workers {
		wg.Go(func() {
			if err := r.work(ctx, no+1); err != nil {
				cancel(err)
			}
		})
	}
	end := make(chan struct{})
	saver.Go(func() {
		tick := time.NewTicker(saveEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if err := r.save(); err != nil {
					cancel(err)
				}
			case <-end:
				return
			}
		}
	})
	wg.Wait()
	close(end)
	saver.Wait()
	return context.Cause(ctx)
}

// progress is how much a request must bring to count as no failure.
const progress = 64 << 10

// work receives one part after another.
func (r *receiver) work(ctx context.Context, no int) error {
	t := patience{p: r.puller}
	for {
		s, ok := r.take()
		if !ok {
			return nil
		}
		n, err := r.receivePart(ctx, s)
		r.giveBack(s)
		if err == nil {
			t.failures = 0
			continue
		}
		if n >= progress {
			t.failures = 0
		}
		if err := t.again(ctx, err, fmt.Sprintf("part %d", no)); err != nil {
			return err
		}
	}
}

// take is the next span to receive: the whole file from a server that cannot
// do otherwise.
func (r *receiver) take() (span, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := firstGap(r.have, r.busy, r.size, r.PartBytes)
	if ok && !r.ranges {
		s = span{0, r.size}
	}
	if ok {
		r.busy = append(r.busy, s)
	}
	return s, ok
}

func (r *receiver) giveBack(s span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, b := range r.busy {
		if b == s {
			r.busy = append(r.busy[:i], r.busy[i+1:]...)
			return
		}
	}
}

// bufferBytes is what is written at once.
const bufferBytes = 256 << 10

// receivePart receives a span and returns how much came that was not here.
func (r *receiver) receivePart(ctx context.Context, s span) (n int64, err error) {
	byteRange := ""
	if r.ranges {
		byteRange = fmt.Sprintf("%d-%d", s.From, s.To-1)
	}
	resp, err := r.get(ctx, r.address, byteRange)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if err := r.check(resp, s); err != nil {
		return 0, err
	}
	buf := make([]byte, min(bufferBytes, s.To-s.From))
	for at := s.From; at < s.To; {
		m, err := resp.Body.Read(buf[:min(int64(len(buf)), s.To-at)])
		if m > 0 {
			if _, werr := r.part.WriteAt(buf[:m], at); werr != nil {
				return n, permanentError{werr} // a full disk
			}
			n += r.mark(span{at, at + int64(m)})
			at += int64(m)
		}
		switch {
		case at == s.To:
			return n, nil
		case errors.Is(err, io.EOF):
			return n, fmt.Errorf("%s ends the file early", resp.Request.URL.Host)
		case err != nil:
			return n, err
		}
	}
	return n, nil
}

// check compares what a server announces with what was asked.
func (r *receiver) check(resp *http.Response, s span) error {
	host := resp.Request.URL.Host
	if r.ranges {
		want := fmt.Sprintf("bytes %d-%d/%d", s.From, s.To-1, r.size)
		got := resp.Header.Get("Content-Range")
		if resp.StatusCode != http.StatusPartialContent || got != want && got != fmt.Sprintf("bytes %d-%d/*", s.From, s.To-1) {
			return permanent("%s was asked for %q and sends %.60q (%d)", host, want, got, resp.StatusCode)
		}
	}
	if n := resp.ContentLength; n >= 0 && n != s.To-s.From {
		return permanent("%s sends %d bytes where %d were asked for", host, n, s.To-s.From)
	}
	if r.sum == "" && version(resp) != r.version {
		return permanent("the file changed at %s meanwhile", host)
	}
	return nil
}

// mark notes that a span is here and returns how much of it was not before.
func (r *receiver) mark(s span) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := covered(r.have)
	r.have = put(r.have, s)
	return covered(r.have) - before
}

// save notes down what is here, once it is on the disk: a note must not
// promise what a power cut takes away.
func (r *receiver) save() error {
	r.mu.Lock()
	n := note{r.size, r.version, r.have}
	r.mu.Unlock()
	if err := r.part.Sync(); err != nil {
		return err
	}
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return writeWhole(r.root, r.at+noteSuffix, b)
}

// forget takes away what is here.
func (r *receiver) forget() error {
	return errors.Join(r.part.Truncate(0), ignoreMissing(r.root.Remove(r.at+noteSuffix)))
}

// verify hashes the whole file.
func (r *receiver) verify(ctx context.Context) error {
	var h hash.Hash
	switch len(r.sum) {
	case 2 * sha256.Size:
		h = sha256.New()
	case 2 * sha1.Size:
		h = sha1.New()
		fmt.Fprintf(h, "blob %d\x00", r.size)
	default:
		return nil
	}
	r.report("checking the contents")
	if _, err := io.Copy(h, contextReader{ctx, io.NewSectionReader(r.part, 0, r.size)}); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != r.sum {
		return fmt.Errorf("what came is not the file: its hash is %s, not %s", got, r.sum)
	}
	return nil
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}
