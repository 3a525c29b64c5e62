package infer

import "testing"

// TestPriceOfReading counts the bytes that a streamed prompt reads, and that
// a draft read ahead costs nothing any more.
func TestPriceOfReading(t *testing.T) {
	path, o := streaming(t)
	e := openTest(t, path, o)
	ask := asking("abc ab c abc")
	p, err := e.Price(ask, likeliest)
	if err != nil {
		t.Fatal(err)
	}
	st := e.store.Stats()
	if p.Typed == 0 || p.Typed >= p.Tokens || p.Bytes < st.StreamedBytes || p.Bytes > st.StreamedBytes+st.PinnedBytes {
		t.Errorf("%+v; a pass streams %d, %d are pinned", p, st.StreamedBytes, st.PinnedBytes)
	}
	if err := e.ReadAhead(t.Context(), ask, likeliest); err != nil {
		t.Fatal(err)
	}
	if p, err = e.Price(ask, likeliest); err != nil || p.Reused != p.Tokens || p.Bytes != 0 || p.First != 0 {
		t.Errorf("read ahead: %+v, %v", p, err)
	}
	if p, err = e.Price(asking("abc ab c abc abc"), likeliest); err != nil || p.Reused == 0 || p.Bytes != e.store.Stats().StreamedBytes {
		t.Errorf("a word more: %+v, %v", p, err)
	}
	if st.StreamedBytes == 0 {
		t.Error("nothing streams")
	}
}
