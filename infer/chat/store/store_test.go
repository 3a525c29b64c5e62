package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/runnel-chat/runnel/infer/chat"
)

func openAt(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func newStore(t *testing.T) (*Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "deep", "chats ?#%.db")
	return openAt(t, path), path
}

func user(text string) chat.Message   { return chat.Message{Role: "user", Content: text} }
func answer(text string) chat.Message { return chat.Message{Role: "assistant", Content: text} }

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// texts is the current branch.
func texts(t *testing.T, s *Store, conv int64) string {
	t.Helper()
	var out []string
	for _, m := range must[[]Message](t)(s.Messages(conv)) {
		out = append(out, m.Content)
	}
	return strings.Join(out, " ")
}

func TestTree(t *testing.T) {
	s, _ := newStore(t)
	id := must[int64](t)
	conv := id(s.New("tiny"))
	a := id(s.Append(conv, 0, user("a")))
	b := id(s.Append(conv, a, answer("b")))
	c := id(s.Append(conv, b, user("c")))
	b2 := id(s.Append(conv, a, answer("b2")))
	if got := texts(t, s, conv); got != "a b2" {
		t.Errorf("after the second answer: %q", got)
	}
	if tree := must[map[int64][]int64](t)(s.Branches(conv)); !slices.Equal(tree[a], []int64{b, b2}) || !slices.Equal(tree[0], []int64{a}) {
		t.Errorf("branches %v", tree)
	}
	if err := s.Rewind(c); err != nil {
		t.Fatal(err)
	}
	if got := texts(t, s, conv); got != "a b c" {
		t.Errorf("the first answer again: %q", got)
	}
	if err := s.Rewind(a); err != nil {
		t.Fatal(err)
	}
	if got := texts(t, s, conv); got != "a" {
		t.Errorf("taken back: %q", got)
	}
	a2 := id(s.Append(conv, 0, user("a2"))) // the first message, edited
	if tree := must[map[int64][]int64](t)(s.Branches(conv)); !slices.Equal(tree[0], []int64{a, a2}) {
		t.Errorf("branches of the first %v", tree)
	}
	other := id(s.New("tiny"))
	if _, err := s.Append(other, a, user("x")); !errors.Is(err, ErrNotFound) {
		t.Errorf("a parent of another conversation: %v", err)
	}
	if _, err := s.Append(99, 0, user("x")); err == nil {
		t.Error("a message in no conversation")
	}
	for _, err := range []error{s.Rewind(99), s.Rename(99, "x"), s.Delete(99), s.Finish(conv, a, user("x"))} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("what is not there: %v", err)
		}
	}
}

func TestMessageKeepsItsParts(t *testing.T) {
	s, path := newStore(t)
	conv := must[int64](t)(s.New("tiny"))
	want := chat.Message{
		Role: "assistant", Content: "c\x00\xff", Thinking: "t", Name: "n", ToolCallID: "i",
		ToolCalls: []chat.ToolCall{{ID: "1", Name: "f", Arguments: json.RawMessage(`{"b":1,"a":2}`)}},
		Thought:   1500 * time.Millisecond,
	}
	must[int64](t)(s.Append(conv, 0, want))
	got := must[[]Message](t)(openAt(t, path).Messages(conv)) // another opening
	if len(got) != 1 || !reflect.DeepEqual(got[0].Message, want) || got[0].Partial {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestPartial(t *testing.T) {
	s, path := newStore(t)
	id := must[int64](t)
	conv := id(s.New("tiny"))
	a := id(s.Append(conv, 0, user("a")))
	b := id(s.Partial(conv, a, 0, answer("wri")))
	if again := id(s.Partial(conv, a, b, answer("writing"))); again != b {
		t.Errorf("a second id, %d", again)
	}
	got := must[[]Message](t)(openAt(t, path).Messages(conv))
	if len(got) != 2 || got[1].Content != "writing" || !got[1].Partial {
		t.Errorf("partial: %+v", got)
	}
	if err := s.Finish(conv, b, answer("writing done")); err != nil {
		t.Fatal(err)
	}
	got = must[[]Message](t)(s.Messages(conv))
	if len(got) != 2 || got[1].Content != "writing done" || got[1].Partial {
		t.Errorf("finished: %+v", got)
	}
	if hits := must[[]Hit](t)(s.Search("wri", 9)); len(hits) != 1 {
		t.Errorf("the words of what was written over are still found: %+v", hits)
	}
}

func TestListRenameDelete(t *testing.T) {
	s, path := newStore(t)
	id := must[int64](t)
	first := id(s.New("tiny"))
	id(s.Append(first, 0, chat.Message{Role: "system", Content: "be brief"}))
	id(s.Append(first, 0, user("What  is\n"+strings.Repeat("ä", 100))))
	second := id(s.New("big"))
	id(s.Append(second, 0, user("two")))
	id(s.New("nothing said")) // not listed
	cs := must[[]Conversation](t)(s.List(9))
	if len(cs) != 2 || cs[0].ID != second || cs[1].Count != 2 || cs[0].Model != "big" {
		t.Fatalf("list %+v", cs)
	}
	if want := "What is " + strings.Repeat("ä", 71) + "…"; cs[1].Title != want {
		t.Errorf("title %q", cs[1].Title)
	}
	if cs := must[[]Conversation](t)(s.List(1)); len(cs) != 1 {
		t.Errorf("a limit of one gives %d", len(cs))
	}
	if err := errors.Join(s.Rename(first, " new\nname "), s.Delete(second)); err != nil {
		t.Fatal(err)
	}
	if cs := must[[]Conversation](t)(s.List(9)); len(cs) != 1 || cs[0].Title != "new name" {
		t.Errorf("after rename and delete %+v", cs)
	}
	if hits := must[[]Hit](t)(s.Search("two", 9)); len(hits) != 0 {
		t.Errorf("a deleted conversation is found: %+v", hits)
	}
	if err := s.Undelete(second); err != nil {
		t.Fatal(err)
	}
	if got := texts(t, s, second); got != "two" {
		t.Errorf("taken back: %q", got)
	}
	// Long after, an opening removes it, with all that it held.
	must[any](t)(s.db.Exec("UPDATE conversations SET deleted = 1 WHERE id = ?", second))
	again := openAt(t, path)
	if _, err := again.Find(second); !errors.Is(err, ErrNotFound) {
		t.Errorf("purged: %v", err)
	}
	if hits := must[[]Hit](t)(again.Search("two", 9)); len(hits) != 0 {
		t.Errorf("its words are still found: %+v", hits)
	}
}

func TestSearch(t *testing.T) {
	s, _ := newStore(t)
	id := must[int64](t)
	conv := id(s.New("tiny"))
	a := id(s.Append(conv, 0, user("Über the quick brown fox")))
	b := id(s.Append(conv, a, chat.Message{Role: "assistant", Content: "lazy dog", Thinking: "hidden river"}))
	for _, c := range []struct {
		text string
		want []int64
	}{
		{"quick", []int64{a}},
		{"uber FOX", []int64{a}},
		{"qui", []int64{a}},
		{"riv", []int64{b}},
		{"quick dog", nil},
		{"", nil},
		{"  \x00 ", nil},
		{`"fox`, []int64{a}},
		{"fox OR dog", nil},
		{"content:fox", nil},
		{"-dog", []int64{b}},
	} {
		var got []int64
		for _, h := range must[[]Hit](t)(s.Search(c.text, 9)) {
			got = append(got, h.Message)
			if h.Conv != conv || h.Snippet == "" {
				t.Errorf("%q: %+v", c.text, h)
			}
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q finds %v, want %v", c.text, got, c.want)
		}
	}
}

func FuzzSearch(f *testing.F) {
	for _, seed := range []string{"", `"`, `""`, "a AND", "NEAR(a b", "a*", "^x", "col:x", "(", "a - b", "\x00", "\xff", "'; DROP TABLE messages", "**", "{a b}:c", "+"} {
		f.Add(seed)
	}
	s, err := Open(filepath.Join(f.TempDir(), "c.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return
		}
		if _, err := s.Search(text, 3); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func TestExport(t *testing.T) {
	s, _ := newStore(t)
	id := must[int64](t)
	conv := id(s.New("tiny"))
	a := id(s.Append(conv, 0, user("Say hi")))
	b := id(s.Append(conv, a, chat.Message{Role: "assistant", Content: "Hi\n", Thinking: "one\ntwo"}))
	id(s.Partial(conv, b, 0, answer("and th")))
	must[any](t)(s.db.Exec("UPDATE messages SET at = 0"))
	want := "# Say hi\n\nModel: tiny\n\n## user\n\nSay hi\n\n## assistant\n\n> one\n> two\n\nHi\n\n## assistant\n\nand th\n\n*(broken off)*\n"
	if got := string(must[[]byte](t)(s.Export(conv, "md"))); got != want {
		t.Errorf("md:\n%s\nwant:\n%s", got, want)
	}
	want = `{"title":"Say hi","model":"tiny","messages":[` +
		`{"role":"user","content":"Say hi","at":"1970-01-01T00:00:00Z"},` +
		`{"role":"assistant","content":"Hi\n","thinking":"one\ntwo","at":"1970-01-01T00:00:00Z"},` +
		`{"role":"assistant","content":"and th","partial":true,"at":"1970-01-01T00:00:00Z"}]}`
	var x, y any
	if err := errors.Join(json.Unmarshal(must[[]byte](t)(s.Export(conv, "json")), &x), json.Unmarshal([]byte(want), &y)); err != nil || !reflect.DeepEqual(x, y) {
		t.Errorf("json: %v, %v", x, err)
	}
	if _, err := s.Export(conv, "pdf"); err == nil {
		t.Error("pdf is written")
	}
}

func TestModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes here")
	}
	s, path := newStore(t)
	must[int64](t)(s.New("tiny"))
	for _, p := range []string{path, path + "-wal", filepath.Dir(path)} {
		st, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		if st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", p, st.Mode())
		}
	}
}

// TestTwoStores writes through two openings of one new file at once.
func TestTwoStores(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.db")
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			s, err := Open(path)
			if err != nil {
				t.Error(err)
				return
			}
			conv, err := s.New("tiny")
			for i := 0; i < 25 && err == nil; i++ {
				_, err = s.Append(conv, 0, user("x"))
			}
			if err = errors.Join(err, s.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	cs := must[[]Conversation](t)(openAt(t, path).List(9))
	if len(cs) != 2 || cs[0].Count != 25 || cs[1].Count != 25 {
		t.Errorf("%+v", cs)
	}
}

func TestSetAside(t *testing.T) {
	foreign := filepath.Join(t.TempDir(), "foreign.db")
	s := openAt(t, foreign)
	must[any](t)(s.db.Exec("PRAGMA application_id = 7"))
	must[any](t)(s.db.Exec("PRAGMA wal_checkpoint(TRUNCATE)"))
	other, err := os.ReadFile(foreign)
	if err != nil {
		t.Fatal(err)
	}
	broken := append([]byte(nil), other...)
	for i := 4096; i < len(broken); i++ {
		broken[i] = 0x55
	}
	for name, content := range map[string][]byte{"text": []byte(strings.Repeat("not a database\n", 100)), "foreign": other, "broken": broken} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.db")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			s := openAt(t, path)
			if s.Notice() == "" {
				t.Error("nobody is told")
			}
			conv := must[int64](t)(s.New("tiny"))
			must[int64](t)(s.Append(conv, 0, user("works")))
			kept, err := filepath.Glob(path + ".damaged-*")
			if err != nil || len(kept) != 1 {
				t.Fatalf("kept %v, %v", kept, err)
			}
			if b, err := os.ReadFile(kept[0]); err != nil || string(b) != string(content) {
				t.Errorf("what was set aside has changed (%v)", err)
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.db")
	s := openAt(t, newer)
	must[any](t)(s.db.Exec(fmt.Sprintf("PRAGMA user_version = %d", version+1)))
	for _, path := range []string{dir, filepath.Join(file, "c.db"), newer} {
		if s, err := Open(path); err == nil {
			t.Errorf("%s opens", path)
			_ = s.Close()
		}
	}
	closed, _ := newStore(t)
	_ = closed.Close()
	_, e1 := closed.New("x")
	_, e2 := closed.Append(1, 0, user("x"))
	_, e3 := closed.Messages(1)
	_, e4 := closed.List(1)
	_, e5 := closed.Search("x", 1)
	_, e6 := closed.Export(1, "md")
	for i, err := range []error{e1, e2, e3, e4, e5, e6, closed.Rewind(1), closed.Rename(1, "x")} {
		if err == nil {
			t.Errorf("call %d of a closed store works", i)
		}
	}
}

// TestFull fills the file to a limit, as a full disk does.
func TestFull(t *testing.T) {
	s, _ := newStore(t)
	conv := must[int64](t)(s.New("tiny"))
	a := must[int64](t)(s.Append(conv, 0, user("before")))
	must[any](t)(s.db.Exec("PRAGMA max_page_count = 40"))
	if _, err := s.Append(conv, a, answer(strings.Repeat("long ", 100_000))); err == nil {
		t.Fatal("no error from a full file")
	}
	if got := texts(t, s, conv); got != "before" {
		t.Errorf("after the failure: %q", got)
	}
	must[any](t)(s.db.Exec("PRAGMA max_page_count = 100000"))
	must[int64](t)(s.Append(conv, a, answer("after")))
	if got := texts(t, s, conv); got != "before after" {
		t.Errorf("with room again: %q", got)
	}
}
