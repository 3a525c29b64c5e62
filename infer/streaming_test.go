package infer

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/runnel-chat/runnel/prefetch"
)

// streaming is a model of about 4 MB in tiles small enough to stream.
func streaming(t testing.TB) (path string, o Options) {
	m := tinyLlama
	m.layers, m.embd, m.ffn = 4, 256, 1024
	return m.write(t, t.TempDir()), Options{Threads: 2, Context: 128, tiles: 32 << 10, weights: 2 << 20}
}

// TestSetMemory halves and restores the budget between and during answers.
func TestSetMemory(t *testing.T) {
	path, o := streaming(t)
	o.weights = 16 << 20
	e := openTest(t, path, o)
	ctx := context.Background()
	r := Request{MaxTokens: 16}
	want, _ := finish(e.Complete(ctx, "abc abc", r))
	full := e.Stats().BudgetBytes
	for i, less := range []int64{13 << 20, 14 << 20, 0, 13 << 20, 0} {
		s := e.Complete(ctx, "abc abc"+strings.Repeat("c", i%2), r)
		if i > 1 {
			<-s.Ready() // in the middle of the answer
		}
		if err := e.SetMemory(full - less); err != nil {
			t.Fatal(err)
		}
		if _, d := finish(s); d.Err != nil {
			t.Fatal(d.Err)
		}
		if got, _ := finish(e.Complete(ctx, "abc abc", r)); got != want {
			t.Errorf("with %d MiB less: %q, want %q", less>>20, got, want)
		}
		st := e.Stats().Cache
		if st.UsedBytes > full-less {
			t.Errorf("%d bytes in use of %d", st.UsedBytes, full-less)
		}
		if streams := st.StreamedBytes > 0; streams != (less > 0) {
			t.Errorf("with %d MiB less, %d bytes stream", less>>20, st.StreamedBytes)
		}
	}
	if err := e.SetMemory(1 << 20); !errors.Is(err, ErrDoesNotFit) {
		t.Errorf("a budget of 1 MiB: %v", err)
	}
}

// TestBrokenDisk makes reads fail in the middle of an answer: it ends with an
// error, and the next one is as ever.
func TestBrokenDisk(t *testing.T) {
	path, o := streaming(t)
	var broken atomic.Int32 // 0: not at all
	faults := []prefetch.Fault{{}, {Err: prefetch.ErrIO}, {Short: true}}
	o.source = func(s prefetch.Source) prefetch.Source {
		return &prefetch.Faulty{Source: s, Fault: func(int) prefetch.Fault { return faults[broken.Load()] }}
	}
	e := openTest(t, path, o)
	ctx := context.Background()
	r := Request{MaxTokens: 24}
	want, d := finish(e.Complete(ctx, "abc abc", r))
	if d.Err != nil {
		t.Fatal(d.Err)
	}
	for fault := range int32(2) {
		s := e.Complete(ctx, "abc abc", r)
		<-s.Ready()
		broken.Store(fault + 1)
		if _, d := finish(s); d.Reason == Failed && !strings.Contains(d.Err.Error(), "weight") {
			t.Errorf("the answer ended with %v", d.Err)
		}
		if _, d := finish(e.Complete(ctx, "abc abc", r)); d.Err == nil {
			t.Error("an answer from a broken disk")
		}
		broken.Store(0)
		if got, d := finish(e.Complete(ctx, "abc abc", r)); got != want || d.Err != nil {
			t.Errorf("after the disk came back: %q, %v, want %q", got, d.Err, want)
		}
	}
}

// TestEveryReadFails breaks the disk at the n-th read of an answer, for every
// n, its first pass included, which loads the model: the answer ends with an
// error that names the file and the tensor, what was written stays, and once
// the disk is back the next answer is as ever.
func TestEveryReadFails(t *testing.T) {
	m := tinyLlama
	m.layers, m.embd, m.ffn = 2, 64, 128
	path := m.write(t, t.TempDir())
	o := Options{Threads: 2, Context: 64, KV: "f32", tiles: 4 << 10, weights: 96 << 10}
	r := Request{MaxTokens: 4}
	ctx := context.Background()
	var from atomic.Int64 // the first read that fails
	var fault atomic.Pointer[prefetch.Fault]
	var disk *prefetch.Faulty
	o.source = func(s prefetch.Source) prefetch.Source {
		disk = &prefetch.Faulty{Source: s, Fault: func(call int) prefetch.Fault {
			if int64(call) >= from.Load() {
				return *fault.Load()
			}
			return prefetch.Fault{}
		}}
		return disk
	}
	from.Store(1 << 40)
	whole := openTest(t, path, o)
	want, d := finish(whole.Complete(ctx, "abc abc", r))
	if d.Err != nil || whole.Stats().Cache.StreamedBytes == 0 {
		t.Fatal(d.Err, whole.Stats().Cache.StreamedBytes)
	}
	reads := disk.Calls()
	failed := 0
	for n := 1; n <= reads; n++ {
		fault.Store(&[]prefetch.Fault{{Err: prefetch.ErrIO}, {Short: true}}[n%2])
		from.Store(int64(n))
		e, err := Open(ctx, path, o)
		if err != nil {
			t.Fatal(err)
		}
		got, d := finish(e.Complete(ctx, "abc abc", r))
		if d.Err != nil {
			failed++
			for _, part := range []string{path, ".weight"} {
				if !strings.Contains(d.Err.Error(), part) {
					t.Errorf("read %d: %v does not name %s", n, d.Err, part)
				}
			}
			if strings.Contains(d.Err.Error(), "\n") || d.Reason != Failed {
				t.Errorf("read %d: %v, %q", n, d.Reason, d.Err)
			}
		}
		if !strings.HasPrefix(want, got) || d.Err == nil && got != want {
			t.Errorf("read %d: %q is not how %q begins", n, got, want)
		}
		from.Store(1 << 40)
		for range 5 { // a reader may still bring home what failed before
			if got, d = finish(e.Complete(ctx, "abc abc", r)); d.Err == nil {
				break
			}
		}
		if got != want || d.Err != nil {
			t.Errorf("after read %d: %q, %v, want %q", n, got, d.Err, want)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	if failed < reads/2 {
		t.Errorf("%d of %d faults were noticed", failed, reads)
	}
	t.Logf("%d reads, %d noticed", reads, failed)
}

// TestChangedFile does to the file of an open model what other programs may:
// in place it ends the answer, for nobody knows what is read now; under
// another name the open file is as it was, and the user is told once.
func TestChangedFile(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(path string) error
		ends   bool
	}{
		{"truncated", func(path string) error { return os.Truncate(path, 100_000) }, true},
		{"written to", func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteAt(make([]byte, 64<<10), 1<<20)
			return errors.Join(err, f.Close())
		}, true},
		{"replaced", func(path string) error {
			if err := os.WriteFile(path+".new", make([]byte, 1000), 0o600); err != nil {
				return err
			}
			return os.Rename(path+".new", path)
		}, false},
		{"removed", os.Remove, false},
		{"closed off", func(path string) error { return os.Chmod(path, 0) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path, o := streaming(t)
			e := openTest(t, path, o)
			ctx := context.Background()
			r := Request{MaxTokens: 20}
			want, d := finish(e.Complete(ctx, "abc abc", r))
			if d.Err != nil {
				t.Fatal(d.Err)
			}
			told := 0
			for i := range 3 {
				s := e.Complete(ctx, "abc abc", r)
				if i == 0 {
					<-s.Ready()
					if err := tt.change(path); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Millisecond)
				}
				got, notices, d := finishWithNotices(s)
				told += len(notices)
				switch {
				case !tt.ends && (got != want || d.Err != nil):
					t.Errorf("%q, %v, want %q", got, d.Err, want)
				case tt.ends && i > 0 && !errors.Is(d.Err, prefetch.ErrChanged):
					t.Errorf("the answer ended with %v, %v", d.Reason, d.Err)
				case tt.ends && !strings.HasPrefix(want, got):
					t.Errorf("%q is not how %q begins", got, want)
				}
			}
			if wants := map[string]int{"replaced": 1, "removed": 1}[tt.name]; told != wants {
				t.Errorf("told %d times, want %d", told, wants)
			}
		})
	}
}

func finishWithNotices(s *Stream) (text string, notices []string, last Delta) {
	for range s.Ready() {
		d := s.Take()
		text += d.Text
		if d.Notice != "" {
			notices = append(notices, d.Notice)
		}
		if d.Done {
			return text, notices, d
		}
	}
	return text, notices, last
}
