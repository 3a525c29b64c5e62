package infer

import (
	"errors"
	"runtime"

	"github.com/runnel-chat/runnel/accel/cuda"
	"github.com/runnel-chat/runnel/infer/chat"
	"github.com/runnel-chat/runnel/infer/model"
	"github.com/runnel-chat/runnel/infer/sample"
	"github.com/runnel-chat/runnel/prefetch"
)

// Errors of the engine; test with errors.Is.
var (
	// ErrUnsupported marks a sound file that this engine cannot run.
	ErrUnsupported = model.ErrUnsupported
	// ErrDoesNotFit marks a model, or a conversation, too large for the budget.
	ErrDoesNotFit = prefetch.ErrDoesNotFit
	// ErrBusy ends the stream of a request made while another one runs.
	ErrBusy = errors.New("infer: the engine is answering another request")
	// ErrClosed ends the stream of a request made after Close.
	ErrClosed = errors.New("infer: the engine is closed")
	// ErrPromptTooLong ends a stream whose prompt leaves no room to answer.
	ErrPromptTooLong = errors.New("infer: the prompt does not fit the context")
	// ErrEmptyPrompt ends a stream whose prompt has no tokens.
	ErrEmptyPrompt = errors.New("infer: the prompt is empty")
)

// Options says how to open a model. The zero value is a good default.
type Options struct {
	Context int    // positions; 0: as many as the model was trained for
	Threads int    // workers; 0: one a core
	Memory  int64  // budget in bytes for weights, KV cache and scratch; 0: what the machine has
	KV      string // "f16" (default), "f32" or "q8_0"
	GPU     string // "auto", "off" or a number of layers

	// Speculate says whether tokens that the text so far suggests are
	// computed ahead and kept when they come true: "auto" (where weights
	// stream), "on" or "off". What is written is the same.
	Speculate string

	// Cache is a folder for what was measured of the machine; "": nothing is
	// kept, and disks are measured at every start that needs it.
	Cache string

	// For tests: the size of tiles and the memory for weights alone, for
	// models too small to stream, a source put before the files, and a device.
	tiles, weights int64
	source         func(prefetch.Source) prefetch.Source
	device         func() (cuda.Driver, error) // in place of cuda.Open
}

func (o Options) threads() int {
	if o.Threads > 0 {
		return o.Threads
	}
	return runtime.NumCPU()
}

// Request says how to answer.
type Request struct {
	Sample    sample.Options
	MaxTokens int            // 0: until the model ends its turn or the context is full
	Stop      []string       // strings that end the answer, not part of it; thinking may hold them
	Tools     []chat.Tool    // that the model may ask for; a call is text of the answer
	LeaveOut  bool           // the oldest messages may be left out where all do not fit; Delta.LeftOut says so
	Extra     map[string]any // further template variables, e.g. enable_thinking
}

// Info holds what does not change while an engine is open.
type Info struct {
	Path           string
	Name           string // general.name, or the file's
	Arch           string
	Params         int64
	Quant          string // label of the quantisation, e.g. "Q4_K_M"
	FileBytes      int64
	ContextTrain   int
	Context        int
	Layers         int
	Vocab          int
	Template       string // name of the chat template in use
	TemplateNotice string // why a built-in template stands in, when one does
}
