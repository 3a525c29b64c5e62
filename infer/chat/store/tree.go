package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/runnel-chat/runnel/infer/chat"
)

// A Message is a stored turn.
type Message struct {
	chat.Message
	ID      int64
	Parent  int64 // 0: the first
	Partial bool  // it was never finished
	At      time.Time
}

// ErrNotFound says that a conversation or message is not there.
var ErrNotFound = errors.New("store: no such conversation or message")

// rest is what few messages have.
type rest struct {
	ToolCalls  []chat.ToolCall `json:"tool_calls,omitempty"`
	ToolCallID string          `json:"tool_call_id,omitempty"`
	Name       string          `json:"name,omitempty"`
	ThoughtMS  int64           `json:"thought_ms,omitempty"`
}

func restOf(m chat.Message) rest {
	return rest{m.ToolCalls, m.ToolCallID, m.Name, m.Thought.Milliseconds()}
}

func packRest(m chat.Message) (string, error) {
	if len(m.ToolCalls) == 0 && m.ToolCallID == "" && m.Name == "" && m.Thought == 0 {
		return "", nil
	}
	b, err := json.Marshal(restOf(m))
	return string(b), err
}

// New begins a conversation. It is not listed before it has a message.
func (s *Store) New(model string) (int64, error) {
	r, err := s.db.Exec("INSERT INTO conversations(model, created, updated) VALUES (?, ?, ?)", model, now(), now())
	if err != nil {
		return 0, fmt.Errorf("store: a new conversation: %w", err)
	}
	return r.LastInsertId()
}

// Append adds a message below parent (0: a first one) and makes it the leaf.
// It is on the disk when Append returns.
func (s *Store) Append(conv, parent int64, m chat.Message) (int64, error) {
	return s.put(conv, parent, 0, m, true)
}

// Partial stores an answer that is being written: as a new message when id
// is 0, else over what id held. It returns the id. A crash leaves what was
// stored last.
func (s *Store) Partial(conv, parent, id int64, m chat.Message) (int64, error) {
	return s.put(conv, parent, id, m, false)
}

// Finish stores the whole of a message that Partial began.
func (s *Store) Finish(conv, id int64, m chat.Message) error {
	_, err := s.put(conv, 0, id, m, true)
	return err
}

func (s *Store) put(conv, parent, id int64, m chat.Message, final bool) (int64, error) {
	err := s.change(func(tx *sql.Tx) error {
		more, err := packRest(m)
		if err != nil {
			return err
		}
		if id != 0 {
			r, err := tx.Exec("UPDATE messages SET content = ?, thinking = ?, rest = ?, final = ? WHERE id = ? AND conv = ? AND final = 0",
				m.Content, m.Thinking, more, final, id, conv)
			if err != nil {
				return err
			}
			if err := one(r); err != nil {
				return err
			}
		} else {
			if parent != 0 {
				if err := within(tx, conv, parent); err != nil {
					return err
				}
			}
			r, err := tx.Exec("INSERT INTO messages(conv, parent, role, content, thinking, rest, final, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
				conv, sql.NullInt64{Int64: parent, Valid: parent != 0}, m.Role, m.Content, m.Thinking, more, final, now())
			if err != nil {
				return err
			}
			if id, err = r.LastInsertId(); err != nil {
				return err
			}
		}
		r, err := tx.Exec("UPDATE conversations SET leaf = ?, updated = ? WHERE id = ?", id, now(), conv)
		if err != nil {
			return err
		}
		return one(r)
	})
	if err != nil {
		return 0, fmt.Errorf("store: a message: %w", err)
	}
	return id, nil
}

// change runs f as one transaction.
func (s *Store) change(f func(*sql.Tx) error) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// one fails unless exactly one row was changed.
func one(r sql.Result) error {
	n, err := r.RowsAffected()
	if err == nil && n != 1 {
		err = ErrNotFound
	}
	return err
}

// within fails unless the message belongs to the conversation.
func within(tx *sql.Tx, conv, id int64) error {
	var n int
	err := tx.QueryRow("SELECT count(*) FROM messages WHERE id = ? AND conv = ?", id, conv).Scan(&n)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// Messages returns the path from the first message to the leaf.
func (s *Store) Messages(conv int64) ([]Message, error) {
	return s.read(`WITH RECURSIVE path(at, depth) AS (
			SELECT leaf, 0 FROM conversations WHERE id = ?
			UNION ALL SELECT parent, depth + 1 FROM messages JOIN path ON id = path.at WHERE parent IS NOT NULL
		) SELECT `+prefixed+` FROM path JOIN messages m ON m.id = path.at ORDER BY depth DESC`, conv)
}

const prefixed = "m.id, ifnull(m.parent, 0), m.role, m.content, m.thinking, m.rest, m.final, m.at"

// Branches returns the children of every message of a conversation that has
// any, oldest first; those of 0 are its first messages. It reads no text.
func (s *Store) Branches(conv int64) (map[int64][]int64, error) {
	rows, err := s.db.Query("SELECT ifnull(parent, 0), id FROM messages WHERE conv = ? ORDER BY id", conv)
	if err != nil {
		return nil, fmt.Errorf("store: branches: %w", err)
	}
	defer rows.Close()
	children := map[int64][]int64{}
	for rows.Next() {
		var parent, id int64
		if err := rows.Scan(&parent, &id); err != nil {
			return nil, fmt.Errorf("store: branches: %w", err)
		}
		children[parent] = append(children[parent], id)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: branches: %w", err)
	}
	return children, nil
}

func (s *Store) read(query string, args ...any) ([]Message, error) {
	rows, err := s.db.Query(query, args...)
	if err != nil {
		return nil, fmt.Errorf("store: messages: %w", err)
	}
	defer rows.Close()
	var out []Message
	for rows.Next() {
		var m Message
		var more string
		var final bool
		var at int64
		if err := rows.Scan(&m.ID, &m.Parent, &m.Role, &m.Content, &m.Thinking, &more, &final, &at); err != nil {
			return nil, fmt.Errorf("store: messages: %w", err)
		}
		if more != "" {
			var r rest
			if err := json.Unmarshal([]byte(more), &r); err != nil {
				return nil, fmt.Errorf("store: message %d: %w", m.ID, err)
			}
			m.ToolCalls, m.ToolCallID, m.Name = r.ToolCalls, r.ToolCallID, r.Name
			m.Thought = time.Duration(r.ThoughtMS) * time.Millisecond
		}
		m.Partial, m.At = !final, time.UnixMilli(at)
		out = append(out, m)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: messages: %w", err)
	}
	return out, nil
}

// Rewind makes a message the leaf; what is below it, and beside it, stays.
func (s *Store) Rewind(id int64) error {
	r, err := s.db.Exec("UPDATE conversations SET leaf = ?1 WHERE id = (SELECT conv FROM messages WHERE id = ?1)", id)
	if err != nil {
		return fmt.Errorf("store: message %d: %w", id, err)
	}
	return one(r)
}
