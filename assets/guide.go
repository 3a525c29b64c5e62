package assets

import _ "embed"

// GuideName is what the built-in guide goes by, where other models have a
// path.
const GuideName = "guide"

// Guide is the model of the built-in guide, a GGUF file: see guide/README.md.
//
//go:embed guide/guide.gguf
var Guide []byte
