// Package sample picks the next token from a row of logits.
//
// The chain is the field's usual one: repeat penalty, top-k, top-p, min-p,
// temperature, draw. A temperature of zero is greedy: the best logit after
// the penalty. Whatever the logits hold (NaN, infinities, one token), the
// result is an index inside the row or ErrNoFinite, never anything else.
//
// The package knows numbers only: no vocabulary, no text.
package sample
