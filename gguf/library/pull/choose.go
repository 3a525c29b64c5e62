package pull

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/runnel-chat/runnel/gguf"
)

// usual is the quantisation taken when none is asked for.
const usual = "Q4_K_M"

// sizes are the quantisations from the smallest to the largest.
var sizes = strings.Fields(`
	IQ1_S IQ1_M TQ1_0 TQ2_0 IQ2_XXS IQ2_XS IQ2_S IQ2_M Q2_K_S Q2_K Q2_K_L Q2_K_XL
	IQ3_XXS IQ3_XS Q3_K_S IQ3_S IQ3_M Q3_K_M Q3_K_L Q3_K_XL
	IQ4_XS MXFP4 MXFP4_MOE IQ4_NL Q4_0 Q4_K_S Q4_K_M Q4_K_L Q4_K_XL Q4_1
	Q5_0 Q5_K_S Q5_K_M Q5_K_L Q5_K_XL Q5_1 Q6_K Q6_K_L Q6_K_XL Q8_0 Q8_K_XL F16 BF16 F32`)

var quantTag = regexp.MustCompile(`(?i)(?:^|[-._/])((?:UD-)?(?:I?Q[1-8]_[A-Z0-9]+(?:_[A-Z0-9]+)?|TQ[12]_0|MXFP4(?:_MOE)?|BF16|FP?16|FP?32))(?:$|[-./])`)

// remote is a file in a repository.
type remote struct {
	path string
	size int64
	sum  string // SHA-256, or for a file that git itself keeps its SHA-1
}

// candidate is a model in a repository: a file, or the shards of one.
type candidate struct {
	stem  string // the path, without shard number and ending
	quant string // upper case; "": the name does not say
	files []remote
}

// candidates groups the files of a repository into models. Files that only go
// with a model, incomplete sets of shards and names that could not be files
// here are left out.
func candidates(files []remote) []candidate {
	byStem := map[string]*candidate{}
	var order []string
	for _, f := range files {
		dir, name := path.Split(f.path)
		lower := strings.ToLower(name)
		if !isSafePath(f.path) || !isGGUF(name) || f.size <= 0 || f.size > maxFile || strings.Contains(lower, "mmproj") || strings.Contains(lower, "imatrix") {
			continue
		}
		stem, _, count, split := gguf.ParseShardName(name)
		key := f.path
		if split {
			key = dir + gguf.ShardName(stem, 0, count)
		} else {
			stem = name[:len(name)-len(".gguf")]
		}
		c := byStem[key]
		if c == nil {
			c = &candidate{stem: dir + stem, quant: quantOf(dir + stem)}
			byStem[key] = c
			order = append(order, key)
		}
		c.files = append(c.files, f)
	}
	var list []candidate
	for _, key := range order {
		if c := byStem[key]; c.complete() {
			list = append(list, *c)
		}
	}
	return list
}

// complete sorts the shards and reports whether each is there once.
func (c *candidate) complete() bool {
	slices.SortFunc(c.files, func(a, b remote) int { return strings.Compare(a.path, b.path) })
	for i, f := range c.files {
		_, no, count, split := gguf.ParseShardName(path.Base(f.path))
		if split && (no != i+1 || count != len(c.files)) || !split && len(c.files) != 1 {
			return false
		}
	}
	return true
}

// quantOf is the last quantisation that a path names.
func quantOf(stem string) string {
	quant := ""
	for rest := stem; ; {
		m := quantTag.FindStringSubmatchIndex(rest)
		if m == nil {
			if rest, ok := strings.CutPrefix(quant, "FP"); ok {
				return "F" + rest
			}
			return quant
		}
		quant = strings.ToUpper(rest[m[2]:m[3]])
		rest = rest[m[3]:]
	}
}

// choose picks the model that a reference asks for.
func choose(list []candidate, ref reference) (candidate, error) {
	if len(list) == 0 {
		return candidate{}, fmt.Errorf("%s/%s has no model in a GGUF file", ref.org, ref.repo)
	}
	var found []candidate
	switch {
	case ref.path != "":
		found = having(list, func(c candidate) bool {
			return slices.ContainsFunc(c.files, func(f remote) bool { return f.path == ref.path })
		})
	case ref.want != "":
		found = wanted(list, ref.want)
	default:
		found = nearest(list)
	}
	switch {
	case len(found) == 0:
		return candidate{}, fmt.Errorf("%s/%s has no %s; it has %s", ref.org, ref.repo, ref.want+ref.path, names(list))
	case len(found) > 1 && !sameModel(found):
		return candidate{}, fmt.Errorf("%s/%s has several models: name one of %s after a colon", ref.org, ref.repo, stems(found))
	}
	return slices.MinFunc(found, func(a, b candidate) int { return len(a.files) - len(b.files) }), nil
}

// wanted are the models of a quantisation, else those of a name.
func wanted(list []candidate, want string) []candidate {
	name := strings.TrimSuffix(strings.ToLower(want), ".gguf")
	for _, match := range []func(candidate) bool{
		func(c candidate) bool { return strings.EqualFold(c.quant, want) },
		func(c candidate) bool { return strings.EqualFold(strings.TrimPrefix(c.quant, "UD-"), want) },
		func(c candidate) bool {
			return strings.EqualFold(c.stem, name) || strings.EqualFold(path.Base(c.stem), name)
		},
	} {
		if found := having(list, match); len(found) > 0 {
			return found
		}
	}
	return nil
}

// nearest are the models whose quantisation is the usual one, or as near to
// it as there is; of two as near the larger. A name that does not say comes
// last.
func nearest(list []candidate) []candidate {
	best, found := unknown+1, []candidate(nil)
	for _, c := range list {
		d := distance(c.quant)
		if d < best {
			best, found = d, nil
		}
		if d == best {
			found = append(found, c)
		}
	}
	return found
}

// unknown is farther than any distance.
const unknown = 1 << 20

// distance orders quantisations by how near they are to the usual one: first
// by bits, of which one too few is worse than two too many, then by their
// places in the list, of two as far the larger, and last the plain one.
func distance(quant string) int {
	plain, mixed := strings.CutPrefix(quant, "UD-")
	i := slices.Index(sizes, plain)
	if i < 0 {
		return unknown
	}
	bits := 2 * (bitsOf(plain) - bitsOf(usual))
	if bits < 0 {
		bits = 1 - 2*bits
	}
	place := 2 * (i - slices.Index(sizes, usual))
	if place < 0 {
		place = 1 - place
	}
	d := 2 * (bits*2*len(sizes) + place)
	if mixed {
		d++
	}
	return d
}

// bitsOf is the number in the name of a quantisation.
func bitsOf(quant string) int {
	digits := strings.TrimLeft(quant, "BFIMPQTX")
	n, _, _ := strings.Cut(digits, "_")
	bits, err := strconv.Atoi(n)
	if err != nil {
		panic("pull: no number in " + quant) // it is one of the list
	}
	return bits
}

func having(list []candidate, match func(candidate) bool) []candidate {
	return slices.DeleteFunc(slices.Clone(list), func(c candidate) bool { return !match(c) })
}

// sameModel reports whether candidates differ only in how they are cut.
func sameModel(list []candidate) bool {
	return !slices.ContainsFunc(list, func(c candidate) bool { return !strings.EqualFold(path.Base(c.stem), path.Base(list[0].stem)) })
}

// maxShown is how many names an error lists.
const maxShown = 30

// names lists what there is to ask for.
func names(list []candidate) string {
	var out []string
	for _, c := range list {
		name := c.quant
		if name == "" {
			name = c.stem
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return shorten(out)
}

func stems(list []candidate) string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.stem
	}
	return shorten(out)
}

func shorten(list []string) string {
	if len(list) > maxShown {
		return strings.Join(list[:maxShown], ", ") + fmt.Sprintf(" and %d more", len(list)-maxShown)
	}
	return strings.Join(list, ", ")
}
