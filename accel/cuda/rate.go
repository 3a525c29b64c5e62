package cuda

// copyBytes is what CopyRate copies at a time: far more than any cache.
const (
	copyBytes = 256 << 20
	copyTimes = 20
)

// CopyRate measures how many bytes a second the device's memory moves when it is
// copied, reads and writes together: decoding cannot be faster than that over
// the bytes of the weights. 0: there is no room to copy, or no device.
func (b *Backend) CopyRate() float64 {
	var buffers [2]uint64
	n := min(copyBytes, int(b.stats.free.Load())/4) &^ 15
	if n <= 0 || b.lost != nil {
		return 0
	}
	for i := range buffers {
		p, err := b.driver.Alloc(n)
		if err != nil {
			break
		}
		defer b.free(p)
		buffers[i] = p
	}
	if buffers[1] == 0 {
		return 0
	}
	var one [1]byte
	copies := func(times int) {
		for i := range times {
			b.launch("copyWords", [3]int{8 * b.driver.Units(), 1, 1}, threads, 0, buffers[i%2], buffers[1-i%2], uint64(n/16))
		}
		b.fromDevice(one[:], buffers[0])
	}
	copies(2)
	before := b.driver.Worked()
	copies(copyTimes)
	took := b.driver.Worked() - before
	if b.lost != nil || took <= 0 {
		return 0
	}
	return 2 * float64(n) * copyTimes / took.Seconds()
}
