package program

import (
	"errors"
	"strings"
	"sync"
)

// lines passes whole lines on, and keeps the last few for messages.
type lines struct {
	each func(string)

	mu   sync.Mutex
	part string
	kept []string
}

const keptLines = 5

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.part += string(p)
	for {
		line, rest, whole := strings.Cut(l.part, "\n")
		if !whole {
			return len(p), nil
		}
		l.part = rest
		l.kept = append(l.kept, line)
		l.kept = l.kept[max(0, len(l.kept)-keptLines):]
		if l.each != nil {
			l.each(line)
		}
	}
}

// last is what was said last.
func (l *lines) last() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.New(strings.Join(append(l.kept, l.part), "\n"))
}
