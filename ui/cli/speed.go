package cli

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// readSpeed reads a file from the disk for as long as limit, in parallel, and
// returns how many bytes came in what time.
func readSpeed(path string, limit time.Duration) (int64, time.Duration, error) {
	const readers, block = 4, 2 << 20
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, 0, err
	}
	forgetCached(f)
	var next, total atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, readers)
	start := time.Now()
	for i := range readers {
		wg.Go(func() {
			buf := make([]byte, block)
			for time.Since(start) < limit {
				off := next.Add(block) - block
				if off >= info.Size() {
					return
				}
				n, err := f.ReadAt(buf, off)
				total.Add(int64(n))
				if err != nil {
					if !errors.Is(err, io.EOF) {
						errs[i] = err
					}
					return
				}
			}
		})
	}
	wg.Wait()
	return total.Load(), time.Since(start), errors.Join(errs...)
}
