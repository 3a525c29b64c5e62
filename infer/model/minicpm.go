package model

import "math"

// minicpm is MiniCPM (arXiv 2404.06395): Granite's layer. Older files leave its
// multipliers out.
func minicpm(d *Declaration) *Model {
	embd, layers := d.Uint("embedding_length", 1, maxDim), d.Uint("block_count", 1, 4096)
	if d.err != nil {
		return nil
	}
	return scaledLlama(d, multipliers{
		embedding: 12,
		residual:  1.4 / math.Sqrt(float64(layers)),
		logit:     float64(embd) / 256,
	})
}
