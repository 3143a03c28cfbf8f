package httpx

import (
	"context"
	"errors"
	"net/http"
	"sync"
)

type recordKey struct{}

// WithRecord names the record that requests with the context are about, such as an
// ODS code. Bad answers about one record open the breaker no sooner than one would
// (Options.Trip counts records), since the fault may be the record's. Before the
// breaker opens because of bad answers about records, the last GET about another that
// succeeded is sent again: if it still succeeds, the fault is the records'.
func WithRecord(ctx context.Context, record string) context.Context {
	return context.WithValue(ctx, recordKey{}, record)
}

// failing counts failures in a row: bad answers once for each record, and every
// failure without an answer, or without a record. A record that failed once counts
// again only after it has succeeded. It may be used concurrently.
type failing struct {
	mu       sync.Mutex
	byRecord int             // bad answers about records, in a row
	others   int             // other failures, in the same row
	records  map[string]bool // those that failed last time
	good     *http.Request   // the last GET about a record that succeeded; nil if there was none
	tripped  bool            // the breaker is to open

	probing sync.Mutex // held while one failure asks whether the system still answers
}

// maxFailing bounds the records that are remembered.
const maxFailing = 10_000

func (f *failing) note(req *http.Request, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	record, ok := req.Context().Value(recordKey{}).(string)
	switch {
	case !isServerFault(err):
		f.byRecord, f.others, f.tripped = 0, 0, false
		delete(f.records, record)
		if ok && err == nil && req.Method == http.MethodGet {
			f.good = req
		}
	case !ok || !isAnswered(err):
		f.others++
	case !f.records[record]:
		f.byRecord++
		if f.records == nil || len(f.records) >= maxFailing {
			f.records = make(map[string]bool)
		}
		f.records[record] = true
	}
}

// isTripped reports whether the breaker is to open.
func (f *failing) isTripped() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tripped
}

// isDue reports whether so many failed in a row that the breaker is to open, unless
// the request that it returns, if any, succeeds.
func (f *failing) isDue(trip int) (unless *http.Request, due bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.others < trip {
		unless = f.good
	}
	return unless, f.byRecord+f.others >= trip
}

// conclude opens the breaker if as many still failed in a row, or counts from the
// beginning because the system answers.
func (f *failing) conclude(trip int, answers bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if answers {
		f.byRecord, f.others = 0, 0
	}
	f.tripped = f.byRecord+f.others >= trip
}

// judge decides after a failure whether the breaker is to open.
func (c *Client) judge(ctx context.Context) {
	c.failing.probing.Lock()
	defer c.failing.probing.Unlock()
	if unless, due := c.failing.isDue(c.options.Trip); due {
		c.failing.conclude(c.options.Trip, unless != nil && c.answers(ctx, unless))
	}
}

// answers sends a request again, once, and reports whether the system answers it.
func (c *Client) answers(ctx context.Context, req *http.Request) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.options.Timeout)
	defer cancel()
	if c.limiter.Wait(ctx) != nil {
		return false
	}
	resp, err := c.send(ctx, req) //nolint:bodyclose // drain closes it
	if err == nil {
		drain(resp.Body)
	}
	return !isServerFault(err)
}

// isAnswered reports whether the server took the request: it answered, or left it
// without an answer until the timeout.
func isAnswered(err error) bool {
	_, answered := errors.AsType[*StatusError](err)
	return answered || errors.Is(err, context.DeadlineExceeded)
}
