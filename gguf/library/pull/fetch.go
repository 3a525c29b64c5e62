package pull

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
)

// file is one to bring.
type file struct {
	name    string // as the server calls it
	address string
	at      string // where it goes, below the root
	link    string // its further name there; "": none
	size    int64  // 0: the server is asked
	sum     string // SHA-256, or SHA-1 of git; "": nobody says

	probed    bool
	ranges    bool   // the server gives ranges
	version   string // tells versions of a file without a hash
	announced string // name
	here      bool
}

// isHere reports whether the file is whole already.
func (f *file) isHere(root *os.Root) bool {
	return sizeOf(root, f.at) == f.size || f.link != "" && sizeOf(root, f.link) == f.size
}

const (
	magic   = "GGUF"  // what every model file begins with
	maxFile = 1 << 44 // bytes; nobody has a larger one
)

// probe asks for the first bytes: whether it is a model file at all, how long
// it is, and whether the server gives ranges.
func (p *puller) probe(ctx context.Context, f *file) error {
	return p.try(ctx, "the first request", func() error {
		resp, err := p.get(ctx, f.address, "0-3")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		host, size := resp.Request.URL.Host, resp.ContentLength
		f.ranges = resp.StatusCode == http.StatusPartialContent
		if f.ranges {
			if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes 0-3/%d", &size); err != nil {
				return permanent("%s was asked for bytes 0-3 and sends %.60q", host, resp.Header.Get("Content-Range"))
			}
		}
		var head [len(magic)]byte
		switch _, err := io.ReadFull(resp.Body, head[:]); {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && size >= 0 && size < int64(len(magic)):
			return permanent("%s sends no GGUF file", host)
		case err != nil:
			return err
		case string(head[:]) != magic:
			return permanent("%s sends no GGUF file but %s", host, kindOf(resp))
		case size < 0 && f.size == 0:
			return permanent("%s does not say how large the file is", host)
		case size >= 0 && f.size > 0 && size != f.size:
			return permanent("%s has %d bytes of it, where the listing says %d", host, size, f.size)
		case size > maxFile:
			return permanent("%s says that the file has %d bytes", host, size)
		}
		f.size = max(f.size, size)
		f.probed, f.version = true, version(resp)
		f.announced = announcedName(resp.Header.Get("Content-Disposition"))
		return nil
	})
}

// version is what a server tells versions of a file by; "": it does not.
func version(r *http.Response) string {
	return cmp.Or(r.Header.Get("ETag"), r.Header.Get("Last-Modified"))
}

func kindOf(r *http.Response) string {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "" {
		return fmt.Sprintf("%.60q", kind)
	}
	return "something else"
}

// fetch brings one file and gives it its name when it is whole.
func (p *puller) fetch(ctx context.Context, root *os.Root, f file) error {
	if !f.probed {
		if err := p.probe(ctx, &f); err != nil {
			return err
		}
	}
	if err := root.MkdirAll(path.Dir(f.at), 0o755); err != nil {
		return err
	}
	part, err := openPart(root, f.at+partSuffix)
	if err != nil {
		return err
	}
	defer part.Close()   // what counts was synced
	if !f.isHere(root) { // another program may have been faster
		r := &receiver{puller: p, file: f, root: root, part: part}
		if err := r.receive(ctx); err != nil {
			return err
		}
		if err := rename(root, part, f.at); err != nil {
			return err
		}
	}
	_ = part.Close() // some systems do not remove an open file
	return errors.Join(ignoreMissing(root.Remove(f.at+noteSuffix)), ignoreMissing(root.Remove(f.at+partSuffix)))
}

// openPart opens what is here of a file, for this program alone.
func openPart(root *os.Root, name string) (*os.File, error) {
	part, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	err = lock(part)
	if err == nil { // and it still has that name
		var opened, named os.FileInfo
		if opened, err = part.Stat(); err == nil {
			if named, err = root.Stat(name); err == nil && !os.SameFile(opened, named) {
				err = os.ErrNotExist
			}
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("another program is downloading it: %w", err), part.Close())
	}
	return part, nil
}

// rename gives a whole file its name while its lock is held; where a system
// does not rename an open file, right after.
func rename(root *os.Root, part *os.File, name string) error {
	if root.Rename(name+partSuffix, name) == nil {
		return nil
	}
	if err := part.Close(); err != nil {
		return err
	}
	return root.Rename(name+partSuffix, name)
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
