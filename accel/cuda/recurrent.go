package cuda

import "github.com/runnel-chat/runnel/accel"

// How the delta rule is cut; see kernels/recurrent.cuh.
const (
	deltaThreads = 128
	mostKeys     = 256 // dimensions of a head's keys
)

// statesHere tells whether states have a copy on the device, made when it is
// first asked for. No state at all, which is zero, needs none.
func (b *Backend) statesHere(states ...[]float32) bool {
	for _, s := range states {
		if len(s) > 0 && b.block(asBytes(s)).device == 0 {
			return false
		}
	}
	return true
}

// statesHome lets the host turn one state into the next.
func (b *Backend) statesHome(before, after []float32) {
	if b.lost != nil {
		return
	}
	if len(before) > 0 {
		m := b.block(asBytes(before))
		b.onHost(m, m.all())
	}
	if len(after) > 0 {
		m := b.block(asBytes(after))
		b.hostWrites(m, m.all())
	}
}

// states returns where the device turns one state into the next; 0: none.
func (b *Backend) states(before, after []float32) (from, to uint64) {
	if len(before) > 0 {
		m := b.block(asBytes(before))
		from = b.onDevice(m, m.all())
	}
	if len(after) > 0 {
		m := b.block(asBytes(after))
		to = b.deviceWrites(m, m.all())
	}
	return from, to
}

// Conv convolves each column with its own weights.
func (b *Backend) Conv(dst, x accel.Tensor, w []float32, before, after []float32) {
	if b.atHome(x) || !b.statesHere(before, after) {
		b.bring(x)
		b.statesHome(before, after)
		b.host.Conv(dst, x, w, before, after)
		b.wrote(dst)
		return
	}
	k := len(w) / x.Cols
	values, weights := b.read(x), b.vector(w)
	from, to := b.states(before, after)
	b.each("conv", (x.Rows+k-1)*x.Cols, b.write(dst), values, weights, from, to, uint64(x.Cols), uint64(x.Rows), uint64(k))
}

// DeltaRule takes the states of all heads through the tokens.
func (b *Backend) DeltaRule(dst, q, k, v, alpha, beta accel.Tensor, c *accel.Delta, before, after []float32) {
	if b.atHome(q, k, v, alpha, beta) || c.DK > mostKeys || !b.statesHere(before, after) {
		if b.lost == nil && c.DK > mostKeys {
			b.stats.fallbacks.Add(1)
		}
		b.bring(q, k, v, alpha, beta)
		b.statesHome(before, after)
		b.host.DeltaRule(dst, q, k, v, alpha, beta, c, before, after)
		b.wrote(dst)
		return
	}
	name := "deltaRule128"
	if c.DK > 128 {
		name = "deltaRule256"
	}
	in := [...]uint64{b.read(q), b.read(k), b.read(v), b.read(alpha), b.read(beta), b.vector(c.A), b.vector(c.DT)}
	from, to := b.states(before, after)
	const warps = deltaThreads / 32
	b.launch(name, [3]int{c.VHeads, (c.DV + warps - 1) / warps, 1}, deltaThreads, 0,
		b.write(dst), in[0], in[1], in[2], in[3], in[4], in[5], in[6], from, to,
		uint64(c.KHeads), uint64(c.VHeads), uint64(c.DK), uint64(c.DV), flag(c.Modulo), f32(c.Scale), uint64(q.Rows))
}
