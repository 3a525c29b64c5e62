package model

import (
	"encoding/binary"
	"math"
)

// Transpose turns a matrix of rows columns round and returns it as the bytes of
// a file would be, in float32.
func Transpose(x []float32, rows int) []byte {
	out := make([]byte, 0, 4*len(x))
	for r := range rows {
		for i := r; i < len(x); i += rows {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x[i]))
		}
	}
	return out
}
