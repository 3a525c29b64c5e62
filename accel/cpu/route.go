package cpu

import (
	"math"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cpu/vec"
)

// router is the scratch of Route.
type router struct {
	scores []float32 // of the experts of one row
	keys   []float32 // what they are chosen by
	chosen []int32   // (rows, used)
	weight []float32 // (rows, used)
	count  []int32   // rows of each expert
}

var minusInf = float32(math.Inf(-1))

// Route chooses experts for every row.
func (b *Backend) Route(r *accel.Routes, logits accel.Tensor, c *accel.Routing) {
	b.flush()
	s := &b.router
	n := logits.Rows * c.Used
	s.scores, s.keys, s.count = fit(s.scores, c.Experts), fit(s.keys, c.Experts), fit(s.count, c.Experts+1)
	s.chosen, s.weight = fit(s.chosen, n), fit(s.weight, n)
	clear(s.count)
	for t := range logits.Rows {
		s.choose(s.chosen[t*c.Used:][:c.Used], s.weight[t*c.Used:][:c.Used], logits.Row(t), c)
	}
	for _, e := range s.chosen {
		s.count[e+1]++
	}
	for e := range c.Experts {
		if s.count[e+1] > 0 {
			for _, ws := range c.Weights {
				ws[e].Tiles.Want()
			}
		}
	}
	s.sort(r, c)
}

// Foresee hints at the experts of one row.
func (b *Backend) Foresee(logits accel.Tensor, c *accel.Routing) {
	b.flush()
	s := &b.router
	s.scores, s.keys = fit(s.scores, c.Experts), fit(s.keys, c.Experts)
	s.chosen, s.weight = fit(s.chosen, c.Used), fit(s.weight, c.Used)
	s.choose(s.chosen, s.weight, logits.Row(0), c)
	for _, e := range s.chosen {
		for _, ws := range c.Weights {
			ws[e].Tiles.Hint()
		}
	}
}

// sort lists the pairs by expert; count becomes where each expert goes on.
func (s *router) sort(r *accel.Routes, c *accel.Routing) {
	n := len(s.chosen)
	r.Row, r.Expert, r.Weight = fit(r.Row, n), fit(r.Expert, n), fit(r.Weight, n)
	for e := range c.Experts {
		s.count[e+1] += s.count[e]
	}
	for i, e := range s.chosen {
		at := s.count[e]
		s.count[e]++
		r.Row[at], r.Expert[at], r.Weight[at] = int32(i/c.Used), e, s.weight[i]
	}
}

// fit returns s with n elements of any value.
func fit[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// choose finds the experts of one row and their weights.
func (s *router) choose(chosen []int32, weight, logits []float32, c *accel.Routing) {
	copy(s.scores, logits)
	switch {
	case c.Sigmoid:
		vec.Sigmoid(s.scores, s.scores)
	case !c.OfChosen:
		vec.Softmax(s.scores)
	}
	copy(s.keys, s.scores)
	if c.Bias != nil {
		vec.Add(s.keys, c.Bias)
	}
	if c.Groups > 1 {
		s.keepGroups(c)
	}
	for i := range chosen {
		e := vec.ArgMax(s.keys)
		if e < 0 { // nothing but NaN is left: any expert will do, once
			e = s.unchosen(chosen[:i])
		}
		chosen[i], weight[i], s.keys[e] = int32(e), s.scores[e], float32(math.NaN())
	}
	if c.OfChosen {
		vec.Softmax(weight)
	}
	scale := float32(1)
	if c.Normalise {
		sum := float32(0)
		for _, w := range weight {
			sum += w
		}
		if sum > 0 {
			scale = 1 / sum
		}
	}
	if c.Scale != 0 {
		scale *= c.Scale
	}
	for i, e := range chosen {
		weight[i] *= scale
		if c.Output != nil {
			weight[i] *= c.Output[e]
		}
	}
}

func (s *router) unchosen(chosen []int32) int {
next:
	for e := range s.keys {
		for _, c := range chosen {
			if int(c) == e {
				continue next
			}
		}
		return e
	}
	panic("cpu: more experts to choose than there are")
}

// keepGroups takes the experts of all but the best groups out of the choice. A
// group is as good as its best expert (arXiv 2405.04434), with sigmoids as its
// best two (arXiv 2412.19437).
func (s *router) keepGroups(c *accel.Routing) {
	size := c.Experts / c.Groups
	for range c.Groups - c.GroupsUsed {
		worst, least := -1, float32(0)
		for g := range c.Groups {
			first, second := minusInf, minusInf
			for _, k := range s.keys[g*size : (g+1)*size] {
				if k > first {
					first, second = k, first
				} else if k > second {
					second = k
				}
			}
			if first == minusInf {
				continue // out already
			}
			if c.Sigmoid && size > 1 {
				first += second
			}
			if worst < 0 || first <= least {
				worst, least = g, first
			}
		}
		if worst < 0 {
			return
		}
		for i := range size {
			s.keys[worst*size+i] = minusInf
		}
	}
}

// Gather copies the rows that are routed.
func (b *Backend) Gather(dst, x accel.Tensor, r *accel.Routes) {
	b.flush()
	j := &b.rows
	j.dst, j.x, j.routes = dst, x, r
	j.deal(r.Len(), len(dst.Data), 1, func(j *rowJob, from, to int) {
		for i := from; i < to; i++ {
			copy(j.dst.Row(i), j.x.Row(int(j.routes.Row[i])))
		}
	})
}

// AddBiasRouted adds to every row the bias of its expert.
func (b *Backend) AddBiasRouted(x accel.Tensor, bias []float32, r *accel.Routes) {
	b.flush()
	j := &b.rows
	j.x, j.w, j.routes = x, bias, r
	j.deal(r.Len(), len(x.Data), 1, func(j *rowJob, from, to int) {
		for i := from; i < to; i++ {
			vec.Add(j.x.Row(i), j.w[int(j.routes.Expert[i])*j.x.Cols:][:j.x.Cols])
		}
	})
}

// Scatter adds what the experts made to the rows it came from. A worker has
// rows of dst of its own, so the order of the sums is that of the routes.
func (b *Backend) Scatter(dst, x accel.Tensor, r *accel.Routes) {
	b.flush()
	j := &b.rows
	j.dst, j.x, j.routes = dst, x, r
	j.deal(dst.Rows, len(x.Data), 1, func(j *rowJob, from, to int) {
		for i, row := range j.routes.Row {
			if int(row) >= from && int(row) < to {
				vec.AddScaled(j.dst.Row(int(row)), j.x.Row(i), j.routes.Weight[i])
			}
		}
	})
}
