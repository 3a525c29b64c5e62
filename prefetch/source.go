package prefetch

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// ErrChanged is returned when a model file is not the one that was opened.
var ErrChanged = errors.New("the model file changed on disk")

// Source reads the files of a model. Safe for concurrent use.
type Source interface {
	// ReadAt fills p from a shard; a short read is an error.
	ReadAt(p []byte, shard int, off int64) error
	// Align is what offset, length and address of a read should be a multiple
	// of; reads that are not may be slower.
	Align() int
	// Changed returns ErrChanged, wrapped, when a file was replaced or
	// written since it was opened.
	Changed() error
	Name() string
	Close() error
}

// SourceKind names a way to read.
type SourceKind uint8

// The kinds of sources.
const (
	SourceAuto     SourceKind = iota // Cached
	SourceCached                     // through the page cache, which keeps what was read
)

// OpenSource opens the files of a model.
func OpenSource(paths []string, kind SourceKind) (Source, error) {
	s := &fileSource{}
	for _, p := range paths {
		f, err := os.Open(p)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.files = append(s.files, f)
		info, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.infos = append(s.infos, info)
	}
	return s, nil
}

type fileSource struct {
	files []*os.File
	infos []os.FileInfo
}

func (s *fileSource) Name() string { return "cached" }
func (s *fileSource) Align() int   { return 1 }

func (s *fileSource) ReadAt(p []byte, shard int, off int64) error {
	n, err := s.files[shard].ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%s at 0x%x: %w", s.files[shard].Name(), off+int64(n), err)
}

// Changed compares every file with what it was at open; a path that leads to
// another file now counts as well.
func (s *fileSource) Changed() error {
	for i, was := range s.infos {
		for _, look := range []func() (os.FileInfo, error){s.files[i].Stat, func() (os.FileInfo, error) { return os.Stat(s.files[i].Name()) }} {
			is, err := look()
			if err != nil || !os.SameFile(was, is) || is.Size() != was.Size() || is.ModTime().Sub(was.ModTime()) != time.Duration(0) {
				return fmt.Errorf("prefetch: %s: %w", s.files[i].Name(), ErrChanged)
			}
		}
	}
	return nil
}

func (s *fileSource) Close() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	s.files = nil
	return errors.Join(errs...)
}
