package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/infer/chat"
	"github.com/runnel-chat/runnel/infer/token"
)

// shown is a model as show --json writes it.
type shown struct {
	Name      string      `json:"name"`
	Path      string      `json:"path"`
	Files     int         `json:"files"`
	Bytes     int64       `json:"bytes"`
	Arch      string      `json:"arch"`
	Params    int64       `json:"params"`
	Active    int64       `json:"active_params,omitempty"` // of a token, where experts are chosen
	Quant     string      `json:"quant"`
	Types     []typeShare `json:"tensor_types"`
	Context   int64       `json:"context,omitempty"`
	Vocab     int64       `json:"vocab,omitempty"`
	Layers    int64       `json:"layers,omitempty"`
	Embd      int64       `json:"embedding,omitempty"`
	Heads     int64       `json:"heads,omitempty"`
	KVHeads   int64       `json:"kv_heads,omitempty"`
	Experts   int64       `json:"experts,omitempty"`
	Used      int64       `json:"experts_used,omitempty"`
	Rope      string      `json:"rope,omitempty"`
	Tokenizer string      `json:"tokenizer,omitempty"`
	Template  string      `json:"template"`
	License   string      `json:"license,omitempty"`
	Memory    *memory     `json:"memory,omitempty"`
	Speed     *speed      `json:"speed,omitempty"`
	Runs      bool        `json:"runs"`
	Problem   string      `json:"problem,omitempty"`
}

type typeShare struct {
	Type    string `json:"type"`
	Tensors int    `json:"tensors"`
	Bytes   int64  `json:"bytes"`
}

type memory struct {
	WeightBytes    int64 `json:"weight_bytes"`
	KVBytes        int64 `json:"kv_bytes"`
	ScratchBytes   int64 `json:"scratch_bytes"`
	AvailableBytes int64 `json:"available_bytes"`
	Context        int   `json:"context"`
	Fits           bool  `json:"fits"`
}

func (p *program) showCommand() *cobra.Command {
	var asJSON, all bool
	c := &cobra.Command{
		Use:   "show [MODEL]",
		Short: "Show what a model is, what it needs and whether it runs here",
		Args:  usage(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			model := p.cfg.Model
			if len(args) == 1 {
				model = args[0]
			}
			path, err := p.resolve(c.Context(), model)
			if err != nil {
				return err
			}
			f, err := header(path)
			if errors.Is(err, os.ErrNotExist) {
				err = fmt.Errorf("%w: %w", library.ErrNotFound, err)
			}
			if err != nil {
				return err
			}
			if all {
				return showKeys(p.Out, f)
			}
			s := describe(f, path, p.engineOptions(p.cfg))
			if asJSON {
				return writeJSON(p.Out, s)
			}
			return s.print(p.Out)
		},
	}
	p.engineFlags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "Write JSON.")
	c.Flags().BoolVar(&all, "metadata", false, "List every key of the file and its value.")
	return c
}

// speed is what this machine will make of a model, from what it has measured
// of others: seconds to the first token of a prompt of speedPrompt tokens,
// with the weights to be read first and with them in memory.
type speed struct {
	DecodeTPS   float64 `json:"decode_tps"`
	Limiter     string  `json:"limiter"`
	FirstTokenS float64 `json:"first_token_s,omitempty"`
	LoadedS     float64 `json:"first_token_loaded_s,omitempty"`
}

const speedPrompt = 512

// describe gathers what a header says and what it means on this machine. A key
// of the wrong kind reads like one that is missing: the engine's own look at
// the file says what is wrong with it.
func describe(f *gguf.File, path string, o infer.Options) shown {
	s := shown{
		Path: path, Files: len(f.Shards), Bytes: f.Size, Arch: f.Architecture(), Quant: f.Quantization(),
		Types: typeShares(f), Rope: rope(f),
	}
	s.Name = textOf(f, "general.name")
	if s.Name == "" {
		s.Name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	}
	s.Context, s.Layers, s.Embd = s.number(f, "context_length"), s.number(f, "block_count"), s.number(f, "embedding_length")
	s.Heads, s.KVHeads = s.number(f, "attention.head_count"), s.number(f, "attention.head_count_kv")
	s.Experts, s.Used = s.number(f, "expert_count"), s.number(f, "expert_used_count")
	s.count(f)
	if t, ok := f.FindTensor("token_embd.weight"); ok {
		s.Vocab = t.Dims[1]
	}
	s.Tokenizer = strings.TrimSuffix(textOf(f, "tokenizer.ggml.model")+", "+textOf(f, "tokenizer.ggml.pre"), ", ")
	s.Template = template(f)
	s.License = cmp.Or(textOf(f, "general.license.name"), textOf(f, "general.license"))
	s.estimate(f, o)
	return s
}

// count adds up the parameters. Of the experts a token needs its few.
func (s *shown) count(f *gguf.File) {
	chosen := int64(0)
	for _, t := range f.Tensors {
		s.Params += t.Elements()
		if isExpert.MatchString(t.Name) {
			chosen += t.Elements()
		}
	}
	if chosen > 0 && 0 < s.Used && s.Used <= s.Experts {
		s.Active = s.Params - chosen + chosen/s.Experts*s.Used
	}
}

// isExpert matches the tensors of all experts of a layer, and of one.
var isExpert = regexp.MustCompile(`\.ffn_(gate|up|down|gate_up)(_exps|\.\d+)\.`)

// template says where the words between messages come from.
func template(f *gguf.File) string {
	source := textOf(f, "tokenizer.chat_template")
	t, err := chat.Parse(source)
	if source != "" && err == nil {
		out := "in the file, 1 line"
		if n := strings.Count(source, "\n"); n > 0 {
			out = fmt.Sprintf("in the file, %d lines", n+1)
		}
		if t.KnowsTools() {
			out += ", knows tools"
		}
		return out
	}
	tokens, _ := f.Strings("tokenizer.ggml.tokens") // without any, none has a mark
	has := func(token string) bool { return slices.Contains(tokens, token) }
	standIn := chat.Choose(has, textOf(f, "general.name"))
	if source == "" {
		return fmt.Sprintf("none in the file; the built-in %s one stands in", standIn)
	}
	return fmt.Sprintf("in the file, but it cannot be used (%v); the built-in %s one stands in", err, standIn)
}

// estimate asks the engine what the model would need.
func (s *shown) estimate(f *gguf.File, o infer.Options) {
	e, err := infer.EstimateMemory(f, o)
	if err == nil {
		_, err = token.New(f)
	}
	if err != nil {
		s.Problem = err.Error()
		return
	}
	s.Runs = true
	context := int(s.Context)
	if o.Context > 0 {
		context = o.Context
	}
	s.Memory = &memory{e.WeightBytes, e.KVBytes, e.ScratchBytes, e.Available, context, e.Fits}
	if e.DecodeTPS > 0 {
		s.Speed = &speed{
			e.DecodeTPS, e.Limiter,
			e.FirstToken(speedPrompt, false).Seconds(), e.FirstToken(speedPrompt, true).Seconds(),
		}
	}
}

// number reads a number, the greatest where each layer has one.
func (s *shown) number(f *gguf.File, key string) int64 {
	key = s.Arch + "." + key
	if list, err := f.Ints(key); err == nil && len(list) > 0 {
		return slices.Max(list)
	}
	n, err := f.Int(key, 0, 1<<40)
	if err != nil {
		return 0
	}
	return n
}

func textOf(f *gguf.File, key string) string {
	s, err := f.String(key)
	if err != nil {
		return ""
	}
	return s
}

func typeShares(f *gguf.File) []typeShare {
	by := map[gguf.Type]*typeShare{}
	var list []typeShare
	for _, t := range f.Tensors {
		if by[t.Type] == nil {
			by[t.Type] = &typeShare{Type: t.Type.String()}
		}
		by[t.Type].Tensors++
		by[t.Type].Bytes += t.Len
	}
	for _, s := range by {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b typeShare) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), strings.Compare(a.Type, b.Type))
	})
	return list
}

// rope says how positions are encoded: the base, what stretches it, and how far
// layers with a window see.
func rope(f *gguf.File) string {
	key := f.Architecture() + ".rope."
	var parts []string
	if base, err := f.Float(key+"freq_base", 0, 1e12); err == nil {
		parts = append(parts, fmt.Sprintf("base %g", base))
	}
	if kind := textOf(f, key+"scaling.type"); kind != "" && kind != "none" {
		scaling := kind
		if x, err := f.Float(key+"scaling.factor", 0, 1e6); err == nil {
			scaling += fmt.Sprintf(" ×%g", x)
		}
		if n, err := f.Uint(key+"scaling.original_context_length", 1, 1<<40); err == nil {
			scaling += fmt.Sprintf(" from %d", n)
		}
		parts = append(parts, scaling)
	}
	for _, t := range []struct{ tensor, what string }{
		{"rope_freqs.weight", "factors by frequency"},
		{"rope_factors_long.weight", "factors for long contexts"},
	} {
		if _, ok := f.FindTensor(t.tensor); ok {
			parts = append(parts, t.what)
		}
	}
	if list, err := f.Ints(key + "dimension_sections"); err == nil {
		parts = append(parts, fmt.Sprintf("sections %d", list))
	}
	if n, err := f.Uint(f.Architecture()+".attention.sliding_window", 1, 1<<40); err == nil {
		parts = append(parts, fmt.Sprintf("window %d", n))
	}
	return strings.Join(parts, ", ")
}

func (s shown) print(w io.Writer) error {
	rows := [][]string{
		{"name", s.Name},
		{"file", s.Path},
		{"size", config.FormatSize(s.Bytes)},
		{"architecture", cmp.Or(s.Arch, "not named")},
		{"parameters", s.params()},
		{"context", formatCount(s.Context)},
		{"vocabulary", formatCount(s.Vocab)},
		{"layers", s.layers()},
		{"quantisation", s.Quant},
		{"tensors", s.mix()},
		{"rope", s.Rope},
		{"tokenizer", s.Tokenizer},
		{"template", s.Template},
		{"licence", s.License},
	}
	if s.Files > 1 {
		rows[2][1] += fmt.Sprintf(" in %d files", s.Files)
	}
	if m := s.Memory; m != nil {
		rows = append(rows, []string{"memory", fmt.Sprintf("weights %s, %s of context %s, scratch %s",
			config.FormatSize(m.WeightBytes), formatCount(int64(m.Context)), config.FormatSize(m.KVBytes), config.FormatSize(m.ScratchBytes))})
	}
	rows = append(rows, []string{"here", s.verdict()}, []string{"speed", s.Speed.String()})
	return writeTable(w, slices.DeleteFunc(rows, func(r []string) bool { return r[1] == "" || r[1] == "-" }))
}

func (s shown) params() string {
	if s.Active == 0 {
		return formatCount(s.Params)
	}
	return fmt.Sprintf("%s, of which a token needs %s", formatCount(s.Params), formatCount(s.Active))
}

func (s shown) layers() string {
	if s.Layers == 0 {
		return ""
	}
	out := fmt.Sprintf("%d, width %d", s.Layers, s.Embd)
	if s.Heads > 0 {
		out += fmt.Sprintf(", %d heads", s.Heads)
	}
	if s.KVHeads > 0 && s.KVHeads != s.Heads {
		out += fmt.Sprintf(" over %d", s.KVHeads)
	}
	if s.Experts > 0 {
		out += fmt.Sprintf(", %d of %d experts", s.Used, s.Experts)
	}
	return out
}

func (s shown) mix() string {
	var parts []string
	for _, t := range s.Types {
		parts = append(parts, fmt.Sprintf("%d %s (%s)", t.Tensors, t.Type, config.FormatSize(t.Bytes)))
	}
	return strings.Join(parts, ", ")
}

// String is one line of a forecast; "" where nothing is known.
func (s *speed) String() string {
	if s == nil {
		return ""
	}
	limiter := "disk"
	if s.Limiter == "compute" {
		limiter = "processor"
	}
	out := fmt.Sprintf("about %s tokens/s, limited by the %s", plain(s.DecodeTPS), limiter)
	if s.FirstTokenS > 0 {
		out += fmt.Sprintf("; a prompt of %d tokens is answered after %s s, %s s once the weights are there",
			speedPrompt, plain(s.FirstTokenS), plain(s.LoadedS))
	}
	return out
}

// plain writes a positive figure with about three digits that count and no
// exponent.
func plain(x float64) string {
	decimals := 2
	for y := x; y >= 10 && decimals > 0; y /= 10 {
		decimals--
	}
	for y := x; y > 0 && y < 1 && decimals < 4; y *= 10 {
		decimals++
	}
	return strconv.FormatFloat(x, 'f', decimals, 64)
}

// verdict is whether the model runs here, or the line why not.
func (s shown) verdict() string {
	switch m := s.Memory; {
	case m == nil:
		return "cannot run: " + s.Problem
	case m.WeightBytes+m.KVBytes+m.ScratchBytes <= m.AvailableBytes:
		return fmt.Sprintf("fits, with the whole context, in the %s there are", config.FormatSize(m.AvailableBytes))
	case m.Fits:
		return fmt.Sprintf("fits in the %s there are, with a shorter context", config.FormatSize(m.AvailableBytes))
	default:
		return fmt.Sprintf("larger than the %s there are: weights are read from disk as they are needed", config.FormatSize(m.AvailableBytes))
	}
}

// showKeys lists the metadata, long values cut.
func showKeys(w io.Writer, f *gguf.File) error {
	const most = 200
	var rows [][]string
	for _, v := range f.Keys() {
		text := []rune(v.String())
		if len(text) > most {
			text = append(text[:most], '…')
		}
		rows = append(rows, []string{v.Key, string(text)})
	}
	return writeTable(w, rows)
}
