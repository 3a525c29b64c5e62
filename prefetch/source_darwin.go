package prefetch

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

func directAlign(string) int64 { return 0 }

// openReader knows one way past the page cache here: F_NOCACHE, which leaves
// alone what the cache already holds.
func (s *Files) openReader(kind SourceKind, i int) (reader, error) {
	switch kind {
	case SourceCached:
		return plain{s.files[i]}, nil
	case SourceDirect:
		f, err := s.reopen(i, os.Open)
		if err != nil {
			return nil, err
		}
		if _, err := unix.FcntlInt(f.Fd(), unix.F_NOCACHE, 1); err != nil {
			_ = f.Close()
			return nil, fmt.Errorf("%w: %w", errRefused, err)
		}
		return owned{plain{f}}, nil
	}
	return nil, errRefused
}

// device names the device that a file lies on.
func device(path string) string {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return ""
	}
	return fmt.Sprint(st.Dev)
}
