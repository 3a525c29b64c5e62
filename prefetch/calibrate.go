package prefetch

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Profile is how a device is best read.
type Profile struct {
	Source         string  `json:"source"`
	Depth          int     `json:"depth"` // reads on their way at once
	BytesPerSecond float64 `json:"bytes_per_second"`
	CPUSeconds     float64 `json:"cpu_seconds_per_gb"`
}

// Kind is the way of reading that the profile names.
func (p Profile) Kind() SourceKind {
	k, _ := parseSourceKind(p.Source)
	return k
}

// DefaultProfile is what to do on a device that nobody has measured.
var DefaultProfile = Profile{Source: SourceDirect.String(), Depth: 4}

const (
	probeBytes = 2 << 20               // of a read
	probeTime  = 40 * time.Millisecond // of one way and depth
	probeFile  = 64 << 20              // least size of a file to measure with
)

// Calibrate measures the ways past the page cache on random extents of the
// file at path and picks the one with the most bytes a second, each second of
// processor time that a gigabyte takes counting like half a second of disk. It
// takes a few hundred milliseconds, and fails on a file too small to tell.
func Calibrate(path string) (Profile, error) {
	best := Profile{}
	info, err := os.Stat(path)
	if err != nil {
		return best, err
	}
	if info.Size() < probeFile {
		return best, errors.New("prefetch: the file is too small to measure the disk with")
	}
	ledger := NewLedger(8 * probeBytes)
	arena, err := ledger.Alloc(8 * probeBytes)
	if err != nil {
		return best, err
	}
	defer arena.Free()
	for _, kind := range []SourceKind{SourceDirect, SourceDontCache, SourceDropBehind} {
		for _, depth := range []int{1, 4, 8} {
			p, err := probe(path, info.Size(), kind, depth, arena.Bytes())
			if err != nil {
				return best, err
			}
			if p.BytesPerSecond > 0 && p.cost() < best.cost() {
				best = p
			}
		}
	}
	if best.BytesPerSecond == 0 {
		return best, errors.New("prefetch: no way of reading could be measured")
	}
	return best, nil
}

// cost is the price of a gigabyte in seconds.
func (p Profile) cost() float64 {
	if p.BytesPerSecond == 0 {
		return 1e9
	}
	return 1e9/p.BytesPerSecond + p.CPUSeconds/2
}

// probe measures one way of reading at one depth. Extents that the page cache
// holds already would say nothing of the disk and are left out.
func probe(path string, size int64, kind SourceKind, depth int, buf []byte) (Profile, error) {
	p := Profile{Source: kind.String(), Depth: depth}
	f, err := OpenFiles([]string{path}, kind)
	if err != nil {
		return p, err
	}
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(uint64(kind), uint64(depth)))
	next := func() int64 {
		mu.Lock()
		defer mu.Unlock()
		for range 16 {
			off := rng.Int64N(size/probeBytes) * probeBytes
			if kind == SourceDirect || !inPageCache(f.files[0], off) && !inPageCache(f.files[0], off+probeBytes/2) {
				return off
			}
		}
		return -1
	}
	start, cpu := time.Now(), processTime()
	read := int64(0)
	var wg sync.WaitGroup
	for d := range depth {
		wg.Go(func() {
			b := buf[d*probeBytes : (d+1)*probeBytes]
			for time.Since(start) < probeTime {
				off := next()
				if off < 0 {
					return
				}
				n, err := f.ReadAt(b, 0, off)
				mu.Lock()
				read += int64(n)
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	if f.Kind() == kind && read >= 4*probeBytes { // else it was refused, or too little to tell
		p.BytesPerSecond = float64(read) / time.Since(start).Seconds()
		p.CPUSeconds = (processTime() - cpu).Seconds() / (float64(read) / 1e9)
	}
	return p, f.Close()
}

// profileFile holds the profiles by device.
const profileFile = "disks.json"

// ProfileOf returns the profile of the device that the file lies on: from the
// cache folder dir, else measured now and kept there. With an empty dir
// nothing is kept; without measure nothing is measured.
func ProfileOf(path, dir string, measure bool) Profile {
	device := device(path)
	known := readProfiles(dir)
	if p, ok := known[device]; ok && device != "" && p.Depth > 0 && p.BytesPerSecond > 0 {
		return p
	}
	if !measure {
		return DefaultProfile
	}
	p, err := Calibrate(path)
	if err != nil {
		return DefaultProfile
	}
	if dir != "" && device != "" {
		known[device] = p
		_ = writeProfiles(dir, known) // a cache: measured again next time
	}
	return p
}

// KeepRate corrects the profile of a device by what its reads came to, which
// is more than a few moments of calibration can know.
func KeepRate(path, dir string, bytesPerSecond float64) {
	known, device := readProfiles(dir), device(path)
	if p, ok := known[device]; ok && bytesPerSecond > 0 {
		p.BytesPerSecond = bytesPerSecond
		known[device] = p
		_ = writeProfiles(dir, known) // a cache: measured again next time
	}
}

func readProfiles(dir string) map[string]Profile {
	known := map[string]Profile{}
	if dir == "" {
		return known
	}
	b, err := os.ReadFile(filepath.Join(dir, profileFile))
	if err != nil || json.Unmarshal(b, &known) != nil || known == nil {
		return map[string]Profile{}
	}
	return known
}

func writeProfiles(dir string, known map[string]Profile) error {
	b, err := json.MarshalIndent(known, "", "  ")
	if err != nil {
		return err
	}
	return WriteCache(dir, profileFile, b)
}

// WriteCache puts a file into a cache folder, whole or not at all.
func WriteCache(dir, name string, b []byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, name+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
