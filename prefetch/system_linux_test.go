package prefetch

import (
	"slices"
	"testing"
)

func TestGroupDirs(t *testing.T) {
	for text, want := range map[string][]string{
		"0::/a/b\n":                     {"/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a", "/sys/fs/cgroup"},
		"4:cpu,memory:/x\n3:cpuset:/\n": {"/sys/fs/cgroup/memory/x", "/sys/fs/cgroup/memory"},
		"0::/../up\nnonsense\n":         {"/sys/fs/cgroup/up", "/sys/fs/cgroup"},
		"":                              nil,
	} {
		if got := groupDirs(text); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	m := SystemMemory()
	if m.Available <= 0 || m.Available > m.Limit || m.Budget > m.Available {
		t.Errorf("%+v", m)
	}
}
