package infer

import (
	"errors"
	"strings"
	"testing"
)

func TestStreamLosesNothingAndEndsOnce(t *testing.T) {
	const tokens = 10_000
	s := NewStream()
	go func() {
		for range tokens {
			s.Append([]byte("ab"), []byte("t"))
		}
		s.Finish(EndOfTurn, nil)
		s.Finish(Failed, errors.New("late"))
	}()
	var text, thinking strings.Builder
	n, ends := 0, 0
	for range s.Ready() {
		d := s.Take()
		text.WriteString(d.Text)
		thinking.WriteString(d.Thinking)
		n += d.Tokens
		if d.Done {
			ends++
			if d.Reason != EndOfTurn || d.Err != nil {
				t.Errorf("ended with %v, %v", d.Reason, d.Err)
			}
			break
		}
	}
	if d := s.Take(); d.Done {
		ends++
	}
	if ends != 1 {
		t.Errorf("Done was handed out %d times", ends)
	}
	if n != tokens || text.Len() != 2*tokens || thinking.Len() != tokens {
		t.Errorf("got %d tokens, %d and %d bytes", n, text.Len(), thinking.Len())
	}
}
