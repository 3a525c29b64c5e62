package token

// nearest returns the key of table that takes the fewest edits to reach from
// name, for error messages.
func nearest[V any](name string, table map[string]V) string {
	best, least := "", -1
	for candidate := range table {
		d := edits(name[:min(len(name), 64)], candidate)
		if least < 0 || d < least || d == least && candidate < best {
			best, least = candidate, d
		}
	}
	return best
}

// edits is the Levenshtein distance in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0]++
		for j := range len(b) {
			above := row[j+1]
			row[j+1] = min(above, row[j]) + 1
			if d := corner; a[i] == b[j] {
				row[j+1] = min(row[j+1], d)
			} else {
				row[j+1] = min(row[j+1], d+1)
			}
			corner = above
		}
	}
	return row[len(b)]
}
