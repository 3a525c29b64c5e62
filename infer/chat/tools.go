package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// A Tool is a function that the model may ask for.
type Tool struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters"` // a JSON schema; keys keep their order
}

// ParseTools reads a JSON list of functions, each as such or in the form
// {"type": "function", "function": {…}} that web services use.
func ParseTools(data []byte) ([]Tool, error) {
	var items []struct {
		Tool
		Type     string `json:"type"`
		Function *Tool  `json:"function"`
	}
	if err := json.Unmarshal(data, &items); err != nil {
		return nil, fmt.Errorf("chat: the tools are no JSON list of functions: %w", err)
	}
	tools := make([]Tool, len(items))
	for i, item := range items {
		t := item.Tool
		if item.Function != nil {
			t = *item.Function
		}
		p := bytes.TrimSpace(t.Parameters)
		switch {
		case t.Name == "":
			return nil, fmt.Errorf("chat: tool %d of %d has no name", i+1, len(items))
		case item.Type != "" && item.Type != "function":
			return nil, fmt.Errorf("chat: tool %q is a %s, and only functions are known", clip(t.Name), clip(item.Type))
		case len(p) > 0 && p[0] != '{':
			return nil, fmt.Errorf("chat: tool %q: its parameters are no object", clip(t.Name))
		}
		tools[i] = t
	}
	if len(tools) == 0 {
		return nil, errors.New("chat: the list of tools is empty")
	}
	return tools, nil
}

func (t Tool) value() (value, error) {
	parameters, err := rawObject(t.Parameters)
	if err != nil {
		return nil, err
	}
	return object(
		namedValue{"type", literal("function")},
		namedValue{"function", object(
			namedValue{"name", foreign(t.Name)},
			namedValue{"description", foreign(t.Description)},
			namedValue{"parameters", parameters},
		)},
	), nil
}
