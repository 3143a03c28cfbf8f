package pgproxy

import (
	"slices"
	"sync"
)

// Fault is a requested fault. It happens when its moment comes.
type Fault struct {
	due    func(*turn) bool
	strike func() (swallow bool)

	mu             sync.Mutex
	left, happened int
}

// Happened returns how often the fault has happened so far.
func (f *Fault) Happened() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.happened
}

// take reports whether the fault must happen at this turn.
func (f *Fault) take(t *turn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left == 0 || !f.due(t) {
		return false
	}
	f.left--
	return true
}

// turn is what the server has done when it reports that it is ready again: a
// statement, or all of a batch.
type turn struct {
	statements  []string
	transaction []string // all statements that its transaction ran, including those of this turn
	failed      bool
	rolledBack  bool
	committed   bool
}

func (t *turn) did(statement string) bool { return slices.Contains(t.statements, statement) }
func (t *turn) ran(statement string) bool { return slices.Contains(t.transaction, statement) }
