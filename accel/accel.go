package accel

import (
	"errors"

	"github.com/runnel-chat/runnel/gguf"
)

// ErrDeviceLost ends a pass in which a device failed for good.
var ErrDeviceLost = errors.New("the device was lost")

// Tensor is a float32 matrix of activations, row-major: one row a token.
type Tensor struct {
	Data []float32 // Rows*Cols values
	Rows int
	Cols int
}

// Top returns the first n rows.
func (t Tensor) Top(n int) Tensor {
	return Tensor{t.Data[:n*t.Cols], n, t.Cols}
}

// Row returns row i.
func (t Tensor) Row(i int) []float32 {
	return t.Data[i*t.Cols : (i+1)*t.Cols]
}

// Split views each row as Cols/cols rows of cols values: the heads of a token.
func (t Tensor) Split(cols int) Tensor {
	return Tensor{t.Data, t.Rows * (t.Cols / cols), cols}
}

// Slice returns rows [from, to).
func (t Tensor) Slice(from, to int) Tensor {
	return Tensor{t.Data[from*t.Cols : to*t.Cols], to - from, t.Cols}
}

// Tiles lends the packed bytes of a weight. The methods are safe for
// concurrent use by the workers of a backend.
type Tiles interface {
	// Want says that all tiles are about to be asked for, as the weights of
	// an expert are once the router has chosen it. It returns at once.
	Want()
	// Hint says that all tiles may be about to be asked for: they are read if
	// nothing else is to be read. It returns at once.
	Hint()
	// Acquire returns the bytes of tile i, waiting until they are resident.
	// Several workers may hold the same tile.
	Acquire(i int) ([]byte, error)
	// TryAcquire is Acquire for a tile that is resident; for any other it
	// returns nil at once.
	TryAcquire(i int) []byte
	// Release says that the last rows of tile i were used. It is called once
	// for each use of the tile, however many workers acquired it.
	Release(i int)
	// Settle is Release for a tile that a device has taken a copy of: it is not
	// asked for again, unless the device could not keep it.
	Settle(i int)
}

// Weight is a matrix of the model, [Rows][Cols], in the backend's packed form
// and cut into tiles of TileRows rows (the last may have fewer).
type Weight struct {
	Name     string
	Type     gguf.Type
	Rows     int // outputs
	Cols     int // inputs
	TileRows int
	Tiles    Tiles
}

// Rope is a rotary position embedding (arXiv 2104.09864): pair i of 2*len(Freqs)
// values of a head turns by position*Freqs[i].
type Rope struct {
	From        int       // the first of these values
	Freqs       []float32 // radians a position, scaling applied
	Magnitude   float32   // multiplies cos and sin (YaRN, longrope); 1 otherwise
	Interleaved bool      // pairs are (2i, 2i+1); else (i, i+len(Freqs))
}

// KVType is how keys and values are stored.
type KVType uint8

// The storage types of a KV cache.
const (
	KVF16 KVType = iota
	KVF32
	KVQ8
)

func (t KVType) String() string { return [...]string{"f16", "f32", "q8_0"}[t] }

// ParseKVType is the inverse of String.
func ParseKVType(s string) (KVType, bool) {
	for _, t := range []KVType{KVF16, KVF32, KVQ8} {
		if t.String() == s {
			return t, true
		}
	}
	return 0, false
}

// KVBlock is how many positions a block of the KV cache holds.
const KVBlock = 256

// KVShape describes what one layer keeps of a position.
type KVShape struct {
	Type   KVType
	Heads  int // KV heads
	DK, DV int // head sizes of keys and values
}

// KV is one layer of a cache. Blocks[b] holds the positions from
// First + b*KVBlock.
type KV struct {
	Shape  KVShape
	Blocks [][]byte
	First  int
}

// Attention holds the constants of an attention layer.
type Attention struct {
	Scale   float32
	SoftCap float32   // scores become cap*tanh(score/cap); 0: none
	Window  int       // a query at i sees j only if i-j < Window; 0: all
	Sinks   []float32 // per query head, joins the softmax's denominator; nil: none
}

// Delta holds the constants of a gated delta rule (arXiv 2412.06464). Each value
// head h has a matrix S of DV rows by DK columns; a token does
//
//	S *= exp(A[h] * softplus(alpha + DT[h]))
//	S += sigmoid(beta) * (v - S·k) kᵀ
//	out = S·q * Scale
type Delta struct {
	KHeads, VHeads int
	DK, DV         int
	A, DT          []float32 // (VHeads)
	Scale          float32
	Modulo         bool // head h reads key head h mod KHeads; else h / (VHeads/KHeads)
}

// Activation is the function of a feed-forward layer.
type Activation uint8

// The activations of feed-forward layers.
const (
	SiLU          Activation = iota
	GELU                     // tanh form
	GELUErf                  // exact form
	ReLU2                    // max(x, 0)²
	Sigmoid                  // of gates
	ClampedSwiGLU            // gated alone: g·sigmoid(1.702g)·(u+1), g at most 7, u within ±7
)

// Backend executes the operations of a forward pass. It belongs to one
// goroutine. Shapes are the caller's promise: a model proves them when it
// loads.
type Backend interface {
	Name() string
	ISA() string // instruction set or device generation in use
	Threads() int

	// PackedBytes and Pack bring rows of a weight file into the layout that
	// MatMul reads. Pack is safe for concurrent use.
	PackedBytes(t gguf.Type, rows, cols int) (int, error)
	Pack(t gguf.Type, dst, src []byte, rows, cols int)
	// RowAlign is the number of rows that a tile must be a multiple of.
	RowAlign() int

	// Alloc returns a zeroed tensor that lives until Close.
	Alloc(rows, cols int) (Tensor, error)
	// KVBlockBytes is the size of a block of KVBlock positions.
	KVBlockBytes(s KVShape) int
	// Forget says that memory which held blocks of the KV cache goes back to
	// whoever lent it.
	Forget(raw []byte)

	// Fetch makes the values of x readable in x.Data once Sync has returned.
	// Only these are: a device keeps its own copy of a tensor.
	Fetch(x Tensor)
	// Best returns the k largest values of the only row of x and their columns,
	// as far as they are numbers, the largest first; equal ones in the order of
	// their columns. Nothing for k = 0, or where it is as well to fetch the row.
	// Both live until the next call.
	Best(x Tensor, k int) (columns []int32, values []float32)
	// Changed says that the caller has written all of x.Data.
	Changed(x Tensor)

	// RMSNorm: dst = x / rms(x) * w, row by row (arXiv 1910.07467). dst may be
	// x; without w it is 1.
	RMSNorm(dst, x Tensor, w []float32, eps float32)
	// LayerNorm: dst = (x - mean(x)) / deviation(x) * w + b, row by row (arXiv
	// 1607.06450). dst may be x; w and b may be nil. A w of several rows serves
	// the rows of x in turn, as each head of a token has its own.
	LayerNorm(dst, x Tensor, w, b []float32, eps float32)
	// MatMul: dst[t] = w·x[t] for every row t of x.
	MatMul(dst Tensor, w *Weight, x Tensor)
	// MatMulEach: head h of every row is multiplied by a weight of its own,
	// dst[t][h] = ws[h]·x[t][h]. A head may be longer than the weight is wide or
	// high: the rest of it is not touched.
	MatMulEach(dst Tensor, ws []*Weight, x Tensor)

	// Route chooses experts for every row of logits and fills r, at once: what
	// follows depends on it. A device that has all experts may keep the choice for
	// a single row to itself.
	Route(r *Routes, logits Tensor, c *Routing)
	// Foresee hints at the experts that Route would choose for the only row of
	// logits.
	Foresee(logits Tensor, c *Routing)
	// Gather: dst[i] = x[r.Row[i]].
	Gather(dst, x Tensor, r *Routes)
	// MatMulRouted: dst[i] = ws[r.Expert[i]]·x[i].
	MatMulRouted(dst Tensor, ws []*Weight, x Tensor, r *Routes)
	// AddBiasRouted: x[i] += b[r.Expert[i]], b being (experts, columns of x).
	AddBiasRouted(x Tensor, b []float32, r *Routes)
	// Scatter: dst[r.Row[i]] += r.Weight[i]*x[i], in the order of r.
	Scatter(dst, x Tensor, r *Routes)

	// AddBias: x[t] += b.
	AddBias(x Tensor, b []float32)
	// Rotate turns every head of headDim values; row t is at position pos+t.
	Rotate(x Tensor, headDim int, r *Rope, pos int)
	// Store keeps keys and values; row t is at position pos+t.
	Store(kv *KV, k, v Tensor, pos int)
	// Attend: dst[t] = softmax(q[t]·K)·V over the positions up to pos+t.
	Attend(dst, q Tensor, kv *KV, pos int, a *Attention)
	// GLU: gate = act(gate) * up.
	GLU(act Activation, gate, up Tensor)
	// Activate: x = act(x).
	Activate(act Activation, x Tensor)
	// L2Norm: x = x / |x|, row by row, |x| being eps at least.
	L2Norm(x Tensor, eps float32)
	// Conv is a causal convolution of each column: dst[t] = Σ_j w[j]·x[t-k+1+j],
	// w being (columns, k). before holds the k-1 rows before x and after takes
	// the last k-1. Without before, those rows are zero.
	Conv(dst, x Tensor, w []float32, before, after []float32)
	// DeltaRule: the states of all heads go from before to after while dst takes
	// what each token reads; q and k are (tokens, KHeads*DK), v and dst (tokens,
	// VHeads*DV), alpha and beta (tokens, VHeads). Without before, the states are
	// zero.
	DeltaRule(dst, q, k, v, alpha, beta Tensor, c *Delta, before, after []float32)

	// Add: dst += x.
	Add(dst, x Tensor)
	// Mul: dst *= x.
	Mul(dst, x Tensor)
	// Clear: x = 0.
	Clear(x Tensor)
	// Scale: x *= s.
	Scale(x Tensor, s float32)
	// ScaleRows: x[t] *= s[t], one value a row.
	ScaleRows(x, s Tensor)
	// SoftCap: x = limit * tanh(x/limit).
	SoftCap(x Tensor, limit float32)
	// Copy: cols columns of x from column from on go to column to of dst.
	Copy(dst Tensor, to int, x Tensor, from, cols int)

	// Sync runs everything queued and returns the first error since the last
	// Sync; a device may still be at work, its errors then come later. After
	// ErrDeviceLost the KV cache holds nothing, and the backend goes on
	// without the device.
	Sync() error
	Close() error
}
