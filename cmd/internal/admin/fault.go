package admin

import (
	"context"
	"errors"
	"log/slog"
	"sync"
)

// FaultError is an error with one word for callers, whom nobody has asked who they are.
// The log has all of it.
type FaultError struct {
	Word string
	Err  error
}

// Error returns the whole error.
func (f FaultError) Error() string { return f.Err.Error() }

// Unwrap returns the underlying error.
func (f FaultError) Unwrap() error { return f.Err }

// wordOf returns the word of the first FaultError in an error.
func wordOf(err error) string {
	if fault := (FaultError{}); errors.As(err, &fault) {
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
		t.log.InfoContext(ctx, "a page answers ok again", slog.String("page", t.page))
	default:
		t.log.WarnContext(ctx, "a page answers 503", slog.String("page", t.page), slog.String("word", word), slog.Any("error", err))
	}
}
