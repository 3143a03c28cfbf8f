package screen

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// Screen is what a person sees: finished lines and, on a terminal, one line below
// them that says what is being done and for how long. Goroutines may share it.
type Screen struct {
	mu    sync.Mutex
	out   io.Writer
	live  bool
	doing string
	since time.Time
	now   func() time.Time
}

// New returns a Screen on a writer.
func New(out io.Writer) *Screen {
	file, ok := out.(*os.File)
	return &Screen{out: out, live: ok && term.IsTerminal(int(file.Fd())), now: time.Now}
}

// Linef prints a finished line.
func (s *Screen) Linef(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	_, _ = fmt.Fprintf(s.out, format+"\n", args...)
	s.draw()
}

// Say prints text of any length, indented and broken into lines of readable width.
func (s *Screen) Say(text string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if len(line)+len(word) > width {
			s.Linef("  %s", line)
			line = ""
		}
		line += " " + word
	}
	s.Linef("  %s", line)
}

const width = 94

// Do says what is being done from now on; nothing if empty.
func (s *Screen) Do(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	s.doing, s.since = what, s.now()
	s.draw()
}

// Note says more exactly what is being done, without restarting the seconds. It
// takes a line of profilesync's standard error; one that does not end in " ..."
// is ignored.
func (s *Screen) Note(line string) {
	what, isStage := strings.CutSuffix(line, " ...")
	if !isStage {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doing = what
	s.draw()
}

// Tick keeps the seconds running until the returned function is called.
func (s *Screen) Tick() (stop func()) {
	done, ticker := make(chan struct{}), time.NewTicker(100*time.Millisecond)
	go func() {
		for {
			select {
			case <-ticker.C:
				s.mu.Lock()
				s.draw()
				s.mu.Unlock()
			case <-done:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(done)
		s.Do("")
	}
}

// draw writes the line below, and wipe removes it. Both need the lock.
func (s *Screen) draw() {
	if s.live && s.doing != "" {
		_, _ = fmt.Fprintf(s.out, "\r\x1b[K   %s ... %.1f s", s.doing, s.now().Sub(s.since).Seconds())
	}
}

func (s *Screen) wipe() {
	if s.live && s.doing != "" {
		_, _ = io.WriteString(s.out, "\r\x1b[K")
	}
}

// Number formats a count with thousands separators: 27,500.
func Number(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", Number(n/1000), n%1000)
}

// Count formats a number and its noun, with an s for the plural.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Number(n) + " " + noun + "s"
}

// ShortPath is a path relative to the working directory, if that is shorter.
func ShortPath(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if near, err := filepath.Rel(here, path); err == nil && len(near) < len(path) && !strings.HasPrefix(near, "..") {
		return near
	}
	return path
}
