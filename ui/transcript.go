package ui

// transcript is the conversation on the screen. Its place is kept as the first
// item shown and the lines of it that are above the edge, so only what is
// visible is ever rendered, however long the conversation is.
type transcript struct {
	items  []*item
	w, h   int
	theme  *theme
	first  int  // item at the top
	skip   int  // of its lines, above the edge
	follow bool // the end stays in sight
}

func (t *transcript) SetSize(w, h int)     { t.w, t.h = w, h }
func (t *transcript) setTheme(th *theme)   { t.theme = th }
func (t *transcript) lines(i int) []string { return t.items[i].Render(t.w, t.theme) }

func (t *transcript) add(it *item) {
	t.items = append(t.items, it)
}

func (t *transcript) clear() { t.items, t.first, t.skip, t.follow = nil, 0, 0, true }

// Render returns at most h lines.
func (t *transcript) Render() []string {
	if t.h <= 0 || len(t.items) == 0 {
		return nil
	}
	if t.follow {
		t.toEnd()
	}
	t.first = min(t.first, len(t.items)-1)
	out := make([]string, 0, t.h)
	for i, skip := t.first, t.skip; i < len(t.items) && len(out) < t.h; i, skip = i+1, 0 {
		lines := t.lines(i)
		lines = lines[min(skip, len(lines)):]
		out = append(out, lines[:min(len(lines), t.h-len(out))]...)
	}
	return out
}

// toEnd puts the last line at the bottom edge.
func (t *transcript) toEnd() {
	room := t.h
	for i := len(t.items) - 1; i >= 0; i-- {
		n := len(t.lines(i))
		if n >= room {
			t.first, t.skip = i, n-room
			return
		}
		room -= n
	}
	t.first, t.skip = 0, 0
}

// scroll moves by n lines, up if negative; at the end it follows again.
func (t *transcript) scroll(n int) {
	if len(t.items) == 0 {
		return
	}
	if t.follow {
		t.toEnd()
	}
	t.follow = false
	t.skip += n
	for t.skip < 0 && t.first > 0 {
		t.first--
		t.skip += len(t.lines(t.first))
	}
	t.skip = max(t.skip, 0)
	for t.first < len(t.items)-1 && t.skip >= len(t.lines(t.first)) {
		t.skip -= len(t.lines(t.first))
		t.first++
	}
	t.follow = t.atEnd()
}

// atEnd tells whether nothing lies below the bottom edge.
func (t *transcript) atEnd() bool {
	room := t.h + t.skip
	for i := t.first; i < len(t.items); i++ {
		if room -= len(t.lines(i)); room < 0 {
			return false
		}
	}
	return true
}

func (t *transcript) home() { t.first, t.skip, t.follow = 0, 0, len(t.items) == 0 || t.atEnd() }
func (t *transcript) end()  { t.follow = true }

// show brings an item into sight.
func (t *transcript) show(i int) {
	t.follow = false
	room := t.h
	if i < t.first || i == t.first && t.skip > 0 {
		t.first, t.skip = i, 0
		return
	}
	for j := t.first; j <= i; j++ {
		room -= len(t.lines(j))
	}
	if t.skip+room < 0 {
		t.first, t.skip = i, 0
		// As much of what is before it as fits.
		for left := t.h - len(t.lines(i)); left > 0 && t.first > 0; {
			n := len(t.lines(t.first - 1))
			t.first--
			if t.skip = max(0, n-left); t.skip > 0 {
				break
			}
			left -= n
		}
	}
}
