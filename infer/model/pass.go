package model

import (
	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/infer/kv"
)

// slot names an activation: a buffer through which blocks pass values on.
// Each has as many rows as a pass has tokens; a block declares the columns it
// needs, and the widest block decides.
type slot uint8

const (
	slotX      slot = iota // (tokens, embd): the residual stream
	slotH                  // (tokens, embd): a normalised input, or a block's output
	slotH2                 // (tokens, embd): the same of a second block beside it
	slotH3                 // (tokens, embd): the input of that block
	slotP                  // a second thing looked up for each token
	slotP2                 // what is made of it
	slotQ                  // (tokens, heads*dk): queries
	slotQ2                 // (tokens, heads*dk): queries on the way there
	slotK                  // (tokens, kv heads*dk): keys
	slotV                  // (tokens, kv heads*dv): values
	slotA                  // (tokens, heads*dv): what attention gathered
	slotA2                 // (tokens, heads*dv): the same on its way
	slotGate               // (tokens, ffn)
	slotUp                 // (tokens, ffn)
	slotS                  // (tokens, 1): a factor for each token
	slotRouter             // (tokens, experts): scores of the experts
	slotRows               // (rows of some experts, embd): what they read, then made
	slotIn                 // (tokens, channels): of a recurrent layer
	slotAlpha              // (tokens, heads): how much it forgets
	slotBeta               // (tokens, heads): how much it learns
	slots
)

// rooms holds the columns of each slot.
type rooms [slots]int

// Pass is one run of tokens through the network: the backend, the cache and
// the activations. Rows of the tensors are tokens at positions Pos, Pos+1, …
type Pass struct {
	accel.Backend
	KV  *kv.Cache
	Pos int
	N   int // tokens

	Hinting bool // say which experts the next layer may choose

	tokens int // most in a run
	embd   int
	slots  [slots]accel.Tensor
	logits accel.Tensor // (outputs, vocab)

	routes, part accel.Routes // of the mixture in hand
}

// NewPass allocates the activations of up to tokens tokens a run and outputs
// rows of logits.
func NewPass(b accel.Backend, cache *kv.Cache, s Shape, tokens, outputs int) (_ *Pass, err error) {
	p := &Pass{Backend: b, KV: cache, tokens: tokens, embd: s.Embd}
	for i, cols := range s.rooms {
		if cols == 0 {
			continue
		}
		if p.slots[i], err = b.Alloc(s.rows(tokens), cols); err != nil {
			return nil, err
		}
	}
	p.routes = accel.NewRoutes(tokens * s.used)
	p.logits, err = b.Alloc(outputs, s.Vocab)
	return p, err
}

// rows is how many a slot has: each expert of a single token takes one.
func (s *Shape) rows(tokens int) int { return max(tokens, s.used) }

// ScratchBytes is what NewPass allocates.
func (s *Shape) ScratchBytes(tokens, outputs int) int64 {
	n := int64(outputs) * int64(s.Vocab)
	for _, cols := range s.rooms {
		n += int64(s.rows(tokens)) * int64(cols)
	}
	return n * 4
}

// view returns the first values of a slot as rows of cols values.
func (p *Pass) view(s slot, rows, cols int) accel.Tensor {
	return accel.Tensor{Data: p.slots[s].Data[:rows*cols], Rows: rows, Cols: cols}
}

// Capacity is how many tokens a run may hold.
func (p *Pass) Capacity() int { return p.tokens }

// Outputs is how many rows Logits can give at once.
func (p *Pass) Outputs() int { return p.logits.Rows }

// X returns the residual stream of the tokens of the run.
func (p *Pass) X() accel.Tensor { return p.view(slotX, p.N, p.embd) }

// Rows returns where the rows of a table go that are looked up for the tokens
// of the run; the caller fills it before Forward.
func (p *Pass) Rows(t *Table) accel.Tensor { return p.view(t.slot, p.N, t.Cols) }
