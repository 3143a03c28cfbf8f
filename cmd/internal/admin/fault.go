package admin

import (
	"context"
	"errors"
	"log/slog"
	"sync"
)

// Fault is an error with one word for callers, whom nobody has asked who they are.
// The log has all of it.
type Fault struct {
	Word string
	Err  error
}

// Error returns the whole error.
func (f Fault) Error() string { return f.Err.Error() }

// Unwrap returns the underlying error.
func (f Fault) Unwrap() error { return f.Err }

// wordOf returns the word of the first Fault in an error.
func wordOf(err error) string {
	if fault := (Fault{}); errors.As(err, &fault) {
		return fault.Word
	}
	return "failed"
}

// told logs the state of a page when its word changes: probes ask every few
// seconds.
type told struct {
	page string
	log  *slog.Logger

	mutex sync.Mutex
	word  string // empty while all is well
}

func (t *told) tell(ctx context.Context, err error) {
	word := ""
	if err != nil {
		word = wordOf(err)
	}
	t.mutex.Lock()
	changed := word != t.word
	t.word = word
	t.mutex.Unlock()
	switch {
	case !changed:
	case err == nil:
		t.log.InfoContext(ctx, t.page+" answers ok again")
	default:
		t.log.WarnContext(ctx, t.page+" answers 503", slog.String("word", word), slog.Any("error", err))
	}
}
