package cpu

import (
	"sync/atomic"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cpu/matmul"
)

// A chunk is the rows that a worker takes at once: enough that dealing is
// free, few enough that the workers end together and that a stop-the-world
// never waits long for a call into assembly.
const (
	chunkBytes   = 256 << 10 // packed weight bytes of a chunk when one token reads it once
	chunkRows    = 64        // rows of a chunk when a batch shares the weights: two pairs of blocks
	chunkColumns = 192       // tokens of such a chunk
)

// product is one queued dst = W·x, cut into chunks of rows and tokens.
type product struct {
	dst    accel.Tensor
	w      *accel.Weight
	kernel *matmul.Kernel

	rows    int // of a chunk
	perTile int // row chunks of a full tile
	columns int // column chunks
	units   int // of the whole product
	left    []atomic.Int32
}

// cut decides the chunks for n tokens. left has room for every tile.
func (p *product) cut(n, workers int) {
	w := p.w
	call := p.kernel.CallRows(w.Cols)
	callBytes := p.kernel.PackedBytes(call, w.Cols)
	p.rows = call * max(1, (chunkBytes+callBytes/2)/callBytes)
	p.columns = 1
	if n > 1 {
		p.rows = chunkRows
		p.columns = (n + chunkColumns - 1) / chunkColumns
	}
	// At least four chunks a worker, so that they finish together.
	if most := w.Rows / (4 * workers) / matmul.Rows * matmul.Rows; p.rows > most {
		p.rows = max(matmul.Rows, most)
	}
	p.rows = min(p.rows, w.TileRows)
	p.perTile = (w.TileRows + p.rows - 1) / p.rows
	p.units = 0
	for i := range p.left {
		rows := p.tileRows(i)
		chunks := (rows + p.rows - 1) / p.rows * p.columns
		p.left[i].Store(int32(chunks))
		p.units += chunks
	}
}

func (p *product) tileRows(i int) int {
	return min(p.w.TileRows, p.w.Rows-i*p.w.TileRows)
}

// chunk returns the tile of chunk u, its first row there and its number among
// the columns. The columns of one row chunk are neighbours, so that its
// weights stay in the caches.
func (p *product) chunk(u int) (tile, row, column int) {
	perTile := p.perTile * p.columns
	tile = u / perTile
	u -= tile * perTile
	return tile, u / p.columns * p.rows, u % p.columns
}

// resident returns the weights from chunk u on, if they are in memory. The
// caller will compute the chunk.
func (p *product) resident(u int) []byte {
	tile, row, _ := p.chunk(u)
	if b := p.w.Tiles.TryAcquire(tile); b != nil {
		return b[p.kernel.PackedBytes(row, p.w.Cols):]
	}
	return nil
}

// compute multiplies chunk u with the n prepared tokens; ahead is what the
// worker reads next.
func (p *product) compute(u int, acts []byte, n int, ahead []byte) error {
	tile, row0, column := p.chunk(u)
	row1 := min(row0+p.rows, p.tileRows(tile))
	col0 := column * chunkColumns
	col1 := n
	if p.columns > 1 {
		col1 = min(n, col0+chunkColumns)
	}
	bytes, err := p.w.Tiles.Acquire(tile)
	if err == nil {
		dst := p.dst.Data[tile*p.w.TileRows:]
		p.kernel.Mul(dst, p.dst.Cols, bytes, acts, n, p.w.Cols, row0, row1, col0, col1, ahead)
	}
	if p.left[tile].Add(-1) == 0 && err == nil {
		p.w.Tiles.Release(tile)
	}
	return err
}
