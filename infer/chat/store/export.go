package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// exported is a conversation as JSON.
type exported struct {
	Title    string            `json:"title"`
	Model    string            `json:"model"`
	Messages []exportedMessage `json:"messages"`
}

type exportedMessage struct {
	Role     string    `json:"role"`
	Content  string    `json:"content"`
	Thinking string    `json:"thinking,omitempty"`
	Partial  bool      `json:"partial,omitempty"`
	At       time.Time `json:"at"`
	rest
}

// Export writes the current branch of a conversation as "md" or "json".
func (s *Store) Export(conv int64, format string) ([]byte, error) {
	if format != "md" && format != "json" {
		return nil, fmt.Errorf("store: export as %q: it is md or json", format)
	}
	c, err := s.Find(conv)
	if err != nil {
		return nil, err
	}
	msgs, err := s.Messages(conv)
	if err != nil {
		return nil, err
	}
	if format == "md" {
		return markdown(c, msgs), nil
	}
	e := exported{Title: c.Title, Model: c.Model}
	for _, m := range msgs {
		e.Messages = append(e.Messages, exportedMessage{m.Role, m.Content, m.Thinking, m.Partial, m.At.UTC(), restOf(m.Message)})
	}
	b, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("store: export: %w", err)
	}
	return append(b, '\n'), nil
}

func markdown(c Conversation, msgs []Message) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nModel: %s\n", c.Title, c.Model)
	for _, m := range msgs {
		fmt.Fprintf(&b, "\n## %s\n\n", m.Role)
		if m.Thinking != "" {
			for line := range strings.Lines(strings.TrimSpace(m.Thinking)) {
				b.WriteString("> " + line)
			}
			b.WriteString("\n\n")
		}
		b.WriteString(strings.TrimRight(m.Content, "\n") + "\n")
		if m.Partial {
			b.WriteString("\n*(broken off)*\n")
		}
	}
	return []byte(b.String())
}
