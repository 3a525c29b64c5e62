package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// SetSettings stores what was set for a conversation: names and values that
// mean nothing here.
func (s *Store) SetSettings(conv int64, settings map[string]string) error {
	text := ""
	if len(settings) > 0 {
		b, err := json.Marshal(settings)
		if err != nil {
			return fmt.Errorf("store: settings of conversation %d: %w", conv, err)
		}
		text = string(b)
	}
	r, err := s.db.Exec("UPDATE conversations SET settings = ? WHERE id = ?", text, conv)
	if err != nil {
		return fmt.Errorf("store: settings of conversation %d: %w", conv, err)
	}
	return one(r)
}

// Settings returns what SetSettings stored; nil is nothing.
func (s *Store) Settings(conv int64) (map[string]string, error) {
	var text string
	err := s.db.QueryRow("SELECT settings FROM conversations WHERE id = ?", conv).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	var settings map[string]string
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &settings)
	}
	if err != nil {
		return nil, fmt.Errorf("store: settings of conversation %d: %w", conv, err)
	}
	return settings, nil
}
