package chat

import (
	"encoding/json"
	"slices"
	"time"
)

// A Message is one turn of a conversation.
type Message struct {
	Role       string // system, user, assistant or tool
	Content    string
	Thinking   string     // of an assistant, before its content
	ToolCalls  []ToolCall // of an assistant
	ToolCallID string     // of a tool: the call that it answers
	Name       string     // of a tool

	Thought time.Duration // how long the thinking took; no template is told
}

// A ToolCall is an assistant's wish to run a tool.
type ToolCall struct {
	ID        string
	Name      string
	Arguments json.RawMessage // an object
}

// roles are the names that a template may build control tokens of, as in
// '<|' ~ message.role ~ '|>'. Any other role is text from outside.
var roles = []string{"system", "developer", "user", "assistant", "tool", "function", "ipython", "observation"}

// roleText is a role as a template sees it.
func roleText(role string) text {
	if slices.Contains(roles, role) {
		return literal(role)
	}
	return foreign(role)
}

// object builds a map of template names and what they hold.
func object(pairs ...namedValue) *dict {
	d := newDict()
	for _, p := range pairs {
		d.set(literal(p.name), p.v)
	}
	return d
}

// value is the message as templates know it. Thinking has two names: no two
// families of models agree on one.
func (m Message) value() (value, error) {
	d := object(namedValue{"role", roleText(m.Role)}, namedValue{"content", foreign(m.Content)})
	if m.Thinking != "" {
		d.set(literal("reasoning_content"), foreign(m.Thinking))
		d.set(literal("thinking"), foreign(m.Thinking))
	}
	if len(m.ToolCalls) > 0 {
		calls := &list{}
		for _, c := range m.ToolCalls {
			v, err := c.value()
			if err != nil {
				return nil, err
			}
			calls.items = append(calls.items, v)
		}
		d.set(literal("tool_calls"), calls)
	}
	if m.Name != "" {
		d.set(literal("name"), foreign(m.Name))
	}
	if m.ToolCallID != "" {
		d.set(literal("tool_call_id"), foreign(m.ToolCallID))
	}
	return d, nil
}

func (c ToolCall) value() (value, error) {
	arguments, err := rawObject(c.Arguments)
	if err != nil {
		return nil, err
	}
	d := object(
		namedValue{"type", literal("function")},
		namedValue{"function", object(namedValue{"name", foreign(c.Name)}, namedValue{"arguments", arguments})},
	)
	if c.ID != "" {
		d.set(literal("id"), foreign(c.ID))
	}
	return d, nil
}

// rawObject reads JSON that may be left out.
func rawObject(raw json.RawMessage) (value, error) {
	if len(raw) == 0 {
		return newDict(), nil
	}
	return readJSON(raw)
}
