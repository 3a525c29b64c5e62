package cuda

import (
	"encoding/binary"
	"unsafe"

	"github.com/runnel-chat/runnel/accel"
)

// The experts of one token are chosen on the device when all of them are there,
// so that nothing waits for the choice; see kernels/route.cuh. The host then
// knows how many they are and nothing else.
const (
	mostExperts = 1024
	mostUsed    = 32
	mostGroups  = 32

	hidden = -1 // in place of the number of an expert that the device knows
)

// isHidden tells whether the experts of r are known to the device alone.
func isHidden(r *accel.Routes) bool { return r.Len() > 0 && r.Expert[0] == hidden }

// reveal puts some expert in place of hidden ones once the device is lost: what
// is computed until Sync says so has no meaning, but it must have a number.
func (b *Backend) reveal(r *accel.Routes) {
	if b.lost != nil && isHidden(r) {
		clear(r.Expert)
	}
}

// Route chooses on the device, or has the host do it at once.
func (b *Backend) Route(r *accel.Routes, logits accel.Tensor, c *accel.Routing) {
	if logits.Rows == 1 && c.Groups <= mostGroups && c.Experts <= mostExperts && c.Used <= mostUsed && !b.atHome(logits) && b.expertsHere(c) {
		b.routeHere(r, logits, c)
		return
	}
	b.bring(logits)
	b.host.Route(r, logits, c)
}

// expertsHere tells whether all experts are on the device, bringing those that
// belong there.
func (b *Backend) expertsHere(c *accel.Routing) bool {
	for _, ws := range c.Weights {
		if b.listOf(ws) == 0 {
			return false
		}
	}
	return true
}

// listOf returns where the weights of all experts are listed; 0: some are not on
// the device, or they are not alike.
func (b *Backend) listOf(ws []*accel.Weight) uint64 {
	if p, ok := b.lists[ws[0]]; ok || b.lost != nil {
		return p
	}
	for _, w := range ws {
		if b.weights[w] == nil || w.Type != ws[0].Type {
			b.lists[ws[0]] = 0
			return 0
		}
		if b.weights[w].p == 0 {
			w.Tiles.Want()
		}
	}
	list := make([]uint64, len(ws))
	for i, w := range ws {
		if list[i] = b.resident(w); list[i] == 0 {
			if b.err == nil { // else its tiles were not there this time
				b.lists[ws[0]] = 0
			}
			return 0
		}
	}
	p, err := b.driver.Alloc(8 * len(list))
	if err != nil {
		b.lose(err)
		return 0
	}
	b.lists[ws[0]] = p
	b.toDevice(p, unsafe.Slice((*byte)(unsafe.Pointer(&list[0])), 8*len(list)))
	return p
}

// chosen is where the device keeps the columns of routes that are hidden.
func (b *Backend) chosen() (rows, experts, weights uint64) {
	const column = 4 * mostUsed
	p := b.atLeast(&b.picked, 3*column)
	return p, p + column, p + 2*column
}

func (b *Backend) routeHere(r *accel.Routes, logits accel.Tensor, c *accel.Routing) {
	rows, experts, weights := b.chosen()
	scale := c.Scale
	if scale == 0 {
		scale = 1
	}
	b.launch("route", [3]int{1, 1, 1}, 32, 0, rows, experts, weights, b.read(logits), b.vector(c.Bias), b.vector(c.Output),
		uint64(c.Experts), uint64(c.Used), uint64(c.Groups), uint64(c.GroupsUsed), flag(c.Sigmoid), flag(c.OfChosen), flag(c.Normalise), f32(scale))
	r.Row, r.Expert, r.Weight = r.Row[:0], r.Expert[:0], r.Weight[:0]
	for range c.Used {
		r.Row, r.Expert, r.Weight = append(r.Row, 0), append(r.Expert, hidden), append(r.Weight, 0)
	}
	b.reveal(r)
}

func flag(v bool) uint64 {
	if v {
		return 1
	}
	return 0
}

// Foresee is the host's: it is for experts that come and go.
func (b *Backend) Foresee(logits accel.Tensor, c *accel.Routing) {
	b.bring(logits)
	b.host.Foresee(logits, c)
}

// upload32 copies the columns of r that a kernel reads to the device: numbers
// of rows or experts, and weights if there are any.
func (b *Backend) upload32(numbers []int32, weights []float32) (p, q uint64) {
	n := 4 * len(numbers)
	p = b.atLeast(&b.pairs, n+4*len(weights))
	if n == 0 || b.lost != nil {
		return p, p
	}
	b.toDevice(p, unsafe.Slice((*byte)(unsafe.Pointer(&numbers[0])), n))
	if len(weights) > 0 {
		b.toDevice(p+uint64(n), asBytes(weights))
	}
	return p, p + uint64(n)
}

// Gather picks rows.
func (b *Backend) Gather(dst, x accel.Tensor, r *accel.Routes) {
	if b.atHome(x) {
		b.host.Gather(dst, x, r)
		b.wrote(dst)
		return
	}
	rows, _, _ := b.chosen()
	if !isHidden(r) {
		rows, _ = b.upload32(r.Row, nil)
	}
	from := b.read(x)
	b.each("gatherRows", len(dst.Data), b.write(dst), from, rows, uint64(x.Cols), uint64(len(dst.Data)))
}

// MatMulRouted multiplies the rows of each expert.
func (b *Backend) MatMulRouted(dst accel.Tensor, ws []*accel.Weight, x accel.Tensor, r *accel.Routes) {
	if b.reveal(r); isHidden(r) {
		b.multiplyHidden(dst, ws, x, r)
		return
	}
	for from := 0; from < r.Len(); {
		to := r.Run(from)
		if b.resident(ws[r.Expert[from]]) == 0 {
			b.bring(x)
			b.host.MatMulRouted(dst, ws, x, r)
			b.wrote(dst)
			return
		}
		from = to
	}
	b.read(x)
	p := b.write(dst)
	for from := 0; from < r.Len(); {
		to := r.Run(from)
		w := ws[r.Expert[from]]
		b.multiply(p+uint64(4*from*dst.Cols), dst.Cols, w, b.resident(w), x, from*x.Cols, x.Cols, to-from)
		from = to
	}
}

// multiplyHidden multiplies each row with the expert that the device knows.
func (b *Backend) multiplyHidden(dst accel.Tensor, ws []*accel.Weight, x accel.Tensor, r *accel.Routes) {
	_, experts, _ := b.chosen()
	list := b.listOf(ws)
	b.read(x)
	b.multiplyListed(b.write(dst), dst.Cols, ws[0], list, experts, x, x.Cols, r.Len())
}

// multiplyListed launches the products of n vectors of x, ldx apart, each with a
// weight like w that its number finds in a list.
func (b *Backend) multiplyListed(dst uint64, ldd int, w *accel.Weight, list, numbers uint64, x accel.Tensor, ldx, n int) {
	format, integers := formatOf(w.Type)
	var buf [mostArgs]uint64
	args := buf[:routedInput]
	args[routedDst], args[routedList], args[routedLd], args[routedNumbers] = dst, list, uint64(ldd), numbers
	args[routedRows], args[routedCols] = uint64(w.Rows), uint64(w.Cols)
	if integers {
		q := b.quantise(x, 0, ldx, n, w.Cols)
		args = append(args, q.q, q.d, q.sums)
	} else {
		args = append(args, b.read(x), uint64(ldx))
	}
	b.launchRouted(products[format].routed, n, args)
}

// numbers returns where 0, 1, … n-1 are.
func (b *Backend) numbers(n int) uint64 {
	if b.counted.size >= 4*n {
		return b.counted.p
	}
	p := b.atLeast(&b.counted, 4*n)
	raw := make([]byte, 0, 4*n)
	for i := range n {
		raw = binary.LittleEndian.AppendUint32(raw, uint32(i))
	}
	b.toDevice(p, raw)
	return p
}

// AddBiasRouted adds each expert's vector.
func (b *Backend) AddBiasRouted(x accel.Tensor, bias []float32, r *accel.Routes) {
	b.reveal(r)
	if b.atHome(x) {
		b.host.AddBiasRouted(x, bias, r)
		b.wrote(x)
		return
	}
	_, experts, _ := b.chosen()
	if !isHidden(r) {
		experts, _ = b.upload32(r.Expert, nil)
	}
	to, values := b.change(x), b.vector(bias)
	if !isHidden(r) || !b.joinRoutedBias(to, values, x.Cols) {
		b.each("addBiasRouted", len(x.Data), to, values, experts, uint64(x.Cols), uint64(len(x.Data)))
	}
}

// Scatter adds weighted rows.
func (b *Backend) Scatter(dst, x accel.Tensor, r *accel.Routes) {
	if b.atHome(dst, x) {
		b.host.Scatter(dst, x, r)
		b.wrote(dst)
		return
	}
	rows, _, weights := b.chosen()
	if !isHidden(r) {
		rows, weights = b.upload32(r.Row, r.Weight)
	}
	from := b.read(x)
	to := b.change(dst)
	if !isHidden(r) || !b.joinScatter(to, from, weights, x.Cols) {
		b.each("scatterRows", x.Cols, to, from, rows, weights, uint64(x.Cols), uint64(r.Len()))
	}
}
