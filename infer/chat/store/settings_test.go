package store

import (
	"database/sql"
	"errors"
	"maps"
	"path/filepath"
	"testing"
)

func TestSettings(t *testing.T) {
	s, path := newStore(t)
	conv := must[int64](t)(s.New("tiny"))
	if got := must[map[string]string](t)(s.Settings(conv)); got != nil {
		t.Errorf("a new conversation has %v", got)
	}
	want := map[string]string{"temperature": "0.2", "system": "a\"b\x00"}
	for _, set := range []map[string]string{{"x": "y"}, want} {
		if err := s.SetSettings(conv, set); err != nil {
			t.Fatal(err)
		}
	}
	if got := must[map[string]string](t)(openAt(t, path).Settings(conv)); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if err := s.SetSettings(conv, nil); err != nil {
		t.Fatal(err)
	}
	if got := must[map[string]string](t)(s.Settings(conv)); len(got) != 0 {
		t.Errorf("taken away: %v", got)
	}
	_, err := s.Settings(99)
	for _, err := range []error{err, s.SetSettings(99, want)} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("of what is not there: %v", err)
		}
	}
}

// TestOldFile: a file as version 1 made it is brought up to date with all that
// it holds.
func TestOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.db")
	old := must[*sql.DB](t)(sql.Open("sqlite", source(path)))
	for _, q := range []string{
		"PRAGMA journal_mode=WAL", version1, "PRAGMA application_id=0x52554e4c", "PRAGMA user_version=1",
		"INSERT INTO conversations(id, title, model, created, updated, leaf) VALUES (7, 'old', 'tiny', 1, 2, 2)",
		"INSERT INTO messages VALUES (1, 7, NULL, 'user', 'needle', '', '', 1, 1), (2, 7, 1, 'assistant', 'b', 'hm', '', 1, 1)",
	} {
		must[any](t)(old.Exec(q))
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // opened anew, nothing is left to change
		s := openAt(t, path)
		if s.Notice() != "" {
			t.Fatal(s.Notice())
		}
		if got := texts(t, s, 7); got != "needle b" {
			t.Errorf("its messages are %q", got)
		}
		if hits := must[[]Hit](t)(s.Search("needle", 9)); len(hits) != 1 || hits[0].Conv != 7 {
			t.Errorf("found %+v", hits)
		}
		if err := s.SetSettings(7, map[string]string{"seed": "1"}); err != nil {
			t.Fatal(err)
		}
		must[int64](t)(s.Append(7, 2, user("c")))
		if err := s.Rewind(2); err != nil {
			t.Fatal(err)
		}
	}
	// Nothing tells it from a file that was new.
	columns := func(s *Store) (names string) {
		if err := s.db.QueryRow("SELECT group_concat(name) FROM pragma_table_info('conversations')").Scan(&names); err != nil {
			t.Fatal(err)
		}
		return names
	}
	fresh, _ := newStore(t)
	if a, b := columns(openAt(t, path)), columns(fresh); a != b {
		t.Errorf("the columns are %s, want %s", a, b)
	}
}

// version1 is the schema as it was.
const version1 = `
CREATE TABLE conversations (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	title TEXT NOT NULL DEFAULT '',
	model TEXT NOT NULL,
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	deleted INTEGER,
	leaf INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE messages (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	conv INTEGER NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
	parent INTEGER REFERENCES messages(id) ON DELETE CASCADE,
	role TEXT NOT NULL,
	content TEXT NOT NULL,
	thinking TEXT NOT NULL,
	rest TEXT NOT NULL,
	final INTEGER NOT NULL,
	at INTEGER NOT NULL
);
CREATE INDEX messages_tree ON messages(conv, parent);
CREATE INDEX messages_parent ON messages(parent);
CREATE VIRTUAL TABLE words USING fts5(content, thinking, content='messages', content_rowid='id', tokenize='unicode61 remove_diacritics 2');
CREATE TRIGGER messages_insert AFTER INSERT ON messages BEGIN
	INSERT INTO words(rowid, content, thinking) VALUES (new.id, new.content, new.thinking);
END;
CREATE TRIGGER messages_delete AFTER DELETE ON messages BEGIN
	INSERT INTO words(words, rowid, content, thinking) VALUES ('delete', old.id, old.content, old.thinking);
END;
CREATE TRIGGER messages_update AFTER UPDATE ON messages BEGIN
	INSERT INTO words(words, rowid, content, thinking) VALUES ('delete', old.id, old.content, old.thinking);
	INSERT INTO words(rowid, content, thinking) VALUES (new.id, new.content, new.thinking);
END;
`
