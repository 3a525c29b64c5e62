package ui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/infer"
)

// view says what fills the place of the transcript.
type view uint8

const (
	viewChat view = iota
	viewPicker
	viewHelp
	viewPalette
	viewSessions
	viewHistory
)

// Model is the whole chat: what is on the screen and what it talks to.
type Model struct {
	ctx  context.Context
	o    Options
	cfg  config.Config
	now  func() time.Time
	keys *Keys

	w, h     int
	theme    *theme
	mode     panelMode
	view     view
	talk     transcript
	write    composer
	pick     picker
	first    bool   // nobody has chosen a model yet, nor named one
	needle   string // what was looked for last
	palette  palette
	sessions sessions
	recall   recall
	offer    completion
	panel    panel
	place    layout
	hint     string // an answer to the last key, until the next one
	scroll   int    // of the help
	picked   int    // the selected item, -1 for none
	inside   *item  // the first one inside of the context, nil: all are
	editing  *item  // the message that the composer's text replaces

	engine     Engine
	opened     string            // the model, as it was named
	openedWith config.Config     // the settings then
	changed    map[string]string // settings of this conversation; never written to in place

	opening *opening  // a model being opened
	loading *download // a model that is being downloaded
	answer  *answer   // an answer being made
	draft   draft
	ticking bool
	keeper  *keeper // nil: nothing is kept
	kept    time.Time
	unkept  bool      // the last try to keep failed
	quitAt  time.Time // when Ctrl-C asks for a second one
}

// New returns the chat before its first frame.
func New(ctx context.Context, o Options) *Model {
	m := &Model{ctx: ctx, o: o, cfg: o.Config, now: o.Now, write: newComposer(), picked: -1}
	if m.now == nil {
		m.now = time.Now
	}
	if m.keys = o.Keys; m.keys == nil {
		m.keys, _ = ParseKeys(nil) // the built-in ones agree: a test
	}
	m.write.area.KeyMap = m.keys.editing()
	m.setTheme(o.Config.Theme != "light")
	m.pick.pulls = o.Pull != nil
	m.mode = panelModeOf(o.Config.Panel)
	m.talk.follow = true
	m.write.area.Placeholder = "Write a message"
	m.panel.phase = "no model"
	if o.Config.System != "" {
		m.talk.add(newItem("system", o.Config.System))
	}
	if o.Store != nil {
		m.keeper = newKeeper(o.Store)
	}
	if o.Notice != "" {
		m.say(o.Notice)
	}
	m.resize(80, 24)
	return m
}

// Init opens the model that was named, or looks for models.
func (m *Model) Init() tea.Cmd {
	cmds := []tea.Cmd{}
	if m.cfg.Theme == "auto" {
		cmds = append(cmds, tea.RequestBackgroundColor)
	}
	if m.keeper != nil && m.o.Continue {
		// The settings of the conversation first: the model is opened with them.
		return tea.Batch(append(cmds, tea.Sequence(m.resume(0), func() tea.Msg { return startMsg{} }))...)
	}
	return tea.Batch(append(cmds, m.start())...)
}

// startMsg asks for the model.
type startMsg struct{}

func (m *Model) start() tea.Cmd {
	if m.o.Model != "" {
		return m.openNamed(m.o.Model)
	}
	m.first = true
	return m.showPicker()
}

// Update hands each event to the method named after it.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.resize(msg.Width, msg.Height)
	case tea.KeyPressMsg:
		cmd = m.onKey(msg)
	case tea.PasteMsg:
		cmd = m.onPaste(msg)
	case tea.MouseWheelMsg:
		m.onWheel(msg)
	case tea.BackgroundColorMsg:
		m.setTheme(msg.IsDark())
	case startMsg:
		cmd = m.start()
	case modelsMsg:
		cmd = m.onModels(msg)
	case remotesMsg:
		m.pick.setRemotes(msg.models)
	case openedMsg:
		cmd = m.onOpened(msg)
	case deltaMsg:
		cmd = m.onDelta(msg)
	case endedMsg:
		cmd = m.onEnded(msg)
	case resizedMsg:
		m.onResized(msg)
	case downloadedMsg:
		cmd = m.onDownloaded(msg)
	case savedMsg:
		m.onSaved(msg)
	case toldMsg:
		m.onTold(msg)
	case resumedMsg:
		cmd = m.onResumed(msg)
	case flippedMsg:
		cmd = m.onFlipped(msg)
	case sessionsMsg:
		m.onSessions(msg)
	case foundMsg:
		m.onFound(msg)
	case attachedMsg:
		m.onAttached(msg)
	case mentionedMsg:
		cmd = m.onMentioned(msg)
	case filesMsg:
		cmd = m.onFiles(msg)
	case askedMsg:
		m.onAsked(msg)
	case editedMsg:
		m.onEdited(msg)
	case tickMsg:
		cmd = m.onTick()
	case pausedMsg:
		cmd = m.onPaused(msg)
	case pricedMsg:
		m.onPriced(msg)
	case readMsg:
		m.onRead(msg)
	}
	m.arrange()
	if typed := m.typed(); typed != nil {
		cmd = tea.Batch(cmd, typed)
	}
	return m, cmd
}

func (m *Model) setTheme(dark bool) {
	m.theme = newTheme(dark)
	m.talk.setTheme(m.theme)
	m.pick.theme, m.panel.theme = m.theme, m.theme
}

// resize lays the screen out anew.
func (m *Model) resize(w, h int) {
	m.w, m.h = max(1, w), max(1, h)
	m.arrange()
}

// arrange gives every pane its place; the composer's height decides.
func (m *Model) arrange() {
	l := newLayout(m.w, m.h, m.mode, 1)
	m.write.SetSize(l.composer.w, max(1, (m.h-minChatRows)/2))
	m.place = newLayout(m.w, m.h, m.mode, m.write.lines())
	m.talk.SetSize(m.place.textWidth(), m.place.chat.h)
	m.pick.SetSize(min(m.place.chat.w, maxText), m.place.chat.h)
	m.panel.SetSize(m.place.panel.w, m.place.panel.h)
}

func (m *Model) onPaste(msg tea.PasteMsg) tea.Cmd {
	if m.listing() {
		l := m.list()
		return l.narrow(l.filter + oneLine(msg.Content))
	}
	m.write.paste(msg.Content)
	return m.complete()
}

func (m *Model) onWheel(msg tea.MouseWheelMsg) {
	n := 3
	if msg.Button == tea.MouseWheelUp {
		n = -3
	}
	switch {
	case m.listing():
		m.list().move(n / 3)
	case m.view == viewHelp:
		m.scroll = max(0, m.scroll+n)
	default:
		m.talk.scroll(n)
	}
}

// say adds a line of the program to the transcript.
func (m *Model) say(text string) { m.talk.add(newItem(roleNotice, text)) }

// fail adds an error, as one plain line.
func (m *Model) fail(err error) { m.talk.add(newItem(roleError, oneLine(err.Error()))) }

// busy tells whether something goes on that the figures follow.
func (m *Model) busy() bool {
	_, loading := m.panel.meter.loading()
	return m.answer != nil || m.loading != nil || m.engine != nil && loading
}

// tickMsg asks for a look at the engine.
type tickMsg struct{}

// tickEvery is how often the figures move while something goes on. Nothing
// ticks while the program is idle.
const tickEvery = 250 * time.Millisecond

func (m *Model) tick() tea.Cmd {
	if m.ticking {
		return nil
	}
	m.ticking = true
	return tea.Tick(tickEvery, func(time.Time) tea.Msg { return tickMsg{} })
}

func (m *Model) onTick() tea.Cmd {
	m.ticking = false
	m.look()
	if m.busy() {
		return tea.Batch(m.tick(), m.keepPartial())
	}
	m.panel.meter.rest()
	return nil
}

// look polls the engine.
func (m *Model) look() {
	if m.engine == nil {
		return
	}
	s := m.engine.Stats()
	m.panel.meter.look(s, processTime())
	m.panel.layers = m.panel.layers[:0]
	if e, ok := m.engine.(Weighty); ok && s.Cache.StreamedBytes > 0 {
		m.panel.layers = e.WeightMap(m.panel.layers)
	}
	m.panel.phase = phaseWords(s.Phase)
}

func phaseWords(p infer.Phase) string {
	switch p {
	case infer.Prefill:
		return "reading"
	case infer.Decode:
		return "writing"
	}
	return "ready"
}

// close stops what is going on and closes the engine; the program has ended.
func (m *Model) close() error {
	if m.keeper != nil {
		m.keep()
		m.keeper.close()
	}
	if m.answer != nil {
		m.answer.cancel()
	}
	if m.loading != nil {
		m.loading.cancel()
		if m.loading.begun.Load() {
			<-m.loading.ended
		}
	}
	if m.opening != nil {
		m.opening.cancel()
		if e := <-m.opening.late; e != nil {
			_ = e.Close() // it was never shown
		}
	}
	if m.engine != nil {
		return m.engine.Close()
	}
	return nil
}
