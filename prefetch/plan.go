package prefetch

import (
	"errors"
	"math"
	"time"
)

// ErrDoesNotFit is returned when a budget cannot hold even the least that a
// pass needs.
var ErrDoesNotFit = errors.New("does not fit the memory budget")

// Extent is a run of bytes in one of a model's files.
type Extent struct {
	Shard    int
	Off, Len int64
}

// Use says how a weight is read.
type Use uint8

// The uses of a weight.
const (
	Dense  Use = iota // all of it in every pass
	Rows              // single rows, when they are asked for; never resident
	Expert            // all of it, in the passes that ask for it
)

// Weight is a matrix in a file, in the order in which a pass reads them.
type Weight struct {
	Name  string
	Layer int // -1 outside the layers
	Extent
	Rows     int64
	RowBytes int64 // in the file
	RowAlign int   // the rows of a tile are a multiple of it, but for the last
	Use      Use
	Away     bool // a device takes a copy on its first use: see Store.Settle

	// PackedBytes is the size of a tile of rows in memory, and Pack brings
	// rows of the file into that form; it is called by several goroutines at
	// once. Both nil: tiles are the bytes of the file.
	PackedBytes func(rows int) int64
	Pack        func(dst, src []byte, rows int)
}

// Budget is the memory for a model.
type Budget struct {
	Total    int64 // bytes
	Reserved int64 // of them, kept for everything but weights
}

// Disk is what is known of a machine's speed, for the bound.
type Disk struct {
	BytesPerSecond float64       // 0: unknown
	Compute        time.Duration // of a pass with all weights resident
}

// PlanOptions adjusts a plan. Zero fields mean the defaults.
type PlanOptions struct {
	TileBytes int64 // aimed at (2 MiB, or less where there is little room)
	RingBytes int64 // of the ring when weights stream (64 MiB, or an eighth of the room)
	Readers   int   // goroutines that read, each with a buffer (4)
	Align     int64 // of reads (4096)
}

// Tile is a run of rows of a weight, the unit of reading.
type Tile struct {
	Extent
	Weight int
	Layer  int
	Rows   int
	Packed int64 // bytes in memory, whole pages
	Expert bool
}

// Plan says which tiles stay in memory and which stream. Layout is the part
// of it that follows the budget.
type Plan struct {
	Layout
	Weights []Weight
	Tiles   []Tile // in the order of a pass
	Bytes   int64  // packed bytes of all tiles
	Why     []string

	options  PlanOptions
	rawBytes int64 // of the longest read
	first    []int // tile of each weight
	rows     []int // of each weight's tiles

	// order holds the tiles as they are pinned. Every first part of it is
	// spread evenly over the pass, so a change of the budget moves one mark.
	order []int
	rank  []int   // place of each tile in order
	at    []int64 // at[r] bytes of pins lie before the tile of rank r
	dense int     // ranks of tiles that every pass reads; those of experts follow
	kept  int     // ranks of both; those of tiles that are away follow

	experts, awayExperts int // tiles
}

// Layout divides the memory for weights.
type Layout struct {
	Pins        int   // the first of the plan's order are pinned
	PinBytes    int64 // packed
	Slots       int   // of the ring
	SlotBytes   int64 // packed bytes of the largest tile that streams
	ExpertSlots int   // of the experts' cache
	ExpertBytes int64 // of each
}

// RingBytes is the memory of the ring.
func (l *Layout) RingBytes() int64 { return int64(l.Slots) * l.SlotBytes }

// CacheBytes is the memory of the experts' cache.
func (l *Layout) CacheBytes() int64 { return int64(l.ExpertSlots) * l.ExpertBytes }

// TileRange returns the first tile of a weight, their number, and the rows of
// each but the last.
func (p *Plan) TileRange(weight int) (first, n, rows int) {
	return p.first[weight], p.first[weight+1] - p.first[weight], p.rows[weight]
}

// Pinned reports whether tile i stays in memory.
func (p *Plan) Pinned(i int) bool { return p.rank[i] < p.Pins }

// StreamedBytes is what a pass reads from the file; of experts, all that are
// not pinned. What is away counts only until it has settled, and not here.
func (p *Plan) StreamedBytes() int64 {
	n := int64(0)
	for _, i := range p.order[p.Pins:p.kept] {
		n += p.Tiles[i].Len
	}
	return n
}

// Dense is the number of tiles that every pass reads.
func (p *Plan) Dense() int { return p.dense }

// StagingBytes is the memory of the readers' buffers.
func (p *Plan) StagingBytes() int64 { return int64(p.options.Readers) * p.rawBytes }

// The least numbers of slots: those in use and those being read. Of experts
// there should be as many as a layer may choose at once, or a pass reads some
// of them twice.
const (
	minSlots       = 6
	minExpertSlots = 8
	expertSlots    = 64
)

// The sizes of tiles: large ones make good reads, but the ring and the
// readers' buffers should not take more than a part of the room.
const (
	leastTile = 4 << 10
	mostTile  = 2 << 20
	roomTiles = 128
)

// BuildPlan cuts the weights into tiles and decides which of them to pin. It
// is a pure function: the same weights and budget give the same plan.
func BuildPlan(ws []Weight, b Budget, o PlanOptions) (*Plan, error) {
	room := b.Total - b.Reserved
	if o.TileBytes <= 0 {
		o.TileBytes = leastTile
		for o.TileBytes < mostTile && 2*o.TileBytes*roomTiles <= room {
			o.TileBytes *= 2
		}
	}
	if o.RingBytes <= 0 {
		o.RingBytes = min(48<<20, max(0, room/8))
	}
	if o.Readers <= 0 {
		o.Readers = 4
	}
	o.Align = max(o.Align, minAlign)
	p := &Plan{Weights: ws, options: o}
	for i := range ws {
		p.cut(i)
	}
	p.first = append(p.first, len(p.Tiles))
	p.rankTiles()
	l, err := p.layout(room, 0)
	if err != nil {
		return nil, err
	}
	p.Layout = l
	p.explain(room)
	return p, nil
}

// cut makes tiles of weight i, equal ones of at most TileBytes.
func (p *Plan) cut(i int) {
	w := &p.Weights[i]
	p.first = append(p.first, len(p.Tiles))
	if w.Use == Rows {
		p.rows = append(p.rows, 0)
		p.rawBytes = max(p.rawBytes, p.aligned(w.RowBytes))
		return
	}
	align := int64(max(1, w.RowAlign))
	most := max(align, p.options.TileBytes/w.RowBytes/align*align)
	n := (w.Rows + most - 1) / most
	rows := ((w.Rows+n-1)/n + align - 1) / align * align
	p.rows = append(p.rows, int(min(rows, w.Rows)))
	for r := int64(0); r < w.Rows; r += rows {
		n := min(rows, w.Rows-r)
		t := Tile{
			Extent: Extent{w.Shard, w.Off + r*w.RowBytes, n * w.RowBytes},
			Weight: i, Layer: w.Layer, Rows: int(n), Packed: n * w.RowBytes, Expert: w.Use == Expert,
		}
		if w.PackedBytes != nil {
			t.Packed = w.PackedBytes(int(n))
		}
		t.Packed = pages(t.Packed) // so that its memory can be given back alone
		p.rawBytes = max(p.rawBytes, p.aligned(t.Len))
		p.Bytes += t.Packed
		p.Tiles = append(p.Tiles, t)
	}
}

// aligned is the longest aligned read that n bytes may need.
func (p *Plan) aligned(n int64) int64 {
	a := p.options.Align
	return (n + 2*a - 1) / a * a
}

// rankTiles decides the order of pinning: the tiles of small weights first,
// because they make poor reads, then the others, then those of experts. What is
// away comes last and is not pinned.
func (p *Plan) rankTiles() {
	var small, large, experts, away []int
	p.awayExperts = 0
	for i := range p.Tiles {
		switch t := &p.Tiles[i]; {
		case p.Weights[t.Weight].Away:
			away = append(away, i)
			if t.Expert {
				p.awayExperts++
			}
		case t.Expert:
			experts = append(experts, i)
		case t.Packed < p.options.TileBytes/4:
			small = append(small, i)
		default:
			large = append(large, i)
		}
	}
	p.dense = len(small) + len(large)
	p.kept, p.experts = p.dense+len(experts), len(experts)+p.awayExperts
	p.order = append(append(append(scatter(small), scatter(large)...), scatter(experts)...), away...)
	p.rank = make([]int, len(p.order))
	p.at = make([]int64, len(p.order)+1)
	for r, i := range p.order {
		p.rank[i] = r
		p.at[r+1] = p.at[r] + p.Tiles[i].Packed
	}
}

// scatter reorders so that every first part, and every last, is spread evenly
// over the whole: it walks in steps of the golden ratio, round and round
// (Weyl's sequence). What is not pinned then comes at a steady rate, and the
// readers never idle.
func scatter(is []int) []int {
	n := len(is)
	step := max(1, int(math.Round(float64(n)/math.Phi)))
	for gcd(step, n) > 1 {
		step++
	}
	out := make([]int, n)
	for k := range out {
		out[k] = is[k*step%n]
	}
	return out
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
