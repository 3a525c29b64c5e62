package matmul

// args is what every assembly kernel reads; each uses a part of it. Matrix
// kernels step dst, acts, sums and count from group to group and leave them
// behind the last: these are numbers, not pointers, and point to nothing on
// the stack.
type args struct {
	dst     uintptr // first row of the first vector
	ldd     int     // bytes between vectors of dst
	w, w2   uintptr // packed units, or panels; the second row block of floats
	acts    uintptr // blocks of a group of vectors
	sums    uintptr // their sums of 256 columns
	n       int     // blocks of 64 columns, units, or columns of floats
	first   int     // not 0: dst holds nothing yet
	next    int     // bytes from the activations of a group to the next
	count   int     // groups of vectors, or blocks of 16 rows
	panel   uintptr // where to unpack to
	ahead   uintptr // packed units that are read soon
	inOrder int     // not 0: they follow each other; else they are the next call's
	step    int     // of a kernel's own
}

// unpacked is 16 rows by up to 512 columns as the matrix kernels read them:
// bytes and float32 scales, whatever the weight type. Two of them, with the
// activations of a group, stay in the first-level cache.
type unpacked struct {
	q     [panelCols / 4][64]byte
	scale [panelCols / 16][Rows]float32
	mins  [panelCols / 32][Rows]uint32
	dmin  [panelCols / 256][Rows]float32
}

const panelCols = 512

// Numbers of the assembly kernels, in the order in which gen emits them: the
// matrix kernels of each variant for 1 and 2 blocks of rows and groups of 6,
// 4, 2 and 1 vectors, then two kernels for each weight kind.
const (
	variantG32 = iota
	variantG32f
	variantG32m
	variantG16
	variantG256
	variantG256m
	variantF16
	variantBF16
	variantF32
	variants
)

const unpackKernels = variants * 2 * 4

// byKind is set in the isa of a tier that multiplies one block of rows at a
// time and numbers its matrix kernels by weight kind, not by variant.
const byKind isa = 1 << 8

// blocks is the number of row blocks of a matrix kernel.
func (i isa) blocks() int {
	if i&byKind != 0 {
		return 1
	}
	return 2
}

func (i isa) gemm(f *format, panels, c int) int {
	size := [ActGroup + 1]int{6: 0, 4: 1, 2: 2, 1: 3}
	if i&byKind != 0 {
		return 4*f.kind + size[c]
	}
	return (2*f.variant()+panels-1)*4 + size[c]
}

func (i isa) unpack(kind int) int {
	if i&byKind != 0 {
		return 4*kinds + 2*kind
	}
	return unpackKernels + 2*kind
}

func (i isa) gemv(kind int) int { return i.unpack(kind) + 1 }

// variant finds the matrix kernel of a format.
func (f *format) variant() int {
	switch {
	case f.kind == kindF16:
		return variantF16
	case f.kind == kindBF16:
		return variantBF16
	case f.kind == kindF32:
		return variantF32
	case f.group == 16:
		return variantG16
	case f.group == 256 && f.mins == intMins:
		return variantG256m
	case f.group == 256:
		return variantG256
	case f.mins == intMins:
		return variantG32m
	case f.mins == floatMins:
		return variantG32f
	}
	return variantG32
}
