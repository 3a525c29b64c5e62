package synth

import (
	"encoding/binary"
	"io"
	"math"
	"runtime"
	"sync"

	"github.com/runnel-chat/runnel/gguf"
)

// Size is the length in bytes of the file that Write writes.
func Size(shape, mix string) (int64, error) {
	m, err := lookup(shape, mix)
	if err != nil {
		return 0, err
	}
	var size count
	file := gguf.NewWriter(&size)
	m.describe(file)
	if err := file.Begin(); err != nil {
		return 0, err
	}
	for _, t := range m.tensors() {
		n := m.bytes(t)
		size += count(n + -n&31) // padded to the default alignment
	}
	return int64(size), nil
}

// count counts what is written to it.
type count int64

func (n *count) Write(p []byte) (int, error) {
	*n += count(len(p))
	return len(p), nil
}

// Write writes a model file of the named shape and mix. It works on all
// processors, needs a few MiB, and returns the writer's error if it has one.
func Write(w io.Writer, shape, mix string, seed uint64) error {
	m, err := lookup(shape, mix)
	if err != nil {
		return err
	}
	file := gguf.NewWriter(w)
	m.describe(file)
	if err := file.Begin(); err != nil {
		return err
	}
	if err := generate(file, m.chunks(seed)); err != nil {
		return err
	}
	return file.Close()
}

// model is a shape in a mix.
type model struct {
	Shape
	mix
}

func lookup(shape, mix string) (m model, err error) {
	if m.Shape, err = shapeByName(shape); err == nil {
		m.mix, err = mixByName(mix)
	}
	return m, err
}

// bytes is the length of a tensor.
func (m model) bytes(t tensor) int64 {
	n := int64(1)
	for _, d := range t.dims {
		n *= d
	}
	bytes, _ := m.typeOf(t).Bytes(n) // fitting has seen to it
	return bytes
}

// describe sets the metadata and adds the tensors.
func (m model) describe(w *gguf.Writer) {
	fileType, _ := gguf.FileTypeByName(m.mix.name)
	w.Set("general.architecture", m.Arch)
	w.Set("general.type", "model")
	w.Set("general.name", m.Name+" with random weights")
	w.Set("general.file_type", uint32(fileType))
	w.Set("general.quantization_version", uint32(2))
	set := func(key string, value any) { w.Set(m.Arch+"."+key, value) }
	set("block_count", uint32(m.Layers))
	set("context_length", uint32(m.Context))
	set("embedding_length", uint32(m.Embd))
	set("feed_forward_length", uint32(m.FFN))
	set("attention.head_count", uint32(m.Heads))
	set("attention.head_count_kv", uint32(m.KVHeads))
	set("attention.layer_norm_rms_epsilon", m.Eps)
	set("rope.freq_base", m.RopeBase)
	set("vocab_size", uint32(m.Vocab))
	if m.Arch == "llama" {
		set("rope.dimension_count", uint32(m.HeadDim))
	}
	if m.QKNorm { // its head size is not that of embedding and heads
		set("attention.key_length", uint32(m.HeadDim))
		set("attention.value_length", uint32(m.HeadDim))
	}
	if m.Experts > 0 {
		set("expert_count", uint32(m.Experts))
		set("expert_used_count", uint32(m.ExpertsUsed))
		set("expert_feed_forward_length", uint32(m.ExpertFFN))
	}
	m.tokens(w, m.Vocab)
	for _, t := range m.tensors() {
		w.Add(t.name, m.typeOf(t), t.dims...)
	}
}

// spreadOf is the wanted spread of a tensor's weights: a product with an
// activation vector of spread one has spread one again, or for logits three.
func (s Shape) spreadOf(t tensor) float32 {
	const logits = 3
	row := math.Sqrt(float64(t.dims[0]))
	switch {
	case t.role == roleBias:
		return 0.1
	case t.role == roleNorm:
		return 0.05 // around one
	case t.role == roleOutput || t.role == roleEmbedding && s.Tied:
		return float32(logits / row)
	case t.role == roleEmbedding:
		return 1
	}
	return float32(1 / row)
}

// chunk is a piece of a tensor that is generated at once.
type chunk struct {
	typ   gguf.Type
	bytes int64
	seed  random
	unit  float32 // of the blocks' scales
	mean  float32 // added to values of type F32
}

const chunkBytes = 1 << 20

// chunks cuts the weights of all tensors, in file order, into pieces of whole
// blocks. The seed of each depends on the tensor and the place, so any of them
// can be generated alone.
func (m model) chunks(seed uint64) []chunk {
	var list []chunk
	spreads := map[gguf.Type]float32{}
	for i, t := range m.tensors() {
		c := chunk{typ: m.typeOf(t)}
		if spreads[c.typ] == 0 {
			spreads[c.typ] = spread(c.typ)
		}
		c.unit = m.spreadOf(t) / spreads[c.typ]
		if t.role == roleNorm {
			c.mean = 1
		}
		_, block := c.typ.Block()
		step := int64(chunkBytes / block * block)
		for at, end := int64(0), m.bytes(t); at < end; at += step {
			c.bytes = min(end-at, step)
			c.seed = random(mix64(mix64(mix64(seed)+uint64(i)) + uint64(at)))
			list = append(list, c)
		}
	}
	return list
}

// fill generates the chunk into b.
func (c chunk) fill(b []byte) {
	c.seed.fill(b)
	_, block := c.typ.Block()
	put := dresses[c.typ]
	for ; len(b) > 0; b = b[block:] {
		put(b[:block], c.unit)
		if c.mean != 0 { // a vector
			v := math.Float32frombits(binary.LittleEndian.Uint32(b))
			binary.LittleEndian.PutUint32(b, math.Float32bits(v+c.mean))
		}
	}
}

// generate has one worker for each processor fill every n-th chunk, a few
// ahead of the writer, and writes them in order. All workers have ended when
// it returns.
func generate(w io.Writer, chunks []chunk) error {
	n := runtime.GOMAXPROCS(0)
	stop := make(chan struct{})
	full, empty := make([]chan []byte, n), make([]chan []byte, n)
	var workers sync.WaitGroup
	defer workers.Wait()
	defer close(stop)
	for i := range n {
		full[i], empty[i] = make(chan []byte, 2), make(chan []byte, 2)
		empty[i] <- make([]byte, chunkBytes)
		empty[i] <- make([]byte, chunkBytes)
		workers.Go(func() {
			for at := i; at < len(chunks); at += n {
				select {
				case b := <-empty[i]:
					chunks[at].fill(b[:chunks[at].bytes])
					full[i] <- b // never blocks: there are but two buffers
				case <-stop:
					return
				}
			}
		})
	}
	for at, c := range chunks {
		b := <-full[at%n]
		if _, err := w.Write(b[:c.bytes]); err != nil {
			return err
		}
		empty[at%n] <- b
	}
	return nil
}
