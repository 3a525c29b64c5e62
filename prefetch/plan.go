package prefetch

import (
	"errors"
	"fmt"
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
	TileBytes int64 // aimed at (4 MiB)
	RingBytes int64 // of the ring when weights stream (64 MiB)
}

// Tile is a run of rows of a weight, the unit of reading.
type Tile struct {
	Extent
	Weight int
	Layer  int
	Rows   int
	Packed int64 // bytes in memory
	Pin    bool
	at     int64 // in the pins' arena
}

// Plan says which tiles stay in memory and which stream.
type Plan struct {
	Weights  []Weight
	Tiles    []Tile // in the order of a pass
	Bytes    int64  // packed bytes of all tiles
	PinBytes int64
	Slots    int   // of the ring
	SlotSize int64 // packed bytes of the largest streamed tile
	Bound    time.Duration
	Why      []string // one line a decision

	first []int // tile of each weight
	rows  []int // of each weight's tiles
}

// TileRange returns the first tile of a weight, their number, and the rows of
// each but the last.
func (p *Plan) TileRange(weight int) (first, n, rows int) {
	return p.first[weight], p.first[weight+1] - p.first[weight], p.rows[weight]
}

// StreamedBytes is what a pass reads from the file, packed.
func (p *Plan) StreamedBytes() int64 { return p.Bytes - p.PinBytes }

// RingBytes is the memory of the ring.
func (p *Plan) RingBytes() int64 { return int64(p.Slots) * p.SlotSize }

// A ring holds at least the tiles that are in use and those being read.
const minSlots = 6

// BuildPlan cuts the weights into tiles and decides which of them to pin. It
// is a pure function: the same weights and budget give the same plan.
func BuildPlan(ws []Weight, b Budget, d Disk, o PlanOptions) (*Plan, error) {
	if o.TileBytes <= 0 {
		o.TileBytes = 4 << 20
	}
	if o.RingBytes <= 0 {
		o.RingBytes = 64 << 20
	}
	p := &Plan{Weights: ws}
	for i := range ws {
		p.cut(i, o.TileBytes)
	}
	p.first = append(p.first, len(p.Tiles))
	room := b.Total - b.Reserved
	if p.Bytes <= room {
		p.pinAll()
		p.why("all %d MiB of weights fit the %d MiB left for them", p.Bytes>>20, room>>20)
	} else if err := p.spread(room, o); err != nil {
		return nil, err
	}
	p.bound(d)
	return p, nil
}

func (p *Plan) why(format string, args ...any) { p.Why = append(p.Why, fmt.Sprintf(format, args...)) }

// cut makes tiles of about tileBytes of weight i.
func (p *Plan) cut(i int, tileBytes int64) {
	w := &p.Weights[i]
	p.first = append(p.first, len(p.Tiles))
	if w.Use == Rows {
		p.rows = append(p.rows, 0)
		return
	}
	align := int64(max(1, w.RowAlign))
	rows := max(align, tileBytes/w.RowBytes/align*align)
	p.rows = append(p.rows, int(min(rows, w.Rows)))
	for r := int64(0); r < w.Rows; r += rows {
		n := min(rows, w.Rows-r)
		t := Tile{
			Extent: Extent{w.Shard, w.Off + r*w.RowBytes, n * w.RowBytes},
			Weight: i, Layer: w.Layer, Rows: int(n), Packed: n * w.RowBytes,
		}
		if w.PackedBytes != nil {
			t.Packed = w.PackedBytes(int(n))
		}
		t.Packed = (t.Packed + 63) &^ 63 // tiles begin on cache lines
		p.Bytes += t.Packed
		p.Tiles = append(p.Tiles, t)
	}
}

func (p *Plan) pin(i int) {
	t := &p.Tiles[i]
	t.Pin, t.at = true, p.PinBytes
	p.PinBytes += t.Packed
}

func (p *Plan) pinAll() {
	for i := range p.Tiles {
		p.pin(i)
	}
}

// spread pins what fits beside the ring: the tiles of small weights first,
// because they make poor reads, then the others by error diffusion, so that
// every stretch of a pass streams the same share and the readers never idle.
func (p *Plan) spread(room int64, o PlanOptions) error {
	small := func(t *Tile) bool { return t.Packed < 1<<20 }
	for i := range p.Tiles {
		p.SlotSize = max(p.SlotSize, p.Tiles[i].Packed)
	}
	p.Slots = max(minSlots, int(o.RingBytes/p.SlotSize))
	room -= p.RingBytes()
	if room < 0 {
		return fmt.Errorf("prefetch: %w: a ring of %d tiles takes %d MiB, %d MiB more than there is",
			ErrDoesNotFit, p.Slots, p.RingBytes()>>20, -room>>20)
	}
	large := int64(0)
	for i := range p.Tiles {
		if t := &p.Tiles[i]; small(t) && p.PinBytes+t.Packed <= room {
			p.pin(i)
		} else {
			large += t.Packed
		}
	}
	share := float64(room-p.PinBytes) / float64(max(1, large))
	owed := 0.0
	for i := range p.Tiles {
		t := &p.Tiles[i]
		if t.Pin {
			continue
		}
		if owed += share * float64(t.Packed); owed >= float64(t.Packed) && p.PinBytes+t.Packed <= room {
			owed -= float64(t.Packed)
			p.pin(i)
		}
	}
	p.why("%d of %d MiB of weights are pinned, spread evenly over the pass", p.PinBytes>>20, p.Bytes>>20)
	p.why("%d MiB a pass stream through a ring of %d tiles, %d MiB", p.StreamedBytes()>>20, p.Slots, p.RingBytes()>>20)
	return nil
}

// bound is the least time a pass can take: the longer of computing and
// reading what is not pinned.
func (p *Plan) bound(d Disk) {
	p.Bound = d.Compute
	if d.BytesPerSecond > 0 {
		read := 0.0
		for i := range p.Tiles {
			if t := &p.Tiles[i]; !t.Pin {
				read += float64(t.Len)
			}
		}
		p.Bound = max(p.Bound, time.Duration(read/d.BytesPerSecond*1e9))
	}
}
