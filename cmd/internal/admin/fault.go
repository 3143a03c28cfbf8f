package admin

import (
	"context"
	"errors"
	"log/slog"
	"sync"
)

// FaultError is an error with one word for callers, who may be anybody. The log has
// all of it.
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

// pageLog logs the state of a page when its word changes: probes ask every few
// seconds.
type pageLog struct {
	page string
	log  *slog.Logger

	mutex sync.Mutex
	word  string // empty while all is well
}

func (l *pageLog) record(ctx context.Context, err error) {
	word := ""
	if err != nil {
		word = wordOf(err)
	}
	l.mutex.Lock()
	changed := word != l.word
	l.word = word
	l.mutex.Unlock()
	switch {
	case !changed:
	case err == nil:
		l.log.InfoContext(ctx, "a page answers ok again", slog.String("page", l.page))
	default:
		l.log.WarnContext(ctx, "a page answers 503", slog.String("page", l.page), slog.String("word", word), slog.Any("error", err))
	}
}
