package ui

// panelMode says how the figures are shown.
type panelMode uint8

const (
	panelFull panelMode = iota // beside the chat where there is room, else a line
	panelLine
	panelOff
	panelModes
)

// panelModeOf reads the setting.
func panelModeOf(word string) panelMode {
	switch word {
	case "line":
		return panelLine
	case "off":
		return panelOff
	}
	return panelFull
}

// Sizes of the screen's parts.
const (
	sideWidth   = 34  // of the panel beside the chat, with its border
	sideFrom    = 100 // columns from which there is room for it
	statusFrom  = 30  // columns from which a line of figures makes sense
	hintRows    = 14  // rows from which the line of keys is shown
	maxText     = 110 // columns of text; longer lines are hard to read
	minChatRows = 3
)

// rect is a part of the screen, in cells.
type rect struct{ x, y, w, h int }

// layout is where everything goes.
type layout struct {
	chat     rect // the transcript, or the picker, or help
	panel    rect // beside it; empty when there is no room
	status   rect // one line of figures; empty when the panel is there
	composer rect // with its rule above
	hint     rect // one line of keys
}

// newLayout is a pure function of the screen's size, the wish for the panel
// and the lines that the composer would like to have.
func newLayout(w, h int, mode panelMode, wanted int) layout {
	w, h = max(1, w), max(1, h)
	var l layout
	left := w
	if mode == panelFull && w >= sideFrom && h >= 12 {
		l.panel = rect{w - sideWidth, 0, sideWidth, h}
		left = w - sideWidth
	}
	bottom := h
	if h >= hintRows {
		bottom--
		l.hint = rect{0, bottom, left, 1}
	}
	lines := max(1, min(wanted, (h-minChatRows)/2)) // the text itself
	rule := 1
	if h < 6 {
		rule = 0
	}
	bottom -= lines + rule
	if bottom < 0 {
		lines, rule, bottom = max(1, h-1), 0, max(0, h-max(1, h-1))
	}
	l.composer = rect{0, bottom, left, lines + rule}
	if mode != panelOff && l.panel.w == 0 && w >= statusFrom && bottom > minChatRows {
		bottom--
		l.status = rect{0, bottom, left, 1}
	}
	l.chat = rect{0, 0, left, bottom}
	return l
}

// textWidth is the width of the lines of a transcript.
func (l layout) textWidth() int { return max(4, min(l.chat.w-2, maxText)) }
