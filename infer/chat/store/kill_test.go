package store

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// TestMain is also the child that is killed: it appends until then, and says
// what was acknowledged.
func TestMain(m *testing.M) {
	if path := os.Getenv("RUNNEL_STORE_CHILD"); path != "" {
		if err := appendForEver(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func appendForEver(path string) error {
	s, err := Open(path)
	if err != nil {
		return err
	}
	conv, err := s.New("tiny")
	var parent int64
	for i := 0; err == nil; i++ {
		m := user(fmt.Sprintf("message %d", i))
		var part int64
		if part, err = s.Partial(conv, parent, 0, user("mess")); err == nil {
			err, parent = s.Finish(conv, part, m), part
		}
		if err == nil {
			fmt.Printf("%d %d %d\n", conv, parent, i)
		}
	}
	return err
}

// TestKill kills writers at random moments; whatever they acknowledged is
// there afterwards. RUNNEL_KILLS is how many, if not a few.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.db")
	type said struct{ conv, id, i int64 }
	var acknowledged []said
	kills := 20
	if n := os.Getenv("RUNNEL_KILLS"); n != "" {
		var err error
		if kills, err = strconv.Atoi(n); err != nil {
			t.Fatal(err)
		}
	}
	for n := range kills {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), "RUNNEL_STORE_CHILD="+path)
		c.Stderr = os.Stderr
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		// From the start on, or, as a busy machine is long in starting, from
		// the first message on.
		kill := func() *time.Timer {
			return time.AfterFunc(time.Duration(rand.IntN(120))*time.Millisecond, func() { _ = c.Process.Kill() })
		}
		var timer *time.Timer
		if n%4 == 0 {
			timer = kill()
		}
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var a said
			if n, _ := fmt.Sscanf(lines.Text(), "%d %d %d", &a.conv, &a.id, &a.i); n == 3 {
				acknowledged = append(acknowledged, a)
			}
			if timer == nil {
				timer = kill()
			}
		}
		_ = c.Wait() // killed
		if timer != nil {
			timer.Stop()
		}
	}
	s := openAt(t, path)
	if s.Notice() != "" {
		t.Error(s.Notice())
	}
	kept := map[int64]map[int64]string{}
	for _, a := range acknowledged {
		if kept[a.conv] == nil {
			kept[a.conv] = map[int64]string{}
			for _, m := range must[[]Message](t)(s.Messages(a.conv)) {
				if !m.Partial {
					kept[a.conv][m.ID] = m.Content
				}
			}
		}
		if got, want := kept[a.conv][a.id], fmt.Sprintf("message %d", a.i); got != want {
			t.Fatalf("conversation %d, message %d: %q, want %q", a.conv, a.id, got, want)
		}
	}
	if len(acknowledged) == 0 {
		t.Fatal("nothing was acknowledged")
	}
	t.Logf("%d kills: %d messages of %d conversations were acknowledged, and none is missing", kills, len(acknowledged), len(kept))
}
