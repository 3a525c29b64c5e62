package ui

import "testing"

func TestEnding(t *testing.T) {
	for _, tt := range []struct {
		text string
		w    int
		want string
	}{
		{"", 4, ""},
		{"abcd", 4, "abcd"},
		{"abcdef", 4, "…def"},
		{"日本語", 4, "…語"},
	} {
		if got := ending(tt.text, tt.w); got != tt.want {
			t.Errorf("%q in %d cells: %q, want %q", tt.text, tt.w, got, tt.want)
		}
	}
}
