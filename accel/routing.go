package accel

// Routing says how the logits of a router choose experts and weigh them.
type Routing struct {
	Experts int
	Used    int // experts of a token

	Sigmoid    bool      // scores are sigmoids; else a softmax
	OfChosen   bool      // the softmax is over the chosen alone
	Bias       []float32 // (experts), added to the scores when choosing only; nil: none
	Groups     int       // experts form groups; 0 or 1: no
	GroupsUsed int       // and only the best of them are chosen from
	Normalise  bool      // weights are divided by their sum
	Scale      float32   // of the weights; 0: 1
	Output     []float32 // (experts), further factors of the results; nil: none

	// Weights holds the matrices of all experts, one slice a use. Those of the
	// chosen are wanted at once.
	Weights [][]*Weight
}

// Routes lists which rows of a batch go to which expert, in ascending order
// of expert, then row.
type Routes struct {
	Row    []int32   // of the batch
	Expert []int32   // that it goes to; -1: the device knows, as it does the weight
	Weight []float32 // of what the expert makes of it
}

// NewRoutes has room for n pairs.
func NewRoutes(n int) Routes {
	return Routes{make([]int32, 0, n), make([]int32, 0, n), make([]float32, 0, n)}
}

// Len is the number of pairs of a row and an expert.
func (r *Routes) Len() int { return len(r.Row) }

// Part returns up to most pairs from number from on, without cutting an
// expert: most must be as many as one can have, the rows of a batch.
func (r *Routes) Part(from, most int) Routes {
	to := min(from+most, r.Len())
	for to < r.Len() && to > from && r.Expert[to] == r.Expert[to-1] {
		to--
	}
	return Routes{r.Row[from:to], r.Expert[from:to], r.Weight[from:to]}
}

// Run returns the end of the run of one expert that begins at pair from.
func (r *Routes) Run(from int) int {
	to := from + 1
	for to < r.Len() && r.Expert[to] == r.Expert[from] {
		to++
	}
	return to
}
