package store

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
)

// A Store is an open file of conversations. Its methods may be called from
// several goroutines.
type Store struct {
	db     *sql.DB
	notice string
}

const (
	appID   = 0x52554e4c // "RUNL", in the header of the file
	version = 2          // of the schema
)

// keepDeleted is how long a deleted conversation can be taken back.
const keepDeleted = 30 * 24 * time.Hour

const schema = `
CREATE TABLE conversations (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	title TEXT NOT NULL DEFAULT '',
	model TEXT NOT NULL,
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	deleted INTEGER,
	leaf INTEGER NOT NULL DEFAULT 0,
	settings TEXT NOT NULL DEFAULT ''
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

// changes bring a file of an older version, the index, to the next one.
var changes = [version]string{
	1: "ALTER TABLE conversations ADD COLUMN settings TEXT NOT NULL DEFAULT '';",
}

// errForeign says that a file is no store of ours.
var errForeign = errors.New("not a file of conversations")

// Open opens the file, or makes it. A file that is damaged or foreign is set
// aside, and Notice says so.
func Open(path string) (*Store, error) {
	s, err := open(path)
	if err != nil && foreign(err) {
		aside, moveErr := setAside(path)
		if moveErr != nil {
			return nil, fmt.Errorf("store: %s: %w", path, errors.Join(err, moveErr))
		}
		if s, err = open(path); err == nil {
			s.notice = "The file of conversations could not be read. It is kept as " + aside + ", and a new one was begun."
		}
	}
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", path, err)
	}
	return s, nil
}

// Notice is what the user should know of the opening; "" is nothing.
func (s *Store) Notice() string { return s.notice }

// Close ends the use of the file.
func (s *Store) Close() error { return s.db.Close() }

func open(path string) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	// Made here, so that nobody else may read it; SQLite gives its other
	// files the same mode.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(f.Chmod(0o600), f.Close()); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", source(path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // writes queue here, not at the lock of the file
	s := &Store{db: db}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// source names the file and how it is to be used.
func source(path string) string {
	name := filepath.ToSlash(path)
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // a drive's letter
	}
	return "file:" + (&url.URL{Path: name}).EscapedPath() +
		"?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=trusted_schema(0)"
}

// prepare checks that the file is whole and ours, and makes its tables when
// it is new. What another program made is left as it was.
func (s *Store) prepare() error {
	tx, err := s.db.Begin() // immediate: two processes never make the tables twice
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	var id, v, tables int
	err = errors.Join(
		tx.QueryRow("PRAGMA application_id").Scan(&id),
		tx.QueryRow("PRAGMA user_version").Scan(&v),
		tx.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&tables),
	)
	switch {
	case err != nil:
		return err
	case tables > 0 && id != appID:
		return errForeign
	case v > version:
		return fmt.Errorf("made by a newer version of the program (schema %d, known are up to %d)", v, version)
	case tables == 0:
		_, err = tx.Exec(schema + fmt.Sprintf("PRAGMA application_id=%d; PRAGMA user_version=%d;", appID, version))
	default:
		var word string
		if err = tx.QueryRow("PRAGMA quick_check(1)").Scan(&word); err == nil && word != "ok" {
			err = fmt.Errorf("%w: %s", errForeign, word)
		}
		for ; err == nil && v > 0 && v < version; v++ {
			_, err = tx.Exec(changes[v] + fmt.Sprintf("PRAGMA user_version=%d;", v+1))
		}
	}
	if err == nil {
		_, err = tx.Exec("DELETE FROM conversations WHERE deleted < ?", now()-keepDeleted.Milliseconds())
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return err
	}
	return s.useLog()
}

// useLog turns on the write-ahead log. The change needs the file alone, and
// SQLite does not wait for that by itself.
func (s *Store) useLog() (err error) {
	for range 100 {
		if _, err = s.db.Exec("PRAGMA journal_mode=WAL"); code(err) != codeBusy {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// Primary result codes of SQLite.
const (
	codeBusy    = 5
	codeCorrupt = 11
	codeNotADB  = 26
)

// code is the primary result code of an error, 0 for an error of another
// kind.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// foreign tells whether an error says that the file's content is at fault.
func foreign(err error) bool {
	c := code(err)
	return errors.Is(err, errForeign) || c == codeCorrupt || c == codeNotADB
}

// setAside renames the file and what belongs to it.
func setAside(path string) (string, error) {
	aside := path + ".damaged-" + time.Now().UTC().Format("20060102T150405.000")
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return aside, os.Rename(path, aside)
}

// now is the time as it is stored.
func now() int64 { return time.Now().UnixMilli() }
