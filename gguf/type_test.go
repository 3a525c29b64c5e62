package gguf_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/gguf/refs"
)

func TestTypeNames(t *testing.T) {
	valid := 0
	for typ := range gguf.Type(100) {
		back, ok := gguf.ParseType(typ.String())
		if ok != typ.Valid() || ok && back != typ {
			t.Errorf("%d is %s is %v, %v", uint32(typ), typ, back, ok)
		}
		if typ.Valid() {
			valid++
		}
	}
	if valid != 35 {
		t.Errorf("%d types, want 35", valid)
	}
	for typ, want := range map[gguf.Type]string{4: "Q4_2", 33: "Q4_0_8_8", 38: "IQ4_NL_8_8", 43: "type 43", math.MaxUint32: "type 4294967295"} {
		if typ.String() != want || typ.Valid() {
			t.Errorf("%d is %s, valid %v; want %s", uint32(typ), typ, typ.Valid(), want)
		}
	}
	if typ, ok := gguf.ParseType("q4_k"); !ok || typ != gguf.Q4_K {
		t.Errorf("q4_k is %v, %v", typ, ok)
	}
}

func TestTypeBytes(t *testing.T) {
	for _, c := range []struct {
		typ  gguf.Type
		n    int64
		want int64
		ok   bool
	}{
		{gguf.F32, 3, 12, true},
		{gguf.Q4_0, 0, 0, true},
		{gguf.Q4_0, 64, 36, true},
		{gguf.Q4_0, 63, 0, false},
		{gguf.Q4_0, -32, 0, false},
		{gguf.Q4_K, 4096, 16 * 144, true},
		{gguf.I8, math.MaxInt64, math.MaxInt64, true},
		{gguf.F32, math.MaxInt64, 0, false},
		{gguf.F64, math.MaxInt64/8 + 1, 0, false},
		{4, 32, 0, false},
		{1000, 32, 0, false},
	} {
		if got, ok := c.typ.Bytes(c.n); got != c.want || ok != c.ok {
			t.Errorf("%d values of %s: %d, %v; want %d, %v", c.n, c.typ, got, ok, c.want, c.ok)
		}
	}
}

// The geometry agrees with an implementation that wrote such blocks.
func TestTypeGeometryMatchesReferences(t *testing.T) {
	raw, err := os.ReadFile(refs.Dir(t, "quant", "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Types map[string]struct {
			ID     gguf.Type `json:"type_id"`
			Values int       `json:"block_size"`
			Bytes  int       `json:"block_bytes"`
		}
	}
	if err := json.Unmarshal(raw, &index); err != nil {
		t.Fatal(err)
	}
	for name, want := range index.Types {
		values, bytes := want.ID.Block()
		if want.ID.String() != name || values != want.Values || bytes != want.Bytes {
			t.Errorf("%d is %s of %d values in %d bytes; want %s, %d, %d", want.ID, want.ID, values, bytes, name, want.Values, want.Bytes)
		}
	}
}
