package prefetch

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

// systemMemory takes the least of what the machine and its control groups
// leave.
func systemMemory() (available, limit int64, source string, ok bool) {
	available, limit, ok = meminfo()
	source = "machine"
	for _, g := range []struct{ max, used string }{
		{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
		{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"},
	} {
		most, ok1 := readNumber(g.max)
		used, ok2 := readNumber(g.used)
		if ok1 && ok2 && most < limit {
			limit, source = most, "container"
			available = min(available, max(0, most-used))
		}
	}
	return available, limit, source, ok
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
