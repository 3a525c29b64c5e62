package pull

import (
	"encoding/json"
	"os"
	"slices"
)

// span is a range of bytes, the end not included.
type span struct{ From, To int64 }

// put adds a span to a sorted list of spans apart from each other.
func put(list []span, s span) []span {
	if s.From >= s.To {
		return list
	}
	var out []span
	for _, o := range list {
		if o.To < s.From || o.From > s.To {
			out = append(out, o)
			continue
		}
		s.From, s.To = min(s.From, o.From), max(s.To, o.To)
	}
	out = append(out, s)
	slices.SortFunc(out, func(a, b span) int {
		if a.From < b.From {
			return -1
		}
		return 1
	})
	return out
}

// firstGap is the first span of at most limit bytes that is in neither list;
// false when there is none below size.
func firstGap(a, b []span, size, limit int64) (span, bool) {
	all := a
	for _, s := range b {
		all = put(all, s)
	}
	var from int64
	to := size
	for _, s := range all {
		if s.From > from {
			to = s.From
			break
		}
		from = s.To
	}
	to = min(to, from+limit)
	return span{from, to}, from < to
}

func covered(list []span) (n int64) {
	for _, s := range list {
		n += s.To - s.From
	}
	return n
}

// The part of a file that is here lies beside where it goes, with a note of
// which ranges it has. Other programs take a file NAME.incomplete for the
// beginning of NAME, which ours is not: hence a name of our own.
const (
	partSuffix = ".runnel.incomplete"
	noteSuffix = ".runnel.ranges"
)

// maxNote bounds what is read of a note.
const maxNote = 1 << 20

// note says what is here of a file.
type note struct {
	Size    int64  `json:"size"`
	Version string `json:"version,omitempty"`
	Have    []span `json:"have"`
}

// readNote reads which ranges are here of a file; none when in doubt.
func readNote(root *os.Root, f *file) []span {
	if sizeOf(root, f.at+partSuffix) != f.size || sizeOf(root, f.at+noteSuffix) > maxNote {
		return nil
	}
	b, err := root.ReadFile(f.at + noteSuffix)
	if err != nil {
		return nil
	}
	var n note
	if json.Unmarshal(b, &n) != nil || n.Size != f.size || f.sum == "" && (n.Version == "" || n.Version != f.version) {
		return nil
	}
	var have []span
	for _, s := range n.Have {
		if s.From < 0 || s.To > f.size {
			return nil
		}
		have = put(have, s)
	}
	return have
}

// resumable is how much is here of a file that is not whole.
func resumable(root *os.Root, f *file) int64 { return covered(readNote(root, f)) }
