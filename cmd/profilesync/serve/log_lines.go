package serve

import (
	"bytes"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// lines are written by a goroutine of their own: whoever writes one never waits
// for whoever reads them. Where nobody does, the newest are lost and counted.
type lines struct {
	to      io.Writer
	waiting chan []byte
	lost    atomic.Int64
	written chan struct{} // closed when the last is

	mutex  sync.RWMutex
	closed bool
}

const (
	// linesAhead is how many lines wait for a reader: some minutes of a busy daemon.
	linesAhead = 4096
	// linesWithin is how long the last of them may take when the daemon stops.
	linesWithin = time.Second
)

func newLines(to io.Writer) *lines {
	l := &lines{to: to, waiting: make(chan []byte, linesAhead), written: make(chan struct{})}
	go l.run()
	return l
}

// Write takes one line, or several. It never fails.
func (l *lines) Write(p []byte) (int, error) {
	l.mutex.RLock()
	defer l.mutex.RUnlock()
	if l.closed {
		return l.to.Write(p)
	}
	select {
	case l.waiting <- bytes.Clone(p):
	default:
		l.lost.Add(1)
	}
	return len(p), nil
}

func (l *lines) run() {
	defer close(l.written)
	log := slog.New(slog.NewJSONHandler(l.to, nil))
	for line := range l.waiting {
		_, _ = l.to.Write(line) // there is nowhere to say that it cannot be said
		if lost := l.lost.Swap(0); lost > 0 {
			log.Warn("lines of this log are lost: nobody read it for a while", slog.Int64("lines", lost))
		}
	}
}

// Close waits a while for the last lines to be written.
func (l *lines) Close() error {
	l.mutex.Lock()
	if !l.closed {
		close(l.waiting)
	}
	l.closed = true
	l.mutex.Unlock()
	select {
	case <-l.written:
	case <-time.After(linesWithin):
	}
	return nil
}
