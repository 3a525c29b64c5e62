package chat

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Input is what a template renders.
type Input struct {
	Messages []Message
	Tools    []Tool
	BOS, EOS string // texts of the tokens that begin and end a text
	// AddGenerationPrompt asks for the beginning of the answer as well.
	AddGenerationPrompt bool
	// Extra holds further variables, such as enable_thinking: strings,
	// numbers, booleans, and lists and maps of them.
	Extra map[string]any
	// Now is the time that a template may show; a zero one shows none.
	Now time.Time

	raw *dict // messages, tools and extra as JSON had them; nil: as above
}

// ParseInput reads an Input from a JSON object with the fields messages,
// tools, bos_token, eos_token, add_generation_prompt, extra and date. Messages
// and tools keep whatever fields they have, in their order.
func ParseInput(data []byte) (*Input, error) {
	var f struct {
		BOS  string `json:"bos_token"`
		EOS  string `json:"eos_token"`
		Add  bool   `json:"add_generation_prompt"`
		Date string `json:"date"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("chat: %w", err)
	}
	v, err := readJSON(data)
	if err != nil {
		return nil, err
	}
	in := &Input{BOS: f.BOS, EOS: f.EOS, AddGenerationPrompt: f.Add}
	if f.Date != "" {
		if in.Now, err = parseDate(f.Date); err != nil {
			return nil, err
		}
	}
	d := v.(*dict) // Unmarshal has seen an object
	if m, ok := d.get("messages"); ok {
		messages, ok := m.(*list)
		if !ok {
			return nil, errors.New("chat: messages must be a list")
		}
		for _, m := range messages.items {
			trustRole(m)
		}
	}
	in.raw = d
	return in, nil
}

// trustRole lets a template build control tokens of a known role.
func trustRole(message value) {
	m, ok := message.(*dict)
	if !ok {
		return
	}
	if role, ok := m.get("role"); ok {
		if t, ok := role.(text); ok {
			m.set(literal("role"), roleText(t.s))
		}
	}
}

func parseDate(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("chat: date %q is none like 2006-01-02T15:04:05", clip(s))
}

// variables is the outermost scope of a rendering.
func (in *Input) variables() (*scope, error) {
	s := newScope(&scope{vars: globals})
	v := s.vars
	v["documents"], v["tools"] = none{}, none{}
	v["bos_token"], v["eos_token"] = literal(in.BOS), literal(in.EOS)
	v["add_generation_prompt"] = boolean(in.AddGenerationPrompt)
	if !in.Now.IsZero() {
		v["strftime_now"] = strftimeNow
	}
	if in.raw != nil {
		return s, in.rawVariables(v)
	}
	messages := &list{}
	for _, m := range in.Messages {
		x, err := m.value()
		if err != nil {
			return nil, err
		}
		messages.items = append(messages.items, x)
	}
	v["messages"] = messages
	if len(in.Tools) > 0 {
		tools := &list{}
		for _, t := range in.Tools {
			x, err := t.value()
			if err != nil {
				return nil, err
			}
			tools.items = append(tools.items, x)
		}
		v["tools"] = tools
	}
	return s, in.extra(v)
}

func (in *Input) rawVariables(v map[string]value) error {
	for _, name := range []string{"messages", "tools"} {
		if x, ok := in.raw.get(name); ok {
			v[name] = x
		}
	}
	if x, ok := in.raw.get("extra"); ok {
		extra, ok := x.(*dict)
		if !ok && x != (none{}) {
			return errors.New("chat: extra must be an object")
		}
		if ok {
			for i, k := range extra.keys {
				v[k.s] = extra.vals[i]
			}
		}
	}
	return in.extra(v)
}

// extra goes over JSON: a template never touches a value of Go.
func (in *Input) extra(v map[string]value) error {
	for name, x := range in.Extra {
		b, err := json.Marshal(x)
		if err != nil {
			return fmt.Errorf("chat: variable %s: %w", name, err)
		}
		if v[name], err = readJSON(b); err != nil {
			return err
		}
	}
	return nil
}
