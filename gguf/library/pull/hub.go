package pull

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// Bounds of a listing.
const (
	maxListing = 32 << 20 // bytes of a page
	maxPages   = 50
)

var (
	commitID = regexp.MustCompile(`^[0-9a-f]{40}$`)
	fileSum  = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
	nextPage = regexp.MustCompile(`<([^>]+)>\s*;\s*rel="next"`)
)

// fromHub brings a model of the hub into the cache.
func (p *puller) fromHub(ctx context.Context, ref reference) (Result, error) {
	commit, err := p.commit(ctx, ref)
	if err != nil {
		return Result{}, err
	}
	listing, err := p.list(ctx, ref, commit)
	if err != nil {
		return Result{}, err
	}
	model, err := choose(candidates(listing), ref)
	if err != nil {
		return Result{}, err
	}
	dir := filepath.Join(p.Hub, "models--"+ref.org+"--"+ref.repo)
	root, err := openRoot(dir)
	if err != nil {
		return Result{}, err
	}
	defer root.Close()
	snapshot := path.Join("snapshots", commit)
	var files []file
	for _, f := range model.files {
		files = append(files, file{
			name: f.path, size: f.size, sum: f.sum,
			address: p.endpoint.JoinPath(append([]string{ref.org, ref.repo, "resolve", commit}, strings.Split(f.path, "/")...)...).String(),
			at:      path.Join("blobs", f.sum), link: path.Join(snapshot, f.path),
		})
	}
	if err := p.fetchAll(ctx, root, files); err != nil {
		return Result{}, err
	}
	var r Result
	for _, f := range files {
		if err := link(root, f); err != nil {
			return Result{}, err
		}
		r.Paths = append(r.Paths, filepath.Join(dir, filepath.FromSlash(f.link)))
		r.Bytes += f.size
	}
	r.Received = p.received
	if ref.revision != commit {
		return r, writeWhole(root, path.Join("refs", ref.revision), []byte(commit))
	}
	return r, nil
}

// commit asks what a revision is now.
func (p *puller) commit(ctx context.Context, ref reference) (string, error) {
	if commitID.MatchString(ref.revision) {
		return ref.revision, nil
	}
	var info struct {
		SHA string `json:"sha"`
	}
	address := p.endpoint.JoinPath("api", "models", ref.org, ref.repo, "revision", ref.revision)
	if _, err := p.getJSON(ctx, address, &info); err != nil {
		return "", err
	}
	if !commitID.MatchString(info.SHA) {
		return "", fmt.Errorf("%s names %.60q as the commit, which is none", p.endpoint.Host, info.SHA)
	}
	return info.SHA, nil
}

// list lists the files of a commit.
func (p *puller) list(ctx context.Context, ref reference, commit string) ([]remote, error) {
	address := p.endpoint.JoinPath("api", "models", ref.org, ref.repo, "tree", commit)
	address.RawQuery = "recursive=true"
	var files []remote
	for page := 0; address != nil; page++ {
		if page == maxPages {
			return nil, fmt.Errorf("%s/%s has more files than %d pages hold", ref.org, ref.repo, maxPages)
		}
		var entries []struct {
			Type, Path, OID string
			Size            int64
			LFS             *struct {
				OID  string
				Size int64
			}
		}
		next, err := p.getJSON(ctx, address, &entries)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			f := remote{e.Path, e.Size, e.OID}
			if e.LFS != nil {
				f.size, f.sum = e.LFS.Size, e.LFS.OID
			}
			if e.Type == "file" && fileSum.MatchString(f.sum) {
				files = append(files, f)
			}
		}
		address = next
	}
	return files, nil
}

// getJSON reads an answer of the hub, and returns where it goes on, if it does.
func (p *puller) getJSON(ctx context.Context, address *url.URL, into any) (next *url.URL, err error) {
	err = p.try(ctx, "the listing", func() error {
		resp, err := p.get(ctx, address.String(), "")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "application/json" {
			return permanent("%s sends %q instead of a listing", address.Host, kind)
		}
		b, err := io.ReadAll(io.LimitReader(resp.Body, maxListing+1))
		switch {
		case err != nil:
			return err
		case len(b) > maxListing:
			return permanent("the listing of %s is larger than %d bytes", address.Host, maxListing)
		}
		if err := json.Unmarshal(b, into); err != nil {
			return permanent("the listing of %s: %v", address.Host, err)
		}
		m := nextPage.FindStringSubmatch(strings.Join(resp.Header.Values("Link"), ", "))
		if m == nil {
			return nil
		}
		// Of where it goes on only the query counts: a mirror names the
		// hub's own address, and the token stays here.
		more, err := url.Parse(m[1])
		if err != nil {
			return permanent("the listing of %s goes on at no address", address.Host)
		}
		next = address.JoinPath()
		next.RawQuery = more.RawQuery
		return nil
	})
	return next, err
}

// openRoot makes a folder and opens it: nothing outside of it can be written
// through the root.
func openRoot(dir string) (*os.Root, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return os.OpenRoot(dir)
}

// link gives a blob its name in the snapshot: a symbolic link, else a hard
// one, else the blob itself.
func link(root *os.Root, f file) error {
	if sizeOf(root, f.link) == f.size {
		return nil
	}
	dir := path.Dir(f.link)
	if err := root.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := root.Remove(f.link); err != nil && !os.IsNotExist(err) {
		return err
	}
	up := strings.Repeat("../", strings.Count(dir, "/")+1)
	if root.Symlink(filepath.FromSlash(up+f.at), f.link) == nil || root.Link(f.at, f.link) == nil {
		return nil
	}
	return root.Rename(f.at, f.link)
}

// writeWhole writes a small file so that nobody sees half of it.
func writeWhole(root *os.Root, name string, content []byte) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	part := name + ".runnel"
	if err := root.WriteFile(part, content, 0o644); err != nil {
		return err
	}
	return root.Rename(part, name)
}

// sizeOf is the size of a regular file, also behind a link; -1 for none.
func sizeOf(root *os.Root, name string) int64 {
	info, err := root.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return -1
	}
	return info.Size()
}
