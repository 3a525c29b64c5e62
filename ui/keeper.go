package ui

import (
	"maps"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/infer/chat"
	"github.com/runnel-chat/runnel/infer/chat/store"
)

// keeper writes to the store, one job after the other.
type keeper struct {
	*queue
	store Store

	// The rest belongs to the jobs.
	conv     int64 // 0: not begun
	leaf     int64
	settings map[string]string // as they are stored
	deleted  int64             // the conversation deleted last
	at       map[*item]stored
	below    map[int64][]int64 // the children of each message, 0 for the first ones
	chosen   map[int64]int64   // of them, the one that was on the screen last
}

// stored is where an item is in the store.
type stored struct {
	id, parent int64
	final      bool
}

// turn is an item as it was when the job was given.
type turn struct {
	it    *item
	msg   chat.Message
	final bool
}

func newKeeper(s Store) *keeper {
	return &keeper{queue: newQueue(), store: s, at: map[*item]stored{}, below: map[int64][]int64{}, chosen: map[int64]int64{}}
}

// do queues a job; the command waits for what it has to say.
func (k *keeper) do(job func() tea.Msg) tea.Cmd { return await(k.submit(job)) }

// submit queues a job and returns where its result comes.
func (k *keeper) submit(job func() tea.Msg) <-chan tea.Msg {
	result := make(chan tea.Msg, 1)
	k.add(func() { result <- job() })
	return result
}

// await is the command that waits for a result, if there is to be one.
func await(result <-chan tea.Msg) tea.Cmd {
	if result == nil {
		return nil
	}
	return func() tea.Msg { return <-result }
}

// save stores what of a conversation is not stored yet. A message whose
// predecessor is another one than before becomes a new branch. What fails is
// tried again by the next save.
func (k *keeper) save(model string, turns []turn) (err error) {
	if k.conv == 0 {
		if k.conv, err = k.store.New(model); err != nil {
			return err
		}
	}
	var parent int64
	for _, t := range turns {
		s, known := k.at[t.it]
		known = known && s.parent == parent
		if !known || !s.final {
			if !known {
				s = stored{parent: parent}
			}
			switch {
			case !t.final:
				s.id, err = k.store.Partial(k.conv, parent, s.id, t.msg)
			case s.id != 0:
				err = k.store.Finish(k.conv, s.id, t.msg)
			default:
				s.id, err = k.store.Append(k.conv, parent, t.msg)
			}
			if err != nil {
				return err
			}
			if s.final = t.final; !known {
				k.below[parent] = append(k.below[parent], s.id)
			}
			k.at[t.it], k.leaf = s, s.id
		}
		k.chosen[parent] = s.id
		parent = s.id
	}
	if parent != 0 && k.leaf != parent {
		if err := k.store.Rewind(parent); err != nil {
			return err
		}
		k.leaf = parent
	}
	return nil
}

// saveSettings stores what was set for the conversation, if it has begun.
func (k *keeper) saveSettings(settings map[string]string) error {
	if k.conv == 0 || maps.Equal(k.settings, settings) {
		return nil
	}
	err := k.store.SetSettings(k.conv, settings)
	if err == nil {
		k.settings = settings
	}
	return err
}

// begin makes a stored conversation, or with 0 a new one, the current one.
func (k *keeper) begin(conv int64, items []*item, msgs []store.Message) error {
	k.conv, k.leaf, k.at = conv, 0, map[*item]stored{}
	k.below, k.chosen = map[int64][]int64{}, map[int64]int64{}
	k.know(items, msgs)
	if conv == 0 {
		return nil
	}
	below, err := k.store.Branches(conv)
	if err == nil {
		k.below = below
	}
	return err
}

// know takes items for messages that are stored already.
func (k *keeper) know(items []*item, msgs []store.Message) {
	for i, m := range msgs {
		// What a crash left unfinished stays as it is.
		k.at[items[i]] = stored{m.ID, m.Parent, true}
		k.leaf, k.chosen[m.Parent] = m.ID, m.ID
	}
}
