package chat

import (
	"fmt"
	"strings"
)

// A Template turns conversations into prompts. It is immutable and safe for
// concurrent use.
type Template struct {
	body  []statement
	tools bool // it mentions them
}

// KnowsTools reports whether the template tells a model of its tools.
func (t *Template) KnowsTools() bool { return t.tools }

// Parse reads a template in the Jinja language.
func Parse(source string) (*Template, error) {
	if len(source) > maxSource {
		return nil, fmt.Errorf("chat: template: %w of %d bytes of source", ErrLimit, maxSource)
	}
	return parse(source)
}

// A Segment is a stretch of a prompt. What the template wrote is trusted:
// control tokens count there. What came from a message, a tool or a variable
// is not, whatever the template did with it.
type Segment struct {
	Text    string
	Trusted bool
}

// A Prompt is a rendered conversation.
type Prompt []Segment

// String is the whole text.
func (p Prompt) String() string {
	var b strings.Builder
	for _, s := range p {
		b.WriteString(s.Text)
	}
	return b.String()
}

// Render makes a prompt. It fails with a *Refusal where the template objects
// to the conversation, with ErrLimit where it wants more time or memory than
// a template may, and with an *Error for any other fault of the template.
func (t *Template) Render(in *Input) (Prompt, error) {
	s, err := in.variables()
	if err != nil {
		return nil, err
	}
	r := &run{now: in.Now}
	out, err := r.capture(func(out *builder) error {
		_, err := execAll(t.body, r, s, out)
		return err
	})
	if err != nil {
		return nil, at(0, err)
	}
	var p Prompt
	for s, user := range out.parts() {
		p = append(p, Segment{s, !user})
	}
	return p, nil
}
