package httpx

import (
	"context"
	"errors"
	"sync"
)

type recordKey struct{}

// WithRecord names the record that requests with the context are about, such as an
// ODS code. Bad answers about one record open the breaker no sooner than one would
// (Options.Trip counts records), since the fault may be the record's.
func WithRecord(ctx context.Context, record string) context.Context {
	return context.WithValue(ctx, recordKey{}, record)
}

// failing counts failures in a row: bad answers once for each record, and every
// failure without an answer, or without a record. A record that failed once counts
// again only after it has succeeded. It may be used concurrently.
type failing struct {
	mu      sync.Mutex
	inRow   int
	records map[string]bool // those that failed last time
}

// maxFailing bounds the records that are remembered.
const maxFailing = 10_000

func (f *failing) note(ctx context.Context, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	record, ok := ctx.Value(recordKey{}).(string)
	switch {
	case !isServerFault(err):
		f.inRow = 0
		delete(f.records, record)
	case !ok || !isAnswered(err):
		f.inRow++
	case !f.records[record]:
		f.inRow++
		if f.records == nil || len(f.records) >= maxFailing {
			f.records = make(map[string]bool)
		}
		f.records[record] = true
	}
}

func (f *failing) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.inRow
}

// isAnswered reports whether the server took the request: it answered, or left it
// without an answer until the timeout.
func isAnswered(err error) bool {
	_, answered := errors.AsType[*StatusError](err)
	return answered || errors.Is(err, context.DeadlineExceeded)
}
