package actions

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/profilesync/profilesync/jobs/runjobs"
)

// previewsAtOnce is how many plans and previews of undos there may be at a time: each has a
// session of the database of its own.
const previewsAtOnce = 2

// Previews bounds the plans and the previews of undos of all callers of a daemon.
type Previews struct {
	places   *semaphore.Weighted
	patience time.Duration
}

// NewPreviews returns the bound of a daemon. Each waits so long for its turn, and then for
// the lock of its source.
func NewPreviews(patience time.Duration) *Previews {
	return &Previews{semaphore.NewWeighted(previewsAtOnce), patience}
}

// preview makes a plan, or the preview of an undo, when it is its turn. A command waits as
// long as it takes.
func (a *Actions) preview(ctx context.Context, r *runjobs.Runs, do func(*runjobs.Runs) error) error {
	if a.Previews == nil {
		return do(r)
	}
	waiting, cancel := context.WithTimeout(ctx, a.Previews.patience)
	defer cancel()
	if err := a.Previews.places.Acquire(waiting, 1); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &Error{Kind: Busy, Text: "others are planning at this moment: ask again", Err: err}
	}
	defer a.Previews.places.Release(1)
	r.Patience = a.Previews.patience
	return do(r)
}
