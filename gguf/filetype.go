package gguf

import "strings"

// fileTypes are the names of the mixes of tensor types, by the number that
// general.file_type gives them. "K_M" and the like are mixes: most tensors
// have the type the name starts with, the more sensitive ones a larger.
var fileTypes = [...]string{
	0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1",
	10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M",
	16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S",
	22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M",
	28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0",
	37: "TQ2_0", 38: "MXFP4", 39: "NVFP4", 40: "Q1_0", 41: "Q2_0",
}

// FileTypeName is the name of a value of general.file_type, as in "Q4_K_M".
func FileTypeName(n uint64) (name string, ok bool) {
	if n >= uint64(len(fileTypes)) {
		return "", false
	}
	return fileTypes[n], fileTypes[n] != ""
}

// FileTypeByName is the reverse of FileTypeName, in any case.
func FileTypeByName(name string) (n uint64, ok bool) {
	for i, s := range fileTypes {
		if s != "" && strings.EqualFold(s, name) {
			return uint64(i), true
		}
	}
	return 0, false
}

// Quantization names the mix of types in the file: what general.file_type
// says, else the type that takes the most bytes; "" without tensors.
func (f *File) Quantization() string {
	if n, err := f.Uint("general.file_type", 0, uint64(len(fileTypes)-1)); err == nil {
		if name, ok := FileTypeName(n); ok {
			return name
		}
	}
	bytes := map[Type]int64{}
	var most Type
	for _, t := range f.Tensors {
		bytes[t.Type] += t.Len
		if bytes[t.Type] > bytes[most] {
			most = t.Type
		}
	}
	if len(f.Tensors) == 0 {
		return ""
	}
	return most.String()
}
