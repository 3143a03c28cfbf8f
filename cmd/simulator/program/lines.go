package program

import (
	"errors"
	"strings"
	"sync"
)

// lineWriter passes on whole lines, and keeps the last few for messages.
type lineWriter struct {
	onLine func(string)

	mu   sync.Mutex
	part string
	kept []string
}

// linesKept is how many lines a message quotes.
const linesKept = 5

func (l *lineWriter) Write(p []byte) (int, error) {
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
		l.kept = l.kept[max(0, len(l.kept)-linesKept):]
		if l.onLine != nil {
			l.onLine(line)
		}
	}
}

// last is an error that quotes the last lines.
func (l *lineWriter) last() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.New(strings.Join(append(l.kept, l.part), "\n"))
}
