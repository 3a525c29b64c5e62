package pull

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// ErrFailed is matched by the error of a download that failed, but not of one
// that was cancelled.
var ErrFailed = errors.New("download failed")

// ErrReference is matched by the error for a reference that makes no sense.
var ErrReference = errors.New("not a reference to a model")

// Options say where from, where to and how patiently. The zero value of a
// field with a default means that.
type Options struct {
	Endpoint string // of the hub; https://huggingface.co
	Token    string // for the hub alone; "": none
	Hub      string // folder of the cache
	Own      string // folder for files from plain addresses

	Parts     int           // requests at once; 4
	PartBytes int64         // of a request; 64 MiB
	Stall     time.Duration // without a byte until a request is given up; 20 s
	Tries     int           // failures in a row until the download is given up; 8
	Backoff   time.Duration // after the first failure, doubled after each; 500 ms

	// Progress is told from time to time how far it is, and at once when
	// something had to be tried again; never twice at the same time.
	Progress func(Progress)

	transport http.RoundTripper              // of tests
	free      func(dir string) (int64, bool) // of tests
}

// Progress is how far a download is. Done never goes back.
type Progress struct {
	File        string // being received, as the server calls it
	Done, Total int64  // bytes of all files
	Note        string // what is being done about what went wrong, if anything
}

// Result is what is on this machine afterwards.
type Result struct {
	Paths    []string // shards in order
	Bytes    int64    // of all files
	Received int64    // of which came just now
}

// Pull downloads the model that a reference names: ORG/REPO, ORG/REPO:QUANT,
// ORG/REPO:FILE, or an address. Without a quantisation it takes Q4_K_M, or the
// nearest there is. What is here already is not loaded again. When ctx ends,
// what was received is kept, and the next call goes on from there.
func Pull(ctx context.Context, reference string, o Options) (Result, error) {
	o = o.withDefaults()
	endpoint, err := url.Parse(o.Endpoint)
	if err != nil || endpoint.Host == "" || endpoint.Scheme != "https" && endpoint.Scheme != "http" {
		return Result{}, fmt.Errorf("%w: %q is no address of a hub", ErrReference, o.Endpoint)
	}
	ref, err := parse(reference, endpoint)
	if err != nil {
		return Result{}, err
	}
	p := &puller{Options: o, endpoint: endpoint}
	p.client = newClient(o.transport, endpoint, o.Token)
	defer p.client.CloseIdleConnections()
	stop := p.reportRegularly()
	defer stop()
	var r Result
	if ref.address != nil {
		r, err = p.fromAddress(ctx, ref.address)
	} else {
		r, err = p.fromHub(ctx, ref)
	}
	switch {
	case err == nil:
		return r, nil
	case ctx.Err() != nil:
		return Result{}, ctx.Err()
	}
	return Result{}, fmt.Errorf("%w: %w", ErrFailed, err)
}

func (o Options) withDefaults() Options {
	o.Endpoint = cmp.Or(o.Endpoint, "https://huggingface.co")
	o.Parts = cmp.Or(o.Parts, 4)
	o.PartBytes = cmp.Or(o.PartBytes, 64<<20)
	o.Stall = cmp.Or(o.Stall, 20*time.Second)
	o.Tries = cmp.Or(o.Tries, 8)
	o.Backoff = cmp.Or(o.Backoff, 500*time.Millisecond)
	if o.free == nil {
		o.free = freeSpace
	}
	return o
}

// puller is one call of Pull.
type puller struct {
	Options
	endpoint *url.URL
	client   *http.Client
	answered atomic.Bool // a server has, whatever it was

	mu       sync.Mutex // also held while Progress is called
	file     string
	done     int64 // of the files that are whole
	total    int64
	current  func() int64 // received of the file in hand; nil: none
	last     int64        // told last
	received int64
}

// reportEvery is how often Progress is told while nothing happens.
const reportEvery = 100 * time.Millisecond

// reportRegularly tells Progress until the returned function is called, which
// waits for the last time.
func (p *puller) reportRegularly() (stop func()) {
	if p.Progress == nil {
		return func() {}
	}
	var wg sync.WaitGroup
	end := make(chan struct{})
	wg.Go(func() {
		tick := time.NewTicker(reportEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.report("")
			case <-end:
				return
			}
		}
	})
	return func() {
		close(end)
		wg.Wait()
	}
}

// report tells Progress how far it is.
func (p *puller) report(note string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.Progress == nil || p.total == 0 && note == "" {
		return
	}
	done := p.done
	if p.current != nil {
		done += p.current()
	}
	p.last = max(p.last, done)
	p.Progress(Progress{File: p.file, Done: p.last, Total: p.total, Note: note})
}

// begin says which file is in hand.
func (p *puller) begin(name string, current func() int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.file, p.current = name, current
}

// count counts a whole file.
func (p *puller) count(size int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += size
	p.current = nil
}

// fetchAll brings files below root, one after the other.
func (p *puller) fetchAll(ctx context.Context, root *os.Root, files []file) error {
	var total, need int64
	for i := range files {
		f := &files[i]
		total += f.size
		if f.here = f.isHere(root); !f.here {
			need += f.size - resumable(root, f)
		}
	}
	if total <= 0 {
		return fmt.Errorf("the files are said to have %d bytes", total)
	}
	if free, ok := p.free(root.Name()); ok && need > free {
		return noSpace(root.Name(), need, free)
	}
	p.mu.Lock()
	p.total = total
	p.mu.Unlock()
	for _, f := range files {
		if f.here {
			p.count(f.size)
			continue
		}
		if err := p.fetch(ctx, root, f); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		p.count(f.size)
		p.report("")
	}
	return nil
}
