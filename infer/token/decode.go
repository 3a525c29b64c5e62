package token

// kindOf is undefined for an id outside of the vocabulary.
func (v *vocab) kindOf(id int32) kind {
	if id < 0 || int(id) >= len(v.kinds) {
		return undefined
	}
	return v.kinds[id]
}

// AppendPiece appends the bytes of a token as they appear in text. Tokens that
// are no text (control, unknown, unused) and ids outside of the vocabulary
// give nothing. A character may span tokens, so the bytes of one need not be
// valid UTF-8.
func (t *Tokenizer) AppendPiece(dst []byte, id int32) []byte {
	switch t.kindOf(id) {
	case normal:
		return t.model.appendText(dst, id)
	case user:
		return append(dst, t.texts[id]...)
	case byteKind:
		b, _ := parseByte(t.texts[id])
		return append(dst, b)
	}
	return dst
}

// AppendToken is AppendPiece, but tokens that are no text give their name.
func (t *Tokenizer) AppendToken(dst []byte, id int32) []byte {
	switch t.kindOf(id) {
	case normal, user, byteKind:
		return t.AppendPiece(dst, id)
	}
	return append(dst, t.Token(id)...)
}

// Decode joins the tokens, control tokens by their name. The space that some
// vocabularies put before a text stays.
func (t *Tokenizer) Decode(ids []int32) string {
	var dst []byte
	for _, id := range ids {
		dst = t.AppendToken(dst, id)
	}
	return string(dst)
}
