package prefetch

import (
	"math"
	"testing"
)

func TestDefaultBudget(t *testing.T) {
	const mib, gib = 1 << 20, 1 << 30
	for _, tt := range []struct{ free, limit, room, want int64 }{
		{20 * gib, 24 * gib, math.MaxInt64, 18 * gib},
		{100 * gib, 128 * gib, math.MaxInt64, 98 * gib},
		{20 * gib, 2 * gib, 2*gib - 8*mib, 2*gib - 40*mib},
		{20 * gib, 512 * mib, 500 * mib, 484 * mib},
		{1 * gib, 2 * gib, 2 * gib, gib - gib/10},
		{20 * gib, 512 * mib, 4 * mib, 0},
	} {
		m := Memory{Limit: tt.limit}
		if m.share(tt.free, tt.room); m.Budget != tt.want {
			t.Errorf("%d free, %d of %d in the container: %d, want %d", tt.free, tt.room, tt.limit, m.Budget, tt.want)
		}
	}
}
