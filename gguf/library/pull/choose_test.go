package pull

import (
	"net/url"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	const ladder = "m-Q2_K.gguf m-Q3_K_M.gguf m-Q4_K_S.gguf m-Q4_K_M.gguf m-Q5_K_M.gguf m-Q8_0.gguf m-f16.gguf"
	for _, tt := range []struct{ files, want, path, chosen string }{
		{ladder, "", "", "m-Q4_K_M.gguf"},
		{ladder, "q8_0", "", "m-Q8_0.gguf"},
		{ladder, "F16", "", "m-f16.gguf"},
		{ladder, "m-Q2_K", "", "m-Q2_K.gguf"},
		{ladder, "m-Q2_K.gguf", "", "m-Q2_K.gguf"},
		{ladder, "Q6_K", "", "has no Q6_K; it has Q2_K, Q3_K_M, Q4_K_S, Q4_K_M, Q5_K_M, Q8_0, F16"},
		{ladder, "", "m-Q5_K_M.gguf", "m-Q5_K_M.gguf"},
		{ladder, "", "other.gguf", "has no other.gguf"},
		{"m-Q4_K_S.gguf m-Q5_K_M.gguf", "", "", "m-Q4_K_S.gguf"},
		{"m-Q4_0.gguf m-Q5_0.gguf", "", "", "m-Q4_0.gguf"},
		{"m-Q4_K_S.gguf m-Q4_K_L.gguf", "", "", "m-Q4_K_L.gguf"}, // as near, and larger
		{"m-Q2_K.gguf m-Q8_0.gguf", "", "", "m-Q8_0.gguf"},
		{"m-Q3_K_M.gguf m-Q6_K.gguf m-F32.gguf", "", "", "m-Q6_K.gguf"},
		{"m-Q3_K_M.gguf m-Q8_0.gguf", "", "", "m-Q3_K_M.gguf"},
		{"m-F16.gguf m-Q2_K.gguf", "", "", "m-Q2_K.gguf"},
		{"m-IQ1_S.gguf m.gguf", "", "", "m-IQ1_S.gguf"},
		{"m-UD-Q4_K_M.gguf m-Q4_K_M.gguf", "", "", "m-Q4_K_M.gguf"},
		{"m-UD-Q4_K_XL.gguf m-Q8_0.gguf", "q4_k_xl", "", "m-UD-Q4_K_XL.gguf"},
		{"m-UD-Q4_K_XL.gguf m-Q8_0.gguf", "UD-Q4_K_XL", "", "m-UD-Q4_K_XL.gguf"},
		{"m.Q4_K_M.gguf", "Q4_K_M", "", "m.Q4_K_M.gguf"},
		{"m_q4_k_m.gguf", "Q4_K_M", "", "m_q4_k_m.gguf"},
		{"m-mxfp4.gguf m-Q8_0.gguf", "", "", "m-mxfp4.gguf"},
		{"only.gguf", "", "", "only.gguf"},
		{"mmproj-Q4_K_M.gguf m-Q8_0.gguf m.imatrix.gguf README.md", "", "", "m-Q8_0.gguf"},
		{"a-Q4_K_M.gguf b-Q4_K_M.gguf", "", "", "several models: name one of a-Q4_K_M, b-Q4_K_M"},
		{"a-Q4_K_M.gguf b-Q4_K_M.gguf", "b-Q4_K_M", "", "b-Q4_K_M.gguf"},
		{"m-Q4_K_M-00002-of-00002.gguf m-Q4_K_M-00001-of-00002.gguf", "", "", "m-Q4_K_M-00001-of-00002.gguf m-Q4_K_M-00002-of-00002.gguf"},
		{"m-Q4_K_M-00002-of-00002.gguf m-Q8_0.gguf", "", "", "m-Q8_0.gguf"},
		{"m-Q8_0-00001-of-00002.gguf m-Q8_0-00002-of-00002.gguf m-Q8_0.gguf", "", "", "m-Q8_0.gguf"},
		{"BF16/m-BF16-00001-of-00001.gguf Q6_K/m.gguf", "Q6_K", "", "Q6_K/m.gguf"},
		{"README.md", "", "", "has no model in a GGUF file"},
		{"../m-Q4_K_M.gguf con.gguf", "", "", "has no model in a GGUF file"},
	} {
		var files []remote
		for _, name := range strings.Fields(tt.files) {
			files = append(files, remote{name, 1000, commit})
		}
		c, err := choose(candidates(files), reference{org: "o", repo: "r", want: tt.want, path: tt.path})
		var names []string
		for _, f := range c.files {
			names = append(names, f.path)
		}
		got := strings.Join(names, " ")
		if err != nil {
			if got = err.Error(); !strings.Contains(got, tt.chosen) {
				t.Errorf("%s, %q: %q, want %q", tt.files, tt.want, got, tt.chosen)
			}
		} else if got != tt.chosen {
			t.Errorf("%s, %q: %q, want %q", tt.files, tt.want, got, tt.chosen)
		}
	}
}

// TestDistances: every quantisation of the list has a number of bits and a
// place of its own.
func TestDistances(t *testing.T) {
	seen := map[int]string{}
	for _, q := range sizes {
		d := distance(q)
		if d >= unknown || seen[d] != "" || distance("UD-"+q) <= d {
			t.Errorf("%s is at %d, as %q", q, d, seen[d])
		}
		seen[d] = q
	}
	if distance(usual) != 0 || distance("Q9_X") != unknown {
		t.Error("the ends are not where they belong")
	}
}

func TestParse(t *testing.T) {
	endpoint := &url.URL{Scheme: "https", Host: "hub.test"}
	for _, tt := range []struct{ in, want string }{
		{"org/repo", "org/repo main"},
		{"org/repo:Q4_K_M", "org/repo main Q4_K_M"},
		{"hf.co/org/Re.po_1-GGUF:q8_0", "org/Re.po_1-GGUF main q8_0"},
		{"https://hub.test/org/repo", "org/repo main"},
		{"https://hub.test/org/repo/resolve/v1/a/b.gguf?x=1", "org/repo v1 a/b.gguf"},
		{"https://hub.test/other/kind/of/page", "https://hub.test/other/kind/of/page"},
		{"http://host:99/a.gguf#x", "http://host:99/a.gguf"},
		{"https://hub.test.evil/org/repo/resolve/main/a.gguf", "https://hub.test.evil/org/repo/resolve/main/a.gguf"},
		{"", ""},
		{"repo", ""},
		{"org/", ""},
		{"org/repo:", ""},
		{"org/repo/more", ""},
		{"../..", ""},
		{"org/..", ""},
		{"org/a--b", ""},
		{"org/re po", ""},
		{"org/repo:a b", ""},
		{"org/repo:../x", ""},
		{"file:///etc/passwd", ""},
		{"https://", ""},
		{"https://\x7f/", ""},
	} {
		r, err := parse(tt.in, endpoint)
		got := strings.TrimSpace(r.org + "/" + r.repo + " " + r.revision + " " + r.want + r.path)
		if r.address != nil {
			got = r.address.String()
		}
		if err != nil {
			got = ""
		}
		if got != tt.want {
			t.Errorf("%q: %q (%v), want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestSafePath(t *testing.T) {
	for name, want := range map[string]bool{
		"m.gguf": true, "a/b/m-Q4.gguf": true, "Größe 3.gguf": true, "a..b.gguf": true, "console.gguf": true,
		"": false, ".": false, "..": false, "../m.gguf": false, "a/../../m.gguf": false, "a//m.gguf": false,
		"/m.gguf": false, `\\host\m.gguf`: false, `a\m.gguf`: false, "C:m.gguf": false, "m.gguf:stream": false,
		"a\x00.gguf": false, "a\x1b[2J.gguf": false, "a\nb.gguf": false, "\u202egguf.exe": false, "\xff.gguf": false,
		"con.gguf": false, "a/NUL": false, "lpt1.x.gguf": false, ".ssh/m.gguf": false, ".m.gguf": false, "a./m.gguf": false,
		"m.gguf ": false, " m.gguf": false, "m?.gguf": false, strings.Repeat("a", 300): false,
	} {
		if got := isSafePath(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func FuzzSafePath(f *testing.F) {
	for _, s := range []string{"m.gguf", "../x", "a/../..", `..\x`, "/etc", "a/./b", "nul"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if isSafePath(s) && (strings.Contains("/"+s+"/", "/../") || strings.HasPrefix(s, "/") || strings.ContainsAny(s, "\\:\x00\x1b\n")) {
			t.Errorf("%q is taken for safe", s)
		}
	})
}

// TestRanges keeps a bitmap beside the lists.
func TestRanges(t *testing.T) {
	const size = 40
	var have []span
	var bits [size]bool
	for i, s := range []span{{5, 9}, {20, 30}, {9, 12}, {0, 1}, {11, 21}, {3, 3}, {35, 40}, {1, 5}, {0, 40}} {
		gap, ok := firstGap(have, []span{{30, 33}}, size, 7)
		want := span{}
		for want.From < size && (bits[want.From] || want.From >= 30 && want.From < 33) {
			want.From++
		}
		for want.To = want.From; want.To < size && want.To < want.From+7 && !bits[want.To] && (want.To < 30 || want.To >= 33); want.To++ {
		}
		if ok != (want.From < size) || ok && gap != want {
			t.Errorf("step %d: the gap is %v, %v; want %v", i, gap, ok, want)
		}
		have = put(have, s)
		n := int64(0)
		for at := range int64(size) {
			bits[at] = bits[at] || at >= s.From && at < s.To
			if bits[at] {
				n++
			}
		}
		if covered(have) != n {
			t.Errorf("step %d: %v has %d bytes, not %d", i, have, covered(have), n)
		}
	}
	if len(have) != 1 {
		t.Errorf("the whole is in pieces: %v", have)
	}
}
