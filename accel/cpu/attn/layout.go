package attn

import "fmt"

// BlockLen is how many positions a block holds.
const BlockLen = 256

const (
	lanes  = 32 // columns of a product: positions of a key group, dimensions of a value panel
	groups = BlockLen / lanes
)

// Type is how keys and values are stored.
type Type uint8

// The storage types.
const (
	F32 Type = iota
	F16
	Q8_0
)

var typeNames = [...]string{"f32", "f16", "q8_0"}

func (t Type) String() string { return typeNames[t] }

// Parse is the inverse of String.
func Parse(s string) (Type, error) {
	for t, name := range typeNames {
		if s == name {
			return Type(t), nil
		}
	}
	return 0, fmt.Errorf("attn: %q is no KV type: want f32, f16 or q8_0", s)
}

// bytes is the size of one value, without its share of a scale.
func (t Type) bytes() int { return [...]int{4, 2, 1}[t] }

// Layout is the shape of what one layer keeps of a position.
type Layout struct {
	Type   Type
	Heads  int // KV heads
	DK, DV int // head sizes of keys and values
}

// panels is the number of value panels; the last may be padded.
func (l Layout) panels() int { return (l.DV + lanes - 1) / lanes }

// dkPadded is DK as the codes of Q8_0 store it, four to a product.
func (l Layout) dkPadded() int { return (l.DK + 3) &^ 3 }

// keyScales is the number of scales of a key in Q8_0.
func (l Layout) keyScales() int { return (l.DK + 31) / 32 }

// groupBytes is the size of 32 positions of keys of one head. In Q8_0 it is
// the codes [DK/4][32][4], biased by 128, then the scales [DK/32][32].
func (l Layout) groupBytes() int {
	switch l.Type {
	case F32:
		return l.DK * lanes * 4
	case F16:
		return l.DK * lanes * 2
	}
	return l.dkPadded()*lanes + l.keyScales()*lanes*2
}

// panelBytes is the size of 32 dimensions of values of one head. In Q8_0 it is
// the codes [256][32], then the scales [256].
func (l Layout) panelBytes() int {
	switch l.Type {
	case F32:
		return BlockLen * lanes * 4
	case F16:
		return BlockLen * lanes * 2
	}
	return BlockLen*lanes + BlockLen*2
}

func (l Layout) headBytes() int { return groups*l.groupBytes() + l.panels()*l.panelBytes() }

// BlockBytes is the size of a block of BlockLen positions, all heads. A block
// begins at a multiple of 64 bytes for speed and of 4 at least.
func (l Layout) BlockBytes() int { return l.Heads * l.headBytes() }

// TokenBytes is what one position takes, padding included.
func (l Layout) TokenBytes() int { return l.BlockBytes() / BlockLen }

// keys returns the keys of one head in a block.
func (l Layout) keys(block []byte, head int) []byte {
	o := head * l.headBytes()
	return block[o : o+groups*l.groupBytes()]
}

// values returns the values of one head in a block.
func (l Layout) values(block []byte, head int) []byte {
	o := head*l.headBytes() + groups*l.groupBytes()
	return block[o : o+l.panels()*l.panelBytes()]
}
