package matmul

import "unsafe"

// args is what every assembly kernel reads; each uses a part of it.
type args struct {
	dst   *float32       // first row of the first vector
	ldd   int            // bytes between vectors of dst
	w     unsafe.Pointer // packed units, or panels
	acts  unsafe.Pointer // blocks of a group of vectors
	sums  unsafe.Pointer // their sums of 256 columns
	n     int            // blocks of 64 columns, units, or columns of floats
	rows  int            // blocks of 16 rows
	first int            // not 0: dst holds nothing yet
	to    unsafe.Pointer // panel to unpack to, or the second block of floats
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

func gemmNumber(variant, panels, c int) int {
	size := [ActGroup + 1]int{6: 0, 4: 1, 2: 2, 1: 3}
	return (2*variant+panels-1)*4 + size[c]
}

func unpackNumber(kind int) int { return unpackKernels + 2*kind }
func gemvNumber(kind int) int   { return unpackKernels + 2*kind + 1 }

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
