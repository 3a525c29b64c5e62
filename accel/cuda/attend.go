package cuda

import (
	"encoding/binary"
	"math/bits"

	"github.com/runnel-chat/runnel/accel"
)

// How the attention kernels are cut; see kernels/attention.cuh and flash.cuh.
const (
	attendRows  = 8
	attendWarps = accel.KVBlock / 32
	mostValues  = 512           // dimensions of a head's values
	mostSplits  = accel.KVBlock // of a context: what each counts is kept where the scores of a block were

	flashRows    = 64
	flashKeys    = 32
	flashThreads = 128
)

var (
	storeNames     = [...]string{accel.KVF16: "store_KVF16", accel.KVF32: "store_KVF32", accel.KVQ8: "store_KVQ8"}
	ropeStoreNames = [...]string{accel.KVF16: "ropeStore_KVF16", accel.KVF32: "ropeStore_KVF32", accel.KVQ8: "ropeStore_KVQ8"}
	attendNames    = [...]string{accel.KVF16: "attend_KVF16", accel.KVF32: "attend_KVF32", accel.KVQ8: "attend_KVQ8"}
	flashNames     = [...][]string{
		accel.KVF16: {"flash2_KVF16", "flash4_KVF16", "flash8_KVF16"},
		accel.KVF32: nil,
		accel.KVQ8:  {"flash2_KVQ8", "flash4_KVQ8", "flash8_KVQ8"},
	}
)

// attendShared is the shared memory that the kernel takes for heads of dk.
func attendShared(dk int) int { return 4 * (attendRows*(dk+accel.KVBlock) + attendWarps*attendRows*32) }

// attends tells whether the kernel is made for the shape.
func (b *Backend) attends(s accel.KVShape) bool {
	return s.DV <= mostValues && attendShared(s.DK) <= b.driver.Shared()
}

// flashName is the kernel of tensor cores for a shape and so many queries, and
// the shared memory that it takes; "" where there is none or the queries are too
// few for its tiles.
func (b *Backend) flashName(s accel.KVShape, n int) (name string, shared int) {
	panels := (s.DV + 31) / 32
	names := flashNames[s.Type]
	if n < tileLeast || len(names) == 0 || panels > 8 {
		return "", 0
	}
	i := max(0, bits.Len(uint(panels-1))-1) // for up to 2, 4 and 8 panels
	dk := (s.DK + 15) / 16 * 16
	shared = 2 * (flashRows*(dk+8) + dk*(flashKeys+8) + flashKeys*((2<<i)*32+8))
	if shared > b.driver.Shared() {
		return "", 0
	}
	return names[i], shared
}

// block returns the mirror of a block of the cache, made when it is first
// asked for.
func (b *Backend) block(raw []byte) *mirror {
	m := b.blocks[&raw[0]]
	if m == nil {
		m = &mirror{host: raw}
		b.blocks[&raw[0]] = m
		if p, err := b.driver.Alloc(len(raw)); err == nil {
			m.device = p
		} else {
			b.stats.noRoom.Add(1)
		}
	}
	return m
}

// blocksHere tells whether all blocks of a cache that positions [from, to) lie
// in have a copy on the device.
func (b *Backend) blocksHere(kv *accel.KV, from, to int) bool {
	for i := (from - kv.First) / accel.KVBlock; i*accel.KVBlock < to-kv.First; i++ {
		if b.block(kv.Blocks[i]).device == 0 {
			return false
		}
	}
	return true
}

// table is where the blocks of a cache are, on the device.
type table struct {
	p    uint64
	size int
	now  []byte // what it holds
	next []byte
}

// tableOf returns the table of a cache, brought up to date.
func (b *Backend) tableOf(kv *accel.KV) uint64 {
	t := b.tables[kv]
	if t == nil {
		t = &table{}
		b.tables[kv] = t
	}
	t.next = t.next[:0]
	for _, raw := range kv.Blocks {
		p := uint64(0)
		if m := b.blocks[&raw[0]]; m != nil {
			p = m.device
		}
		t.next = binary.LittleEndian.AppendUint64(t.next, p)
	}
	if string(t.next) == string(t.now) || b.lost != nil {
		return t.p
	}
	r := room{t.p, t.size}
	if len(t.next) > r.size {
		b.atLeast(&r, 2*len(t.next))
		t.p, t.size = r.p, r.size
	}
	b.toDevice(t.p, t.next)
	t.now, t.next = t.next, t.now
	return t.p
}

// touch makes the blocks of positions [from, to) current on one side.
func (b *Backend) touch(kv *accel.KV, from, to int, side func(m *mirror, part span)) {
	if b.lost != nil {
		return
	}
	for i := (from - kv.First) / accel.KVBlock; i*accel.KVBlock < to-kv.First; i++ {
		m := b.block(kv.Blocks[i])
		side(m, m.all())
	}
}

// Store keeps keys and values.
func (b *Backend) Store(kv *accel.KV, k, v accel.Tensor, pos int) {
	end := pos + k.Rows
	if b.atHome(k, v) || !b.blocksHere(kv, pos, end) {
		b.bring(k, v)
		b.touch(kv, pos, end, b.onHost)
		b.host.Store(kv, k, v, pos)
		b.queued = true
		b.touch(kv, pos, end, b.hostWrites)
		return
	}
	b.touch(kv, pos, end, func(m *mirror, part span) {
		b.onDevice(m, part)
		b.deviceWrites(m, part)
	})
	var buf [mostArgs]uint64
	s, cache := kv.Shape, b.cacheArgs(buf[:0], kv, pos)
	keys, values := b.read(k), b.read(v)
	if !b.joinStore(ropeStoreNames[s.Type], cache, keys, values, k.Rows, s.Heads, s.DK) {
		b.launch(storeNames[s.Type], [3]int{k.Rows, s.Heads, 1}, 32, 0, append(cache, keys, values)...)
	}
}

// cacheArgs appends what kernels know of a cache in a pass that begins at pos.
func (b *Backend) cacheArgs(args []uint64, kv *accel.KV, pos int) []uint64 {
	s := kv.Shape
	return append(args, b.tableOf(kv), uint64(s.Heads), uint64(s.DK), uint64(s.DV), uint64(kv.First), b.position(pos))
}

// Attend gathers values by the softmax of queries and keys.
func (b *Backend) Attend(dst, q accel.Tensor, kv *accel.KV, pos int, a *accel.Attention) {
	s, end := kv.Shape, pos+q.Rows
	from := kv.First
	if a.Window > 0 {
		from = max(from, pos+1-a.Window)
	}
	attends := b.lost == nil && b.attends(s)
	if b.atHome(q) || !attends || !b.blocksHere(kv, from, end) {
		if b.lost == nil && !attends {
			b.stats.fallbacks.Add(1)
		}
		b.bring(q)
		b.touch(kv, from, end, b.onHost)
		b.host.Attend(dst, q, kv, pos, a)
		b.wrote(dst)
		return
	}
	b.touch(kv, from, end, func(m *mirror, part span) { b.onDevice(m, part) })
	if name, shared := b.flashName(s, q.Rows); name != "" {
		b.flash(name, shared, dst, q, kv, pos, a)
		return
	}
	b.attend(dst, q, kv, pos, a)
}

// flash launches attention on tensor cores.
func (b *Backend) flash(name string, shared int, dst, q accel.Tensor, kv *accel.KV, pos int, a *accel.Attention) {
	var buf [mostArgs]uint64
	queries, to, sinks, cache := b.read(q), b.write(dst), b.vector(a.Sinks), b.cacheArgs(buf[:0], kv, pos)
	group := q.Cols / kv.Shape.DK / kv.Shape.Heads
	b.launch(name, [3]int{(q.Rows*group + flashRows - 1) / flashRows, kv.Shape.Heads, 1}, flashThreads, shared,
		append(cache, to, queries, sinks, uint64(group), uint64(q.Rows), uint64(a.Window), f32(a.Scale), f32(a.SoftCap))...)
}

// attend launches attention of few queries, over parts of a long context.
func (b *Backend) attend(dst, q accel.Tensor, kv *accel.KV, pos int, a *accel.Attention) {
	s, length := kv.Shape, pos+q.Rows-kv.First
	group := q.Cols / s.DK / s.Heads
	tiles := (q.Rows*group + attendRows - 1) / attendRows
	splits, span := b.splits(tiles*s.Heads, length)
	if a.Window > 0 && a.Window < length {
		splits = 1 // most parts would be empty
	}
	queries, to, parts, come := b.read(q), b.write(dst), uint64(0), uint64(0)
	if splits > 1 {
		parts = b.atLeast(&b.parts, 4*q.Rows*group*s.Heads*splits*(s.DV+2))
		come, _ = b.counters(tiles * s.Heads)
	}
	var buf [mostArgs]uint64
	sinks, cache := b.vector(a.Sinks), b.cacheArgs(buf[:0], kv, pos)
	b.launch(attendNames[s.Type], [3]int{tiles, s.Heads, splits}, accel.KVBlock, attendShared(s.DK),
		append(cache, to, parts, queries, sinks, uint64(group), uint64(q.Rows), uint64(a.Window),
			f32(a.Scale), f32(a.SoftCap), uint64(span), come, 0, 0, 0)...)
}

// splits cuts the context where there would be fewer blocks of threads than
// multiprocessors. A split is whole blocks of positions, so that none is read
// twice.
func (b *Backend) splits(blocks, positions int) (n, length int) {
	length = positions
	if want := min(2*b.driver.Units()/max(1, blocks), mostSplits); want > 1 {
		share := (positions + want - 1) / want
		length = (share + accel.KVBlock - 1) / accel.KVBlock * accel.KVBlock
	}
	return (positions + length - 1) / length, length
}
