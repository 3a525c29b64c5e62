package store

import (
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// A Conversation is what a list shows of one.
type Conversation struct {
	ID      int64
	Title   string // as the user named it, else the beginning of their first message
	Model   string
	Updated time.Time
	Count   int // of messages, in all branches
}

// titleRunes is how much of a first message becomes a title.
const titleRunes = 80

// firstWords is the beginning of what the user said first.
const firstWords = "ifnull((SELECT substr(content, 1, 400) FROM messages WHERE conv = c.id AND role = 'user' ORDER BY id LIMIT 1), '')"

// List returns the newest conversations, newest first.
func (s *Store) List(limit int) ([]Conversation, error) {
	return s.list(`deleted IS NULL ORDER BY updated DESC, id DESC LIMIT ?`, limit)
}

// Asked returns what the user said in all conversations, the newest first and
// each text once.
func (s *Store) Asked(limit int) ([]string, error) {
	rows, err := s.db.Query(`SELECT m.content FROM messages m JOIN conversations c ON c.id = m.conv
		WHERE m.role = 'user' AND c.deleted IS NULL GROUP BY m.content ORDER BY max(m.id) DESC LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("store: what was asked: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("store: what was asked: %w", err)
		}
		out = append(out, text)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: what was asked: %w", err)
	}
	return out, nil
}

// Find returns one conversation.
func (s *Store) Find(conv int64) (Conversation, error) {
	cs, err := s.list("c.id = ?", conv)
	if err == nil && len(cs) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Conversation{}, err
	}
	return cs[0], nil
}

func (s *Store) list(where string, arg any) ([]Conversation, error) {
	rows, err := s.db.Query(`SELECT c.id, c.title, `+firstWords+`, c.model, c.updated, n FROM conversations c
		JOIN (SELECT conv, count(*) AS n FROM messages GROUP BY conv) ON conv = c.id WHERE `+where, arg)
	if err != nil {
		return nil, fmt.Errorf("store: list: %w", err)
	}
	defer rows.Close()
	var out []Conversation
	for rows.Next() {
		var c Conversation
		var first string
		var at int64
		if err := rows.Scan(&c.ID, &c.Title, &first, &c.Model, &at, &c.Count); err != nil {
			return nil, fmt.Errorf("store: list: %w", err)
		}
		c.Title, c.Updated = title(c.Title, first), time.UnixMilli(at)
		out = append(out, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: list: %w", err)
	}
	return out, nil
}

// title is the given name, or the first words as one line.
func title(given, first string) string {
	if given != "" {
		return given
	}
	r := []rune(strings.Join(strings.Fields(first), " "))
	if len(r) > titleRunes {
		return string(r[:titleRunes-1]) + "…"
	}
	return string(r)
}

// Rename gives a conversation a title; "" is its first words again.
func (s *Store) Rename(conv int64, title string) error {
	return s.edit("UPDATE conversations SET title = ? WHERE id = ?", strings.Join(strings.Fields(title), " "), conv)
}

// Delete hides a conversation. Undelete brings it back, for a month.
func (s *Store) Delete(conv int64) error {
	return s.edit("UPDATE conversations SET deleted = ? WHERE id = ?", now(), conv)
}

// Undelete takes Delete back.
func (s *Store) Undelete(conv int64) error {
	return s.edit("UPDATE conversations SET deleted = ? WHERE id = ?", sql.NullInt64{}, conv)
}

func (s *Store) edit(query string, value any, conv int64) error {
	r, err := s.db.Exec(query, value, conv)
	if err != nil {
		return fmt.Errorf("store: conversation %d: %w", conv, err)
	}
	return one(r)
}

// A Hit is a message that holds what was searched for.
type Hit struct {
	Conv, Message int64
	Snippet       string
}

// Search finds the messages of all branches that hold every word of a text,
// the last one perhaps begun only; the best come first.
func (s *Store) Search(text string, limit int) ([]Hit, error) {
	q := phrase(text)
	if q == "" {
		return nil, nil
	}
	rows, err := s.db.Query(`SELECT m.conv, m.id, snippet(words, -1, '', '', '…', 16)
		FROM words JOIN messages m ON m.id = words.rowid JOIN conversations c ON c.id = m.conv
		WHERE words MATCH ? AND c.deleted IS NULL ORDER BY rank LIMIT ?`, q, limit)
	if err != nil {
		return nil, fmt.Errorf("store: search: %w", err)
	}
	defer rows.Close()
	var out []Hit
	for rows.Next() {
		var h Hit
		if err := rows.Scan(&h.Conv, &h.Message, &h.Snippet); err != nil {
			return nil, fmt.Errorf("store: search: %w", err)
		}
		out = append(out, h)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: search: %w", err)
	}
	return out, nil
}

// phrase writes each word as a string of the query language, in which nothing
// has a meaning.
func phrase(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, " "), "\x00", " ")
	var out []string
	for _, w := range strings.Fields(text) {
		out = append(out, `"`+strings.ReplaceAll(w, `"`, `""`)+`"`)
	}
	if len(out) == 0 {
		return ""
	}
	return strings.Join(out, " ") + "*"
}
