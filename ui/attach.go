package ui

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/config"
)

// attachMost is how long an attached file may be: some 250 000 tokens, more
// than most contexts hold.
const attachMost = 1 << 20

// attachedMsg brings a file for the composer.
type attachedMsg struct {
	path, text string
	err        error
}

// attach reads a text file into a chip of the composer.
func (m *Model) attach(path string) tea.Cmd {
	if path == "" {
		m.write.set("/read ")
		return m.complete()
	}
	return func() tea.Msg {
		text, err := readText(path)
		return attachedMsg{path, text, err}
	}
}

func (m *Model) onAttached(msg attachedMsg) {
	if msg.err != nil {
		m.fail(msg.err)
		return
	}
	m.write.insert(m.write.chips.addFile(msg.path, msg.text) + " ")
}

// readText reads a whole text file.
func readText(path string) (string, error) {
	name := plain(path)
	info, err := os.Stat(fromHome(path))
	switch {
	case err != nil:
		return "", fmt.Errorf("%s cannot be read: %w", name, unwrapPath(err))
	case info.IsDir():
		return "", fmt.Errorf("%s is a folder; a text file can be attached", name)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is no file with a text", name) // a pipe would never end
	case info.Size() > attachMost:
		return "", fmt.Errorf("%s has %s; files of up to %s can be attached", name, config.FormatSize(info.Size()), config.FormatSize(attachMost))
	}
	f, err := os.Open(fromHome(path))
	if err != nil {
		return "", fmt.Errorf("%s cannot be read: %w", name, unwrapPath(err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, attachMost+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("%s cannot be read: %w", name, unwrapPath(err))
	case len(b) > attachMost:
		return "", fmt.Errorf("%s grows; files of up to %s can be attached", name, config.FormatSize(attachMost))
	case !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0:
		return "", fmt.Errorf("%s is no text in UTF-8; only texts can be attached", name)
	}
	text, _ := pasted(strings.TrimPrefix(string(b), "\ufeff"))
	return text, nil
}

// unwrapPath is an error without the path, which is named already.
func unwrapPath(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// fromHome puts the home folder in the place of a tilde.
func fromHome(path string) string {
	rest, ok := strings.CutPrefix(path, "~")
	if home, err := os.UserHomeDir(); ok && err == nil && (rest == "" || rest[0] == '/' || rest[0] == filepath.Separator) {
		return home + rest
	}
	return path
}

// fileBlock is a file as the model is told of it.
func fileBlock(path, text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return "File " + path + ":\n" + fence + "\n" + text + fence + "\n"
}

// mentions are the paths after an @ at the beginning of a word.
func mentions(text string) (paths []string) {
	for _, word := range strings.FieldsFunc(text, unicode.IsSpace) {
		if path, ok := strings.CutPrefix(word, "@"); ok && path != "" {
			paths = append(paths, path)
		}
	}
	return paths
}

// mentionedMsg is a text that is ready to be sent, with the files it names.
type mentionedMsg struct {
	text, full string
	err        error
}

// sendMentioning reads the files that a text names, and has it sent then. A
// word that names none is only a word.
func (m *Model) sendMentioning(text string, paths []string) tea.Cmd {
	return func() tea.Msg {
		full, seen := text, map[string]bool{}
		for _, path := range paths {
			info, err := os.Stat(fromHome(path))
			if err != nil || info.IsDir() || seen[path] {
				continue
			}
			seen[path] = true
			content, err := readText(path)
			if err != nil {
				return mentionedMsg{text: text, err: err}
			}
			full = strings.TrimRight(full, "\n") + "\n\n" + fileBlock(path, content)
		}
		return mentionedMsg{text, full, nil}
	}
}

func (m *Model) onMentioned(msg mentionedMsg) tea.Cmd {
	if msg.err != nil || m.notReady() {
		if msg.err != nil {
			m.fail(msg.err)
		}
		if m.write.empty() { // else the history has it
			m.write.set(msg.text)
		}
		return nil
	}
	return m.send(msg.full)
}
