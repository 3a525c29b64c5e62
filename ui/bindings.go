package ui

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textarea"

	"github.com/runnel-chat/runnel/config"
)

// Keys says which key does what.
type Keys struct {
	of [scopes]map[string]*command
	by map[string][]string // keys by the name of their command
}

// ParseKeys lays what the configuration says over the built-in keys. Errors
// name the key and the place.
func ParseKeys(custom map[string]config.Binding) (*Keys, error) {
	k := &Keys{by: map[string][]string{}}
	for _, name := range slices.Sorted(maps.Keys(custom)) {
		b := custom[name]
		if err := k.bind(name, b.Keys); err != nil {
			return nil, fmt.Errorf("config: %s: keys.%s: %w", b.At, name, err)
		}
	}
	for i := range commands {
		c := &commands[i]
		if _, ok := custom[c.name]; !ok {
			k.by[c.name] = strings.Fields(c.keys)
		}
		if k.of[c.scope] == nil {
			k.of[c.scope] = map[string]*command{}
		}
		for _, name := range k.by[c.name] {
			if other := k.taken(c.scope, name); other != nil {
				culprit := custom[c.name]
				if culprit.At == "" {
					c, other, culprit = other, c, custom[other.name]
				}
				return nil, fmt.Errorf("config: %s: keys.%s: %s belongs to %s, which needs another key or none", culprit.At, c.name, name, other.name)
			}
			k.of[c.scope][name] = c
		}
	}
	return k, nil
}

// bind checks the keys that one action is given.
func (k *Keys) bind(name string, keys []string) error {
	i := slices.IndexFunc(commands, func(c command) bool { return c.name == name })
	if i < 0 {
		names := make([]string, len(commands))
		for i := range commands {
			names[i] = commands[i].name
		}
		return fmt.Errorf("there is no such action; the nearest is %q", config.Nearest(name, names))
	}
	if len(keys) == 0 && slices.Contains(needed, name) {
		return fmt.Errorf("it needs a key")
	}
	k.by[name] = nil
	for _, text := range keys {
		press, err := parseKey(text)
		if err != nil {
			return err
		}
		if typed(press) && commands[i].scope != inEmpty && commands[i].scope != inMessage {
			return fmt.Errorf("%q would be typed no more; ctrl+ or alt+ belongs before it", text)
		}
		k.by[name] = append(k.by[name], press)
	}
	return nil
}

// needed are the actions without which there is no way on or back.
var needed = []string{"interrupt", "back", "send", "list-choose", "leave-messages"}

// together are the scopes whose keys must differ from those of another one,
// because both are looked at for the same press.
var together = [scopes][]scope{
	anywhere:  {anywhere, inChat, inEmpty, inText, inMessage, inList, inOffer},
	inChat:    {anywhere, inChat, inEmpty, inText},
	inEmpty:   {anywhere, inChat, inEmpty},
	inText:    {anywhere, inChat, inText},
	inMessage: {anywhere, inMessage},
	inList:    {anywhere, inList},
	inOffer:   {anywhere, inOffer},
}

// taken is the command that has the key already.
func (k *Keys) taken(s scope, name string) *command {
	for _, other := range together[s] {
		if c := k.of[other][name]; c != nil {
			return c
		}
	}
	return nil
}

// first is the first key of an action as it is shown, "" if it has none.
func (k *Keys) first(name string) string {
	if all := k.by[name]; len(all) > 0 {
		return keyLabel(all[0])
	}
	return ""
}

// way is how to reach a command: its first key, else its slash command.
func (m *Model) way(name string) string {
	if l := m.keys.first(name); l != "" {
		return l
	}
	return "/" + name
}

// names are the keys and the slash commands of a command.
func (k *Keys) names(c *command) string {
	var names []string
	for _, name := range k.by[c.name] {
		names = append(names, keyLabel(name))
	}
	for i, s := range c.slash {
		if s = "/" + s; i == 0 && c.args != "" {
			s += " " + c.args
		}
		names = append(names, s)
	}
	return strings.Join(names, ", ")
}

// hints is a line of keys and what they do: pairs of an action and a word.
// Those without a key are left out.
func (k *Keys) hints(pairs ...string) string {
	var out []string
	for i := 0; i+1 < len(pairs); i += 2 {
		var labels []string
		for _, name := range strings.Split(pairs[i], "/") {
			if l := k.first(name); l != "" {
				labels = append(labels, l)
			}
		}
		if len(labels) > 0 {
			out = append(out, strings.Join(labels, "/")+" "+pairs[i+1])
		}
	}
	return strings.Join(out, " · ")
}

// editing puts the keys of editing into a text area. Everything else that it
// knows has none.
func (k *Keys) editing() textarea.KeyMap {
	var m textarea.KeyMap
	for i := range commands {
		if c := &commands[i]; c.edit != nil {
			*c.edit(&m) = key.NewBinding(key.WithKeys(k.by[c.name]...))
		}
	}
	return m
}
