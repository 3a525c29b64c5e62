package token

import (
	"fmt"

	"github.com/runnel-chat/runnel/gguf"
)

// The limits of what a file may claim.
const (
	maxTokens = 1 << 24
	noID      = -1 // no token has this id
)

// metadata is what a file says of its tokenizer, before any of it is proven.
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#tokenizer
type metadata struct {
	model, pre, name string
	tokens           []string
	types            []int64   // one a token, or none at all
	scores           []float32 // one a token, or none at all
	merges           []string  // "left right", the first is merged first
	charsMap         []byte    // SentencePiece's compiled normalisation

	ids            map[string]int32 // of the tokens with a duty, by its name: bos, eos, …
	addBOS, addEOS *bool            // nil: the file does not say
	addSpacePrefix *bool
	mergeSpaces    *bool // remove_extra_whitespaces
	spaceSuffix    *bool // treat_whitespace_as_suffix
}

// duties are the keys tokenizer.ggml.<duty>_token_id that matter here.
var duties = []string{"bos", "eos", "eot", "eom", "unknown", "seperator", "fim_pad", "fim_rep", "fim_sep"}

func readMetadata(f *gguf.File) (m metadata, err error) {
	r := reader{file: f, err: &err}
	m.model = r.text("model")
	if m.model == "" && err == nil {
		return m, fmt.Errorf("token: no tokenizer: the file has no tokenizer.ggml.model")
	}
	m.pre = r.text("pre")
	m.tokens = list(&r, "tokens", f.Strings)
	m.types = list(&r, "token_type", f.Ints)
	m.scores = list(&r, "scores", f.Floats)
	m.merges = list(&r, "merges", f.Strings)
	for _, b := range list(&r, "precompiled_charsmap", f.Ints) {
		m.charsMap = append(m.charsMap, byte(b))
	}
	m.addBOS = r.flag("add_bos_token")
	m.addEOS = r.flag("add_eos_token")
	m.addSpacePrefix = r.flag("add_space_prefix")
	m.mergeSpaces = r.flag("remove_extra_whitespaces")
	m.spaceSuffix = r.flag("treat_whitespace_as_suffix")
	m.ids = make(map[string]int32)
	for _, duty := range duties {
		r.id(m.ids, duty)
	}
	m.name, _ = f.StringOr("general.name", "")
	return m, err
}

// A reader reads optional keys and keeps the first error.
type reader struct {
	file *gguf.File
	err  *error
}

const prefix = "tokenizer.ggml."

func (r *reader) has(key string) bool { return *r.err == nil && r.file.Has(prefix+key) }

func (r *reader) text(key string) (s string) {
	if r.has(key) {
		s, *r.err = r.file.String(prefix + key)
	}
	return s
}

func (r *reader) flag(key string) *bool {
	if !r.has(key) {
		return nil
	}
	b, err := r.file.Bool(prefix + key)
	*r.err = err
	return &b
}

// id notes the token with a duty. Files write ids outside of the vocabulary
// for "none", so that is what any such id means.
func (r *reader) id(ids map[string]int32, duty string) {
	key := duty + "_token_id"
	if !r.has(key) {
		return
	}
	id, err := r.file.Int(prefix+key, -1<<63, 1<<63-1)
	*r.err = err
	ids[duty] = noID
	if 0 <= id && id < maxTokens {
		ids[duty] = int32(id)
	}
}

func list[T any](r *reader, key string, read func(string) ([]T, error)) (l []T) {
	if r.has(key) {
		l, *r.err = read(prefix + key)
	}
	return l
}
