package gguf

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// shardName matches the files of a split model: model-00001-of-00003.gguf.
var shardName = regexp.MustCompile(`^(.*)-(\d{5})-of-(\d{5})\.gguf$`)

// maxShards bounds how many files a name may make Open look for.
const maxShards = 1024

// ShardPaths returns the paths of all files of the split model that path
// belongs to, in order; path alone when it is not split.
func ShardPaths(path string) ([]string, error) {
	m := shardName.FindStringSubmatch(filepath.Base(path))
	if m == nil {
		return []string{path}, nil
	}
	no, _ := strconv.Atoi(m[2]) // five digits
	n, _ := strconv.Atoi(m[3])
	if n < 1 || n > maxShards || no < 1 || no > n {
		return nil, fmt.Errorf("gguf: %s: part %d of %d makes no sense", path, no, n)
	}
	paths := make([]string, n)
	for i := range paths {
		paths[i] = filepath.Join(filepath.Dir(path), fmt.Sprintf("%s-%05d-of-%05d.gguf", m[1], i+1, n))
	}
	return paths, nil
}

// Open parses the header of the model at path and of its sibling shards, and
// closes the files again.
func Open(path string) (*File, error) {
	paths, err := ShardPaths(path)
	if err != nil {
		return nil, err
	}
	shards := make([]*File, len(paths))
	for i, p := range paths {
		if shards[i], err = openShard(p); err != nil {
			return nil, err
		}
	}
	return Join(shards)
}

func openShard(path string) (*File, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("gguf: %s is not a regular file", path)
	}
	f, err := Parse(r, info.Size(), Limits{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.Shards[0].Path = path
	return f, nil
}

// Join makes one File of the shards of a split model, given in order. The
// first shard's metadata counts; the others may only agree with it.
func Join(shards []*File) (*File, error) {
	if len(shards) == 0 {
		return nil, fmt.Errorf("gguf: no shards to join")
	}
	head := shards[0]
	if err := head.checkSplit(0, len(shards)); err != nil {
		return nil, err
	}
	if len(shards) == 1 {
		return head, nil
	}
	all := &File{
		Version: head.Version, Alignment: head.Alignment,
		values: head.values, byKey: head.byKey, byName: map[string]int{},
	}
	for i, s := range shards {
		if err := s.checkSplit(i, len(shards)); err != nil {
			return nil, err
		}
		if a := s.Architecture(); a != "" && a != head.Architecture() {
			return nil, fmt.Errorf("gguf: shard %d is of architecture %q, shard 1 of %q", i+1, a, head.Architecture())
		}
		all.Size += s.Size
		all.Shards = append(all.Shards, s.Shards...)
		for _, t := range s.Tensors {
			if other, twice := all.byName[t.Name]; twice {
				return nil, fmt.Errorf("gguf: tensor %q is in shard %d and in shard %d", t.Name, all.Tensors[other].Shard+1, i+1)
			}
			t.Shard = i
			all.byName[t.Name] = len(all.Tensors)
			all.Tensors = append(all.Tensors, t)
		}
	}
	want, err := head.UintOr("split.tensors.count", uint64(len(all.Tensors)), 0, 1<<31)
	if err != nil {
		return nil, err
	}
	if int(want) != len(all.Tensors) {
		return nil, fmt.Errorf("gguf: the shards hold %d tensors, not the %d they claim", len(all.Tensors), want)
	}
	return all, nil
}

// checkSplit compares what a shard says of itself with its place.
func (f *File) checkSplit(i, n int) error {
	no, err := f.UintOr("split.no", uint64(i), 0, maxShards)
	if err != nil {
		return err
	}
	count, err := f.UintOr("split.count", uint64(n), 0, maxShards)
	if err != nil {
		return err
	}
	if count == 0 { // some tools write 0 for a model in one file
		count = 1
	}
	if int(no) != i || int(count) != n {
		return fmt.Errorf("gguf: shard %d of %d says that it is %d of %d", i+1, n, no+1, count)
	}
	return nil
}
