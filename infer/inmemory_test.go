package infer

import (
	"context"
	"os"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
)

// TestInMemory opens a model from bytes and wants what its file gives: when it
// fits, when it streams, and when a budget changes in between.
func TestInMemory(t *testing.T) {
	path, o := streaming(t)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := Request{MaxTokens: 24}
	want, d := finish(openTest(t, path, o).Complete(context.Background(), "abc abc", r))
	if d.Err != nil {
		t.Fatal(d.Err)
	}
	for _, weights := range []int64{16 << 20, o.weights} {
		o.weights = weights
		f, err := gguf.FromBytes("tiny", data)
		if err != nil {
			t.Fatal(err)
		}
		e, err := OpenFile(context.Background(), f, "tiny", o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close() })
		budget := e.Stats().BudgetBytes
		for _, less := range []int64{0, 512 << 10, 0} {
			if err := e.SetMemory(budget - less); err != nil {
				t.Fatal(err)
			}
			if got, d := finish(e.Complete(context.Background(), "abc abc", r)); got != want || d.Err != nil {
				t.Errorf("with %d bytes for weights, %d less: %q, want %q (%v)", weights, less, got, want, d.Err)
			}
		}
		if st := e.Stats().Cache; (st.StreamedBytes > 0) != (weights == 2<<20) || st.SyncLoads != 0 {
			t.Errorf("with %d bytes for weights: %d stream, %d sync loads", weights, st.StreamedBytes, st.SyncLoads)
		}
		if i := e.Info(); i.Path != "tiny" {
			t.Errorf("the path is %q", i.Path)
		}
	}
}
