package token

import (
	"fmt"
	"strings"

	"github.com/runnel-chat/runnel/gguf"
)

// A Tokenizer turns text into ids and back by the rules of one vocabulary.
type Tokenizer struct {
	*vocab
	model          model
	all, inText    *names // with and without parsing control tokens
	addBOS, addEOS bool
	bos, eos       int32
	rstrip         []bool // by id: swallows the white space after it; nil: none does
}

// A model turns text without special tokens into ids, and a token of a normal
// kind into bytes.
type model interface {
	encode(dst []int32, text string) []int32
	appendText(dst []byte, id int32) []byte
}

// Options say how Encode reads the text.
type Options struct {
	Special bool // add BOS and EOS as the file says
	Parse   bool // names of control tokens in the text become their ids
}

// A Part is a stretch of a prompt. Names of control tokens count only where
// Parse is set, and only inside one part. In all else the parts are one text.
type Part struct {
	Text  string
	Parse bool
}

// New reads the tokenizer of a file.
func New(f *gguf.File) (*Tokenizer, error) {
	m, err := readMetadata(f)
	if err != nil {
		return nil, err
	}
	return build(&m)
}

// A family is a value of tokenizer.ggml.model, with what it assumes where a
// file is silent.
type family struct {
	build          func(*metadata, *vocab) (model, error)
	bos, eos, unk  int32
	addBOS, addEOS bool
	amend          func(*metadata) // where files of the family are known to be wrong; may be nil
}

var families = map[string]family{
	"llama":  {build: newSPM, bos: 1, eos: 2, unk: 0, addBOS: true},
	"gpt2":   {build: newBPE, bos: noID, eos: noID, unk: noID},
	"gemma4": {build: newLineBPE, bos: noID, eos: noID, unk: noID, addBOS: true, amend: alwaysBOS},
	"bert":   {build: newWordPiece, bos: 101, eos: 102, unk: 100, addBOS: true, addEOS: true, amend: separatorEnds},
	"t5":     {build: newUnigram, bos: noID, eos: 1, unk: 2, addEOS: true},
}

func build(m *metadata) (*Tokenizer, error) {
	fam, ok := families[m.model]
	if !ok {
		return nil, fmt.Errorf("token: tokenizer model %q is not supported; the nearest that is: %q",
			clip(m.model), nearest(m.model, families))
	}
	if fam.amend != nil {
		fam.amend(m)
	}
	for duty, id := range map[string]int32{"bos": fam.bos, "eos": fam.eos, "unknown": fam.unk} {
		if _, ok := m.ids[duty]; !ok && id >= 0 {
			m.ids[duty] = id
		}
	}
	v, err := newVocab(m)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{vocab: v, bos: v.duty("bos", noID), eos: v.duty("eos", noID)}
	if t.model, err = fam.build(m, v); err != nil {
		return nil, err
	}
	t.addBOS = t.bos >= 0 && given(m.addBOS, fam.addBOS || presets[m.pre].traits&beginsBOS != 0)
	t.addEOS = t.eos >= 0 && given(m.addEOS, fam.addEOS)
	t.all = newNames(v, control, user, unknown)
	t.inText = newNames(v, user)
	t.findStripping(m.name)
	return t, nil
}

func given(said *bool, otherwise bool) bool {
	if said != nil {
		return *said
	}
	return otherwise
}

// findStripping: the special tokens of Phi-3 swallow the white space that
// follows them, which no key of the file says.
func (t *Tokenizer) findStripping(name string) {
	name = strings.ToLower(name)
	if !strings.Contains(name, "phi-3") && !strings.Contains(name, "phi3") {
		return
	}
	t.rstrip = make([]bool, t.Size())
	for i, id := range t.all.ids {
		switch t.all.texts[i] {
		case "<unk>", "<s>", "<|endoftext|>":
		default:
			t.rstrip[id] = true
		}
	}
}

// Encode appends the ids of text to dst.
func (t *Tokenizer) Encode(dst []int32, text string, o Options) []int32 {
	return t.EncodeParts(dst, []Part{{text, o.Parse}}, o.Special)
}

// EncodeParts appends the ids of the parts, read as one text; special adds
// BOS and EOS as the file says.
func (t *Tokenizer) EncodeParts(dst []int32, parts []Part, special bool) []int32 {
	if special && t.addBOS {
		dst = append(dst, t.bos)
	}
	p := places{parts: parts}
	text := join(parts)
	strip := false
	for from := 0; ; {
		if strip {
			from = len(text) - len(strings.TrimLeft(text[from:], " \t\n\v\f\r"))
		}
		at, n, id := t.nextName(&p, text, from)
		if from < at {
			dst = t.model.encode(dst, text[from:at])
		}
		if n == 0 {
			break
		}
		dst = append(dst, id)
		strip = t.rstrip != nil && t.rstrip[id]
		from = at + n
	}
	if special && t.addEOS {
		dst = append(dst, t.eos)
	}
	return dst
}

func join(parts []Part) string {
	if len(parts) == 1 {
		return parts[0].Text
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Text)
	}
	return b.String()
}

// places finds the part that a byte of the joined text is in; the bytes asked
// for only rise.
type places struct {
	parts []Part
	next  int // part
	end   int // of the part before next
}

func (p *places) at(i int) Part {
	for i >= p.end {
		p.end += len(p.parts[p.next].Text)
		p.next++
	}
	return p.parts[p.next-1]
}

// nextName returns the first place at or after from where a token stands by
// its name, its length and its id; the longest of several. At the end of text
// n is 0. A control token lies inside of a part that may have them; a
// user-defined one is text, and lies anywhere.
func (t *Tokenizer) nextName(p *places, text string, from int) (at, n int, id int32) {
	for at = from; at < len(text); at++ {
		names := t.inText
		if p.at(at).Parse {
			names = t.all
		}
		if names.first[text[at]].hi == 0 {
			continue
		}
		for m, found := range names.prefixes(text[at:]) {
			if at+m <= p.end || t.kinds[found] == user {
				n, id = m, found
			}
		}
		if n > 0 {
			return at, n, id
		}
	}
	return at, 0, noID
}

// Size is the number of tokens; ids run from 0 to Size-1.
func (t *Tokenizer) Size() int { return len(t.texts) }

// BOS is the token that begins a text, or -1.
func (t *Tokenizer) BOS() int32 { return t.bos }

// EOS is the token that ends a text, or -1. IsEOG knows all that end an answer.
func (t *Tokenizer) EOS() int32 { return t.eos }

// AddBOS reports whether texts begin with BOS.
func (t *Tokenizer) AddBOS() bool { return t.addBOS }

// IsEOG reports whether the token ends an answer.
func (t *Tokenizer) IsEOG(id int32) bool { return t.isEnd(id) }

// IsControl reports whether the token means something to the model and is no
// text.
func (t *Tokenizer) IsControl(id int32) bool { return t.kindOf(id) == control }

// ID returns the token with this raw vocabulary text.
func (t *Tokenizer) ID(token string) (int32, bool) {
	id := t.index.find(token)
	return id, id >= 0
}

// Token returns the raw vocabulary text of a token, and "" for an id outside
// of the vocabulary.
func (t *Tokenizer) Token(id int32) string {
	if id < 0 || int(id) >= len(t.texts) {
		return ""
	}
	return t.texts[id]
}
