package pushjobs

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// How long one reading of a sink may take. Opening times go without it.
const (
	readTimeout        = pushTimeout / 2
	readTimeoutOfHours = 5 * time.Second
)

// readsBeforeServices is how often reading is tried before opening times go without the
// services that nobody stated and that were never sent: DoS closes them.
const readsBeforeServices = 3

// read reads the sink. If that fails, nothing is known about the push: unread says why.
// A sink that is configured not to be read is no failure.
func (b *pushWork) read(ctx context.Context, next intent) {
	b.shown, b.unread = nil, nil
	timeout := readTimeout
	if b.compose(next).Urgent {
		timeout = readTimeoutOfHours
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	shown, err := b.pusher.Sink.Show(ctx, b.known.Code(), b.known.Desired.Profile.Type())
	switch {
	case err == nil:
		b.shown = &shown
	case !errors.Is(err, push.ErrNotRead):
		b.unread = err
	}
}

// readBack finds out whether what was sent last arrived.
func (b *pushWork) readBack(ctx context.Context, next intent) {
	b.read(ctx, next)
	if b.shown == nil {
		return
	}
	b.answered = true
	b.sinkSequence = max(b.sinkSequence, b.shown.Sequence)
	b.known.Version = b.shown.Version
	if b.known.Unclear && b.known.HasArrived(b.route, next.stated, *b.shown) {
		b.known.Unclear, b.known.AcceptedHash = false, b.known.SentHash
		b.outcome.Attempt, b.outcome.Unclear, b.outcome.Version = push.AttemptSeen, false, b.shown.Version
		b.outcome.AcceptedHash, b.outcome.AcceptedSequence = b.known.SentHash, b.known.Sequence
	}
}

// waitsForReading reports whether the push waits until the sink can be read again. One
// with opening times that the sink is not known to have accepted does not: it goes as if
// the sink could not be read at all (reconcile/RULES.md "Reading back").
func (b *pushWork) waitsForReading(ctx context.Context, next intent) bool {
	switch {
	case b.unread == nil:
		return false
	case ctx.Err() != nil || b.conflict: // there is no time left, or the sink would contradict us again
		return true
	case b.leavesOutServices(next) && b.known.Failures < readsBeforeServices-1:
		return true
	}
	return !b.compose(next).Urgent
}

// leavesOutServices reports whether the push, unread, would say nothing of services, and
// the sink would take that as an answer.
func (b *pushWork) leavesOutServices(next intent) bool {
	const services = profile.FieldServices
	return slices.Contains(b.route.NotOmitted(next.stated), services) && !b.known.Sent.States(services)
}

// recordUnread records that nothing is sent now, since the sink cannot be read. That is
// no answer to the push: it neither stops it nor pauses its route.
func (b *pushWork) recordUnread() {
	e := asSinkError(b.pusher.Name, b.unread)
	b.answered = false
	b.outcome.Attempt, b.outcome.Status = push.AttemptUnread, e.Status
	b.outcome.Reason = "cannot read what " + string(b.pusher.Name) + " shows: " + e.Reason
	b.outcome.Failures++
	b.outcome.Wait = max(e.Wait, b.pusher.backoff(b.outcome.Failures))
}
