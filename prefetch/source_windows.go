package prefetch

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

func directAlign(string) int64 { return 0 }

// openReader knows one way past the cache here: FILE_FLAG_NO_BUFFERING, with
// overlapped reads so that several can be on their way.
func (s *Files) openReader(kind SourceKind, i int) (reader, error) {
	switch kind {
	case SourceCached:
		return plain{s.files[i]}, nil
	case SourceDirect:
		f, err := s.reopen(i, openUnbuffered)
		if err != nil {
			return nil, err
		}
		return owned{plain{f}}, nil
	}
	return nil, errRefused
}

func openUnbuffered(path string) (*os.File, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, nil, windows.OPEN_EXISTING,
		windows.FILE_FLAG_NO_BUFFERING|windows.FILE_FLAG_OVERLAPPED, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), path), nil
}

// device names the volume that a file lies on.
func device(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	return filepath.VolumeName(abs)
}
