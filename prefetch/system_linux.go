package prefetch

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// systemMemory takes the least of what the machine and its control groups
// leave.
func systemMemory() (Memory, bool) {
	free, total, ok := meminfo()
	m := Memory{Limit: total, LimitedBy: "machine"}
	room := int64(math.MaxInt64)
	for _, dir := range groups() {
		for _, g := range [][2]string{{"memory.max", "memory.current"}, {"memory.limit_in_bytes", "memory.usage_in_bytes"}} {
			most, ok1 := readNumber(filepath.Join(dir, g[0]))
			used, ok2 := readNumber(filepath.Join(dir, g[1]))
			if !ok1 || !ok2 || most >= total {
				continue // no limit to speak of
			}
			if most < m.Limit {
				m.Limit, m.LimitedBy = most, "container"
			}
			room = min(room, max(0, most-used+reclaimable(dir)))
		}
	}
	m.share(free, room)
	return m, ok
}

func meminfo() (available, total int64, ok bool) {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, 0, false
	}
	field := func(name string) int64 {
		_, rest, _ := bytes.Cut(b, []byte("\n"+name+":"))
		if name == "MemTotal" {
			_, rest, _ = bytes.Cut(b, []byte(name+":"))
		}
		line, _, _ := bytes.Cut(rest, []byte("kB"))
		n, _ := strconv.ParseInt(strings.TrimSpace(string(line)), 10, 64)
		return n << 10
	}
	available, total = field("MemAvailable"), field("MemTotal")
	return available, total, available > 0 && total > 0
}

// readNumber fails for "max", which means no limit.
func readNumber(path string) (int64, bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return n, err == nil
}

// groups lists the folders of the memory control groups that this process is
// in, nested ones and those above them: each may set a limit.
func groups() []string {
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil
	}
	return groupDirs(string(b))
}

// groupDirs reads /proc/self/cgroup: lines of number:controllers:path.
func groupDirs(text string) []string {
	var dirs []string
	for line := range strings.Lines(text) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		var root string
		switch {
		case f[1] == "": // version 2
			root = "/sys/fs/cgroup"
		case slices.Contains(strings.Split(f[1], ","), "memory"):
			root = "/sys/fs/cgroup/memory"
		default:
			continue
		}
		for path := filepath.Clean("/" + f[2]); ; path = filepath.Dir(path) {
			dirs = append(dirs, filepath.Join(root, path))
			if path == "/" {
				break
			}
		}
	}
	return dirs
}

// reclaimable is the page cache of a group, which gives way to anything else.
func reclaimable(dir string) int64 {
	b, err := os.ReadFile(filepath.Join(dir, "memory.stat"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == "inactive_file" || name == "total_inactive_file" {
			n, err := strconv.ParseInt(value, 10, 64)
			if err == nil && (name == "total_inactive_file" || !strings.Contains(string(b), "total_inactive_file")) {
				return n
			}
		}
	}
	return 0
}
