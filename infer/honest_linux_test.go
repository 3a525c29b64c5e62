package infer

import (
	"context"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/runnel-chat/runnel/prefetch"
)

// sampler looks at the memory of the process and the page cache of a file
// every 10 ms.
type sampler struct {
	file *os.File
	stop chan struct{}
	wg   sync.WaitGroup

	mu      sync.Mutex
	allowed int64
	since   time.Time // when allowed was set
	samples int
	excess  int64         // most bytes above allowed, the first second left out
	settled time.Duration // when a sample was last above allowed, after since
}

func sample10ms(t *testing.T, path string, allowed int64) *sampler {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &sampler{file: f, stop: make(chan struct{}), allowed: allowed, since: time.Now()}
	s.wg.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-s.stop:
				return
			case <-tick.C:
				s.look(t)
			}
		}
	})
	return s
}

func (s *sampler) look(t *testing.T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	above := memoryOf(t, s.file) - s.allowed
	s.samples++
	at := time.Since(s.since)
	if above > 0 {
		s.settled = at
	}
	if at > time.Second {
		s.excess = max(s.excess, above)
	}
}

// allow changes what is allowed, from a second from now on.
func (s *sampler) allow(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.allowed, s.since, s.settled = n, time.Now(), 0
}

func (s *sampler) end() {
	close(s.stop)
	s.wg.Wait()
	_ = s.file.Close() // read only
}

// memoryOf is everything resident of this process, and what the page cache
// holds of a file.
func memoryOf(t *testing.T, f *os.File) int64 {
	var st unix.Cachestat_t
	if err := unix.Cachestat(uint(f.Fd()), &unix.CachestatRange{}, &st, 0); err != nil {
		t.Error(err)
	}
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Error(err)
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Error(err)
	}
	return n<<10 + int64(st.Cache)*int64(os.Getpagesize())
}

// forget writes a file out and empties the page cache of it.
func forget(t *testing.T, path string) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		t.Fatal(err)
	}
}

// TestBudgetIsHonest generates with half of the weights in memory and halves
// the whole budget in the middle of the answer. The process and the page cache
// of its file never take more than 16 MiB beyond the budget, and obey the new
// one within a second; what is written is the same.
func TestBudgetIsHonest(t *testing.T) {
	if testing.Short() {
		t.Skip("writes a file of 200 MB")
	}
	var st unix.Cachestat_t
	if err := unix.Cachestat(0, &unix.CachestatRange{}, &st, 0); err == unix.ENOSYS {
		t.Skip("this kernel does not tell what the page cache holds")
	}
	if raced() {
		t.Skip("the race detector's memory is none of ours")
	}
	const slack = 16 << 20
	m := tinyLlama
	m.layers, m.embd, m.heads, m.kvHeads, m.ffn = 12, 1024, 8, 4, 4096
	path := m.write(t, t.TempDir())
	r := Request{MaxTokens: 6}
	ctx := context.Background()
	want := ""
	for _, tt := range []struct {
		name    string
		kind    prefetch.SourceKind
		weights int64
	}{
		{"resident", prefetch.SourceCached, 600 << 20},
		{"direct", prefetch.SourceDirect, 100 << 20},
		{"dontcache", prefetch.SourceDontCache, 100 << 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			forget(t, path)
			debug.FreeOSMemory()
			o := Options{Threads: 2, Context: 256, tiles: 256 << 10, weights: tt.weights}
			o.source = func(s prefetch.Source) prefetch.Source {
				if tt.kind != prefetch.SourceCached {
					s.(*prefetch.Files).Use(tt.kind)
				}
				return s
			}
			e := openTest(t, path, o)
			full := e.Stats().BudgetBytes
			s := sample10ms(t, path, full+slack)
			defer s.end()
			answer := func(do func()) {
				stream := e.Complete(ctx, "abc abc", r)
				<-stream.Ready()
				do()
				got, d := finish(stream)
				if d.Err != nil {
					t.Fatal(d.Err)
				}
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("%q, want %q", got, want)
				}
			}
			answer(func() {})
			half := min(full, 2*188<<20) / 2
			answer(func() {
				if err := e.SetMemory(half); err != nil {
					t.Fatal(err)
				}
				s.allow(half + slack)
			})
			answer(func() {})
			for time.Since(s.since) < 1100*time.Millisecond {
				time.Sleep(10 * time.Millisecond)
			}
			if s.excess > 0 {
				t.Errorf("%d KiB above a budget of %d MiB and its slack", s.excess>>10, s.allowed>>20)
			}
			if st := e.Stats().Cache; st.UsedBytes > half || st.SyncLoads > 0 {
				t.Errorf("%d of %d bytes in use, %d sync loads", st.UsedBytes, half, st.SyncLoads)
			}
			t.Logf("%d samples; %d MiB, then %d MiB, obeyed after %v; %s", s.samples, full>>20, half>>20,
				s.settled.Round(time.Millisecond), e.Stats().Cache.Source)
		})
	}
}
