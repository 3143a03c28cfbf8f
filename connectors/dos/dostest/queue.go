package dostest

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"
)

// message is a change event in the queue.
type message struct {
	call
	due time.Time // in real time
}

// queue processes messages one by one, in the order of arrival, so that it also keeps
// the order within a code, as the real one guarantees.
type queue struct {
	delay time.Duration
	work  func(message)

	mu          sync.Mutex
	waiting     []message
	working     bool          // run is active, or timer will start it
	idle        chan struct{} // closed when the queue is empty
	ignoreDelay bool          // due times are ignored until the queue is empty
	timer       *time.Timer   // for the first message; nil: none is set
}

func newQueue(delay time.Duration, work func(message)) *queue {
	return &queue{delay: delay, work: work}
}

func (q *queue) put(c call) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, message{call: c, due: time.Now().Add(q.delay)})
	if !q.working {
		q.working, q.idle = true, make(chan struct{})
		go q.run()
	}
}

func (q *queue) run() {
	for {
		m, due := q.take()
		if !due {
			return
		}
		q.work(m)
	}
}

// take returns the next message, or false if none is due yet; then the timer runs the
// queue again.
func (q *queue) take() (message, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.timer = nil
	if len(q.waiting) == 0 {
		q.working, q.ignoreDelay, q.waiting = false, false, nil
		close(q.idle)
		return message{}, false
	}
	first := q.waiting[0]
	if wait := time.Until(first.due); wait > 0 && !q.ignoreDelay {
		q.timer = time.AfterFunc(wait, q.run)
		return message{}, false
	}
	q.waiting[0] = message{} // releases the body
	q.waiting = q.waiting[1:]
	return first, true
}

func (q *queue) awaitEmpty(ctx context.Context) error {
	q.mu.Lock()
	idle, working := q.idle, q.working
	q.mu.Unlock()
	if !working {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (q *queue) drain(ctx context.Context) error {
	q.mu.Lock()
	if q.working {
		q.ignoreDelay = true
	}
	if q.timer != nil && q.timer.Stop() { // otherwise it has fired already, and run sees ignoreDelay
		q.timer = nil
		go q.run()
	}
	q.mu.Unlock()
	return q.awaitEmpty(ctx)
}

// dedupWindow is how long a queue of this kind remembers a body.
const dedupWindow = 5 * time.Minute

// deduplicator drops the same events as the real queue: those whose body was accepted
// for the same group, the ODS code, less than five minutes ago. Headers do not count
// (CONTRACT.md "Sequence numbers and copies").
type deduplicator struct {
	mu    sync.Mutex
	taken map[bodyOf]time.Time
	order []bodyOf // oldest first
}

type bodyOf struct {
	code string
	sum  [sha256.Size]byte
}

func newDeduplicator() *deduplicator { return &deduplicator{taken: make(map[bodyOf]time.Time)} }

// first reports whether the body is new; a repeated one does not restart the five
// minutes.
func (d *deduplicator) first(code string, body []byte, now time.Time) bool {
	key := bodyOf{code, sha256.Sum256(body)}
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.order) > 0 && now.Sub(d.taken[d.order[0]]) >= dedupWindow {
		delete(d.taken, d.order[0])
		d.order = d.order[1:]
	}
	if at, known := d.taken[key]; known && now.Sub(at) < dedupWindow {
		return false
	}
	d.taken[key] = now
	d.order = append(d.order, key)
	return true
}
