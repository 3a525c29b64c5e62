package cuda

import (
	"slices"
	"unsafe"

	"github.com/runnel-chat/runnel/accel"
)

// mirror is memory that the host and the device have a copy of each. Bytes in
// newerHost are newer on the host, those in newerDevice on the device, the
// others are the same; one of the two is always empty.
type mirror struct {
	host    []byte
	device  uint64 // 0: there was no room
	version uint64 // grows with every change

	newerHost, newerDevice span
	hosted                 bool // the last operation that wrote it ran on the host
}

// span is a run of bytes [from, to).
type span struct{ from, to int }

func (s span) empty() bool           { return s.from >= s.to }
func (s span) intersect(t span) span { return span{max(s.from, t.from), min(s.to, t.to)} }

// hull covers both.
func (s span) hull(t span) span {
	switch {
	case s.empty():
		return t
	case t.empty():
		return s
	}
	return span{min(s.from, t.from), max(s.to, t.to)}
}

// without is what is left of s: a part before t and a part after it.
func (s span) without(t span) (before, after span) {
	return span{s.from, min(s.to, t.from)}, span{max(s.from, t.to), s.to}
}

func (m *mirror) all() span { return span{0, len(m.host)} }

// asBytes views the values of a tensor as bytes.
func asBytes(x []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// find returns the mirror that a tensor of Alloc is a part of, and which part.
func (b *Backend) find(x accel.Tensor) (*mirror, span) {
	raw := asBytes(x.Data)
	at := address(raw)
	i, found := slices.BinarySearchFunc(b.tensors, at, func(m *mirror, at uintptr) int {
		return int(address(m.host)) - int(at)
	})
	if !found {
		i--
	}
	if i < 0 || at+uintptr(len(raw)) > address(b.tensors[i].host)+uintptr(len(b.tensors[i].host)) {
		panic("cuda: a tensor that Alloc did not make")
	}
	m := b.tensors[i]
	from := int(at - address(m.host))
	return m, span{from, from + len(raw)}
}

func (b *Backend) upload(m *mirror, s span) {
	if s.empty() || b.lost != nil {
		return
	}
	b.flushHost()
	b.toDevice(m.device+uint64(s.from), m.host[s.from:s.to])
}

func (b *Backend) download(m *mirror, s span) {
	if s.empty() || b.lost != nil {
		return
	}
	b.flushHost() // what is queued may still read the older bytes
	b.fromDevice(m.host[s.from:s.to], m.device+uint64(s.from))
}

// onDevice makes a part of m current on the device.
func (b *Backend) onDevice(m *mirror, part span) uint64 {
	if !m.newerHost.intersect(part).empty() {
		b.upload(m, m.newerHost)
		m.newerHost = span{}
	}
	return m.device + uint64(part.from)
}

// deviceWrites notes that the device writes all of a part of m.
func (b *Backend) deviceWrites(m *mirror, part span) uint64 {
	before, after := m.newerHost.without(part)
	b.upload(m, before)
	b.upload(m, after)
	m.newerHost, m.newerDevice = span{}, m.newerDevice.hull(part)
	m.hosted = false
	m.version++
	return m.device + uint64(part.from)
}

// onHost makes a part of m current on the host.
func (b *Backend) onHost(m *mirror, part span) {
	part = m.newerDevice.intersect(part)
	if part.empty() {
		return
	}
	b.download(m, part)
	switch before, after := m.newerDevice.without(part); {
	case before.empty():
		m.newerDevice = after
	case after.empty():
		m.newerDevice = before
	}
}

// hostWrites notes that the host writes all of a part of m, now or before.
func (b *Backend) hostWrites(m *mirror, part span) {
	before, after := m.newerDevice.without(part)
	b.download(m, before)
	b.download(m, after)
	m.newerDevice, m.newerHost = span{}, m.newerHost.hull(part)
	m.version++
}

// The same for tensors. read makes x current on the device; write says that
// all of it is about to be written there; change does both.
func (b *Backend) read(x accel.Tensor) uint64 { return b.onDevice(b.find(x)) }

func (b *Backend) write(x accel.Tensor) uint64 { return b.deviceWrites(b.find(x)) }

func (b *Backend) change(x accel.Tensor) uint64 {
	b.read(x)
	return b.write(x)
}

// atHome tells whether an operation on these tensors belongs on the host: all
// of them were last written there. It makes them current there.
func (b *Backend) atHome(tensors ...accel.Tensor) bool {
	if b.lost != nil {
		return true
	}
	for _, x := range tensors {
		if m, _ := b.find(x); !m.hosted {
			return false
		}
	}
	b.bring(tensors...)
	return true
}

// bring makes tensors current on the host.
func (b *Backend) bring(tensors ...accel.Tensor) {
	if b.lost != nil {
		return
	}
	for _, x := range tensors {
		m, part := b.find(x)
		b.onHost(m, part)
	}
}

// wrote notes what an operation wrote on the host.
func (b *Backend) wrote(tensors ...accel.Tensor) {
	b.queued = true
	if b.lost != nil {
		return
	}
	for _, x := range tensors {
		m, part := b.find(x)
		b.hostWrites(m, part)
		m.hosted = true
	}
}
