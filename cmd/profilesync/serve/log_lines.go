package serve

import (
	"bytes"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// lines writes lines in a goroutine of its own, so that a slow reader blocks no
// writer. If nobody reads, the newest lines are dropped and counted.
type lines struct {
	to      io.Writer
	waiting chan []byte
	lost    atomic.Int64
	written chan struct{} // closed when the last line is written

	mutex  sync.RWMutex
	closed bool
}

const (
	// maxBuffered is how many lines are buffered for a slow reader: some minutes
	// of a busy daemon.
	maxBuffered = 4096
	// closeTimeout is how long writing the remaining lines may take when the
	// daemon stops.
	closeTimeout = time.Second
)

func newLines(to io.Writer) *lines {
	l := &lines{to: to, waiting: make(chan []byte, maxBuffered), written: make(chan struct{})}
	go l.run()
	return l
}

// Write accepts one or more lines. It never fails.
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
		_, _ = l.to.Write(line) // there is nowhere to report a failure to log
		if lost := l.lost.Swap(0); lost > 0 {
			log.Warn("log lines were dropped: nobody was reading them", slog.Int64("lines", lost))
		}
	}
}

// Close waits up to closeTimeout for the remaining lines to be written.
func (l *lines) Close() error {
	l.mutex.Lock()
	if !l.closed {
		close(l.waiting)
	}
	l.closed = true
	l.mutex.Unlock()
	select {
	case <-l.written:
	case <-time.After(closeTimeout):
	}
	return nil
}
