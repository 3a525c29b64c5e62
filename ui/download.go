package ui

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"sync/atomic"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/config"
)

// Progress is how far a download is. Note says what is being done about what
// went wrong.
type Progress struct {
	File        string
	Done, Total int64
	Note        string
}

// download is a model on its way to this machine. The screen polls it.
type download struct {
	ref    string
	cancel context.CancelFunc
	begun  atomic.Bool // whoever leaves waits for the end then
	ended  chan struct{}

	mu sync.Mutex
	at Progress
}

// downloadedMsg ends a download.
type downloadedMsg struct {
	of   *download
	path string
	err  error
}

// reference is what can be downloaded: a repository of the hub, or an address.
var reference = regexp.MustCompile(`^(https?://\S+|[\w.-]+/[\w.-]+(:[\w.-]+)?)$`)

// pullHelp says what to type, in the picker.
const pullHelp = "To download one, type org/repo[:quant] of Hugging Face, or an address, and press Enter."

// pull downloads a model.
func (m *Model) pull(ref string) tea.Cmd {
	switch {
	case m.o.Pull == nil:
		m.hint = "nothing can be downloaded from here"
		return nil
	case m.loading != nil:
		m.hint = "still downloading " + m.loading.ref
		return nil
	case !reference.MatchString(ref):
		m.say("/pull needs what to download: org/repo[:quant] of Hugging Face, or an address.")
		return nil
	}
	ctx, cancel := context.WithCancel(m.ctx)
	d := &download{ref: ref, cancel: cancel, ended: make(chan struct{})}
	m.loading, m.view = d, viewChat
	get := m.o.Pull
	return tea.Batch(m.tick(), func() tea.Msg {
		d.begun.Store(true)
		defer close(d.ended)
		path, err := get(ctx, ref, func(p Progress) {
			d.mu.Lock()
			d.at = p
			d.mu.Unlock()
		})
		return downloadedMsg{d, path, err}
	})
}

func (m *Model) onDownloaded(msg downloadedMsg) tea.Cmd {
	msg.of.cancel()
	m.loading = nil
	switch {
	case errors.Is(msg.err, context.Canceled):
		m.say("The download of " + msg.of.ref + " is stopped. What came stays, and the next time goes on from there.")
	case msg.err != nil:
		m.fail(msg.err)
	case m.opening == nil && (m.engine == nil || m.guided() && m.answer == nil):
		m.say(msg.of.ref + " is here.")
		return m.openNamed(msg.path)
	default:
		m.say(msg.of.ref + " is here; " + m.way("model") + " opens it.")
	}
	return nil
}

// share is how much of it is here, in percent.
func (d *download) share() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.at.Total <= 0 {
		return 0
	}
	return int(min(100, d.at.Done*100/d.at.Total))
}

// words say how far it is.
func (d *download) words() string {
	share := d.share()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.at.Total <= 0 {
		return "downloading " + plain(d.ref+" "+d.at.Note) + " …"
	}
	text := fmt.Sprintf("downloading %s %d %%, %s of %s", plain(d.at.File), share, config.FormatSize(d.at.Done), config.FormatSize(d.at.Total))
	if d.at.Note != "" {
		text += ", " + plain(d.at.Note)
	}
	return text
}
