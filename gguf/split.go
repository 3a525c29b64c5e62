package gguf

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// Keys of a split model. Its first file has all the metadata, the others
// often nothing but these.
const (
	keySplitNo      = "split.no" // from 0
	keySplitCount   = "split.count"
	keySplitTensors = "split.tensors.count" // of all files together
)

const maxShards = 99999 // five digits in the name

var shardName = regexp.MustCompile(`^(.+)-(\d{5})-of-(\d{5})\.gguf$`)

// ParseShardName takes a name such as "model-00002-of-00003.gguf" apart. The
// number counts from 1.
func ParseShardName(name string) (stem string, no, count int, ok bool) {
	m := shardName.FindStringSubmatch(name)
	if m == nil {
		return "", 0, 0, false
	}
	no, _ = strconv.Atoi(m[2]) // five digits
	count, _ = strconv.Atoi(m[3])
	return m[1], no, count, no >= 1 && no <= count
}

// ShardName is the name of file no, from 1, of a split model.
func ShardName(stem string, no, count int) string {
	return fmt.Sprintf("%s-%05d-of-%05d.gguf", stem, no, count)
}

// Open reads the header of the model at path: one file, or when the name has
// the form stem-0000N-of-0000M.gguf all M files beside each other, whichever
// of them is named. All are closed again on return.
func Open(path string) (*File, error) {
	dir, name := filepath.Split(path)
	stem, _, count, ok := ParseShardName(name)
	if !ok {
		f, err := openOne(path)
		if err != nil {
			return nil, err
		}
		return Join([]*File{f})
	}
	var shards []*File
	for no := 1; no <= count; no++ {
		f, err := openOne(dir + ShardName(stem, no, count))
		if errors.Is(err, fs.ErrNotExist) && no > 1 {
			return nil, fmt.Errorf("gguf: file %d of %d is missing: %w", no, count, err)
		}
		if err != nil {
			return nil, err
		}
		shards = append(shards, f)
	}
	return Join(shards)
}

func openOne(path string) (*File, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // only read
	info, err := r.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &FormatError{Path: filepath.Base(path), Off: -1, Why: "not a regular file"}
	}
	f, err := Parse(r, info.Size(), Limits{})
	if err != nil {
		return nil, inFile(path, err)
	}
	f.Shards[0].Path = path
	return f, nil
}

// FromBytes reads the header of a model that is in memory: data is the whole
// file, which the File keeps and nobody may change. Its name stands where
// other models have a path.
func FromBytes(name string, data []byte) (*File, error) {
	f, err := Parse(bytes.NewReader(data), int64(len(data)), Limits{})
	if err != nil {
		return nil, inFile(name, err)
	}
	f.Shards[0].Path, f.Shards[0].Data = name, data
	return Join([]*File{f})
}

// inFile adds the file's name to a format error.
func inFile(path string, err error) error {
	var fe *FormatError
	if path == "" || !errors.As(err, &fe) {
		return err
	}
	named := *fe
	named.Path = filepath.Base(path)
	return &named
}

// Join makes one File of the files of a split model, given in order. Metadata
// is that of the first, tensors are those of all. Files that contradict each
// other are refused: in their number or order, in the architecture, with a
// tensor in two of them or one too few in all.
func Join(shards []*File) (*File, error) {
	if len(shards) == 0 {
		return nil, errors.New("gguf: no files to join")
	}
	for i, s := range shards {
		if err := s.checkShard(i, len(shards), shards[0]); err != nil {
			return nil, inFile(s.Shards[0].Path, err)
		}
	}
	if len(shards) == 1 {
		return shards[0], nil
	}
	f := *shards[0]
	f.Tensors, f.Shards, f.Size = slices.Clone(f.Tensors), nil, 0
	f.names = maps.Clone(f.names)
	for i, s := range shards {
		f.Shards = append(f.Shards, s.Shards...)
		f.Size += s.Size
		if i == 0 {
			continue
		}
		for _, t := range s.Tensors {
			if other, twice := f.FindTensor(t.Name); twice {
				return nil, inFile(s.Shards[0].Path, &FormatError{
					Off: t.Off, Tensor: t.Name,
					Why: fmt.Sprintf("is also in file %d of the model", other.Shard+1),
				})
			}
			t.Shard = i
			f.names[t.Name] = len(f.Tensors)
			f.Tensors = append(f.Tensors, t)
		}
	}
	if err := f.checkTensorCount(); err != nil {
		return nil, err
	}
	return &f, nil
}

// checkShard proves that f is file i of count.
func (f *File) checkShard(i, count int, first *File) error {
	said, err := f.UintOr(keySplitCount, 1, 0, maxShards)
	if err == nil && int(max(said, 1)) != count { // 0: some tools write that for a single file
		v, ok := f.value(keySplitCount)
		if !ok {
			return &FormatError{Off: -1, Key: keySplitCount, Why: fmt.Sprintf("missing in a model of %d files", count)}
		}
		err = v.errorf("the model has %d files, not %d; they are found by names of the form %s",
			said, count, ShardName("model", 1, int(said)))
	}
	if err != nil {
		return err
	}
	no, err := f.UintOr(keySplitNo, uint64(i), 0, maxShards)
	if err == nil && int(no) != i {
		v, _ := f.value(keySplitNo)
		err = v.errorf("says it is file %d, expected file %d", no+1, i+1)
	}
	if err != nil {
		return err
	}
	if arch := f.Architecture(); arch != "" && arch != first.Architecture() {
		return &FormatError{
			Off: -1, Key: "general.architecture",
			Why: fmt.Sprintf("%q, but %q in the first file", clip(arch), clip(first.Architecture())),
		}
	}
	return nil
}

func (f *File) checkTensorCount() error {
	want, err := f.UintOr(keySplitTensors, uint64(len(f.Tensors)), 0, 1<<31)
	if err == nil && want != uint64(len(f.Tensors)) {
		v, _ := f.value(keySplitTensors)
		err = v.errorf("promises %d tensors, the files hold %d", want, len(f.Tensors))
	}
	return inFile(f.Shards[0].Path, err)
}
