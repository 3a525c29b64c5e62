package pull

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/url"
	"path"
	"path/filepath"

	"github.com/runnel-chat/runnel/gguf"
)

// fromAddress brings a file from a plain address into the program's own
// folder; for a shard all its siblings too. Nobody says what its hash must be.
func (p *puller) fromAddress(ctx context.Context, u *url.URL) (Result, error) {
	root, err := openRoot(p.Own)
	if err != nil {
		return Result{}, err
	}
	defer root.Close()
	addresses, err := siblings(u)
	if err != nil {
		return Result{}, err
	}
	var files []file
	for _, a := range addresses {
		f := file{address: a.String(), name: path.Base(a.Path)}
		if err := p.probe(ctx, &f); err != nil {
			return Result{}, err
		}
		if !isGGUF(f.name) {
			f.name = f.announced
		}
		if !isSafePath(f.name) || path.Base(f.name) != f.name || !isGGUF(f.name) {
			return Result{}, errors.New("neither the address nor the server names the file as one that ends in .gguf")
		}
		f.at = f.name
		if here := sizeOf(root, f.at); here >= 0 && here != f.size {
			return Result{}, fmt.Errorf("another file %s is in %s already", f.name, p.Own)
		}
		files = append(files, f)
	}
	if err := p.fetchAll(ctx, root, files); err != nil {
		return Result{}, err
	}
	var r Result
	for _, f := range files {
		r.Paths = append(r.Paths, filepath.Join(p.Own, f.at))
		r.Bytes += f.size
	}
	r.Received = p.received
	return r, nil
}

// maxShards bounds what the name of one shard may claim.
const maxShards = 1000

// siblings are the addresses of all files of a model.
func siblings(u *url.URL) ([]*url.URL, error) {
	stem, _, count, split := gguf.ParseShardName(path.Base(u.Path))
	switch {
	case !split:
		return []*url.URL{u}, nil
	case count > maxShards:
		return nil, fmt.Errorf("the name says that there are %d files", count)
	}
	var all []*url.URL
	for no := 1; no <= count; no++ {
		v := u.ResolveReference(&url.URL{Path: path.Join(path.Dir(u.Path), gguf.ShardName(stem, no, count))})
		v.RawQuery, v.User = u.RawQuery, u.User
		all = append(all, v)
	}
	return all, nil
}

// announcedName is the name that a server gives a file.
func announcedName(disposition string) string {
	_, params, err := mime.ParseMediaType(disposition)
	if err != nil {
		return ""
	}
	return params["filename"]
}
