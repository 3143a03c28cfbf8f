package pushjobs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// pushWork is the work on one push: read back what is unclear, compose, number,
// send; and start again if the sink contradicts us.
type pushWork struct {
	pusher  *Pusher
	route   push.Route
	known   push.Push
	outcome push.Outcome

	refused []push.LeftOut // stated values that the sink refused by an answer, now or before

	shown        *push.Shown // what was read in this attempt; nil before
	unread       error       // why the sink cannot be read now; nil if it was read, or need not be
	conflict     bool        // the sink contradicted us: what we know about it is out of date
	sinkSequence int64       // the sink's own sequence number
	answered     bool
}

// maxAttempts is how often a push is planned when the sink keeps contradicting
// us.
const maxAttempts = 3

// work takes the push as far as it can go now. An error comes from the store.
func (b *pushWork) work(ctx context.Context) error {
	for tries := 0; tries < maxAttempts; {
		refused := len(b.refused)
		if done, err := b.attempt(ctx); done || err != nil {
			return err
		}
		if len(b.refused) == refused { // otherwise there is less to refuse
			tries++
		}
	}
	b.outcome.Wait = b.pusher.backoff(b.outcome.Failures)
	return nil
}

// intent is what an attempt wants the sink to show.
type intent struct {
	stated profile.Values
	hash   profile.Hash
}

// attempt is one attempt; done is false if another should follow.
func (b *pushWork) attempt(ctx context.Context) (done bool, err error) {
	next, refusal := b.intend()
	if b.known.Unclear || b.conflict || b.known.Restored && !b.isAccepted(next) {
		b.readBack(ctx, next)
	}
	if refusal != nil {
		return b.recordFailure(refusal, false), nil
	}
	if b.isAccepted(next) {
		b.outcome.State, b.outcome.Unclear, b.outcome.Failures, b.outcome.Reason = push.Accepted, false, 0, ""
		return true, nil
	}
	if b.wasPushedBefore(next) {
		b.recordSeen(next.hash)
		return true, nil
	}
	if b.isReadFirst(next) {
		b.read(ctx, next)
	}
	if b.waitsForReading(ctx, next) {
		b.recordUnread()
		return true, nil
	}
	if b.isSentAgain(next) {
		return b.send(ctx, next), nil
	}
	return b.sendNew(ctx, next)
}

// isReadFirst reports whether the push needs to know what the sink shows, and has not asked.
func (b *pushWork) isReadFirst(next intent) bool {
	return b.shown == nil && b.unread == nil && !b.isSentAgain(next) && b.known.NeedsReading(b.route, next.stated)
}

// isAccepted reports whether the sink has accepted all of it before.
func (b *pushWork) isAccepted(next intent) bool {
	return !b.known.Unclear && !b.known.Forced && b.known.AcceptedHash == next.hash
}

// isSentAgain reports whether what was sent last is sent once more, under its number. It
// is not if somebody changed meanwhile what the push filled in, nor after a restore: the
// sink may have been sent a higher number since.
func (b *pushWork) isSentAgain(next intent) bool {
	return b.known.Unclear && !b.known.Restored && b.known.SentHash == next.hash && !b.conflict && b.fillsTheSame(next)
}

// fillsTheSame reports whether what was sent last still leaves alone what nobody stated,
// as far as the sink can be read.
func (b *pushWork) fillsTheSame(next intent) bool {
	if b.shown == nil {
		return true
	}
	composed := b.compose(next)
	return len(composed.Overwrites) == 0 && composed.Values == b.known.Sent
}

// wasPushedBefore reports whether the sink shows all of it, brought by a push of which the
// restored database knows nothing.
func (b *pushWork) wasPushedBefore(next intent) bool {
	return b.known.Restored && b.shown != nil && b.compose(next).AllShown
}

// sendNew composes what is stated, gives it a number and sends it, unless it must wait.
func (b *pushWork) sendNew(ctx context.Context, next intent) (done bool, err error) {
	composed := b.compose(next)
	if b.mustWait(composed, next.hash) {
		return true, nil
	}
	if err := b.assignNumber(ctx, composed, next.hash); err != nil {
		return false, err
	}
	return b.send(ctx, next), nil
}

// preview is what an attempt would do, stopped before the number.
func (b *pushWork) preview(ctx context.Context) push.Preview {
	p := push.Preview{Route: b.route, State: push.Wanted}
	next, err := b.intend()
	if b.readBack(ctx, next); b.unread != nil {
		p.Unread = asSinkError(b.pusher.Name, b.unread).Reason
	}
	if !b.known.Unclear && !b.known.NeedsReading(b.route, next.stated) {
		b.unread = nil // the push would not read
	}
	p.Push, p.LeftOut, p.Shown = b.known, b.outcome.LeftOut, b.shown
	if err != nil {
		p.State, p.Reason = push.Refused, asSinkError(b.pusher.Name, err).Reason
		return p
	}
	p.Composition = b.compose(next)
	switch {
	case b.known.Held:
		p.State = push.Held
	case b.isAccepted(next), b.wasPushedBefore(next):
		p.State = push.Accepted
	case b.waitsForReading(ctx, next):
		b.recordUnread()
		p.Later, p.Reason = true, b.outcome.Reason
	case b.isSentAgain(next):
		p.Delivery = b.delivery(next)
		return p
	case b.mustWait(p.Composition, next.hash):
		p.State, p.Reason = b.outcome.State, b.outcome.Reason
	}
	b.known.Sent, b.known.Sequence = p.Composition.Values, 0
	p.Delivery = b.delivery(next)
	return p
}

// send sends what was staged once.
func (b *pushWork) send(ctx context.Context, next intent) (done bool) {
	delivery, began := b.delivery(next), time.Now()
	b.outcome.Sequence = delivery.Sequence
	receipt, err := b.pusher.Sink.Push(ctx, delivery)
	b.outcome.Duration = time.Since(began)
	if err != nil {
		if b.leaveRefused(next, err) {
			return false
		}
		return b.recordFailure(err, true)
	}
	b.recordAcceptance(next.hash, receipt)
	return true
}

// intend returns what the push states, without what the sink does not take.
func (b *pushWork) intend() (intent, error) {
	b.known.Desired.LeftOut = nil
	stated := b.known.Desired.Stated(b.route)
	left, err := b.notTaken(stated)
	if err != nil {
		return intent{}, err
	}
	b.outcome.LeftOut, b.known.Desired.LeftOut = push.StillLeftOut(b.known.LeftOut, left, time.Now()), push.FieldsLeftOut(left)
	stated = b.known.Desired.Stated(b.route)
	return intent{stated, b.known.Desired.Hash(b.route, stated)}, nil
}

// notTaken returns which of the values the sink does not take, as far as we know.
func (b *pushWork) notTaken(v profile.Values) ([]push.LeftOut, error) {
	left, err := b.pusher.Sink.Check(b.deliveryOf(v))
	left = append(left, b.route.NotWithdrawn(v)...)
	for _, refused := range b.refused {
		if refused.Refuses(v) {
			left = append(left, refused)
		}
	}
	return left, err
}

// leaveRefused reports whether the sink refused fields by name that the push states: it
// is then sent at once without them. Each of them is refused once.
func (b *pushWork) leaveRefused(next intent, err error) bool {
	e := asSinkError(b.pusher.Name, err)
	if e.Answer != push.AnswerRefused {
		return false
	}
	some, others := false, []string(nil)
	for _, f := range e.Fields {
		if !next.stated.States(f.Field) {
			others = append(others, f.Field.String())
			continue
		}
		f.Refused = push.HashOfValue(next.stated.Get(f.Field))
		b.refused, some, b.answered = append(b.refused, f), true, true
	}
	if !some && len(others) > 0 { // it refuses what it shows itself
		e.Reason += "; nobody stated " + strings.Join(others, ", ") + ": what the sink shows there was sent back"
	}
	return some
}

// assignNumber stages what will be sent and assigns its number.
func (b *pushWork) assignNumber(ctx context.Context, c push.Composition, hash profile.Hash) error {
	number, err := b.pusher.numbers.do(ctx, push.Staged{
		Code: b.known.Code(), Job: b.known.Job, Last: b.known.Sequence, Above: b.sinkSequence, Sent: c.Values, Hash: hash,
		Overwrites: c.Overwrites, SetHolidays: c.SetHolidays,
	})
	if err == nil && number == 0 {
		err = errNotOurs
	}
	if err != nil {
		return err
	}
	b.known.Sent, b.known.SentHash, b.known.Sequence, b.known.Desired.SetHolidays = c.Values, hash, number, c.SetHolidays
	b.outcome.Overwrites = append(b.outcome.Overwrites, c.Overwrites...)
	return nil
}

// delivery returns what was staged last. Fields that are not stated were filled.
func (b *pushWork) delivery(next intent) push.Delivery {
	d := b.deliveryOf(b.known.Sent)
	d.Filled = slices.DeleteFunc(b.route.NotStated(next.stated), func(f profile.Field) bool { return !b.known.Sent.States(f) })
	if d.Sequence = b.known.Sequence; d.Sequence > 0 {
		d.Key = idempotencyKey(b.pusher.Name, d.Code, d.Sequence)
	}
	return d
}

// deliveryOf returns a delivery of values that has no number yet.
func (b *pushWork) deliveryOf(values profile.Values) push.Delivery {
	desired := b.known.Desired
	return push.Delivery{
		Code: b.known.Code(), Type: desired.Profile.Type(), Edited: desired.EditedIn(b.route), Version: b.known.Version, Values: values,
	}
}

// compose decides what is sent. A sink with entity tags that shows nothing yet gets what
// we sent last, with the bank holidays of today, but for what the sink does not take.
func (b *pushWork) compose(next intent) push.Composition {
	own, known := next.stated, b.known
	left, _ := b.notTaken(known.Sent) // a refusal as a whole was found before
	for _, l := range left {
		known.Sent.Forget(l.Field)
	}
	if b.route.HasEntityTags && known.Version == "" {
		for _, f := range b.route.NotStated(own) {
			if f != profile.FieldDatedOpeningTimes || !known.Desired.SetsHolidays(b.route) {
				own.Keep([]profile.Field{f}, known.Sent)
			}
		}
	}
	return known.Compose(b.route, own, b.shown)
}

// mustWait records that nothing is sent now, if that is so: the push would overwrite
// what nobody stated, and no person has said yes. If the sink shows all that is stated,
// there is nothing to wait for.
func (b *pushWork) mustWait(c push.Composition, hash profile.Hash) bool {
	if len(c.Overwrites) == 0 || c.Urgent || b.known.Overwrite {
		return false
	}
	b.outcome.Failures = 0
	if c.AllShown && !b.known.Unclear { // what was sent before may still arrive
		b.outcome.State, b.outcome.Attempt, b.outcome.Unclear, b.outcome.Reason = push.Accepted, push.AttemptSeen, false, ""
		b.outcome.AcceptedHash, b.outcome.AcceptedSequence, b.outcome.Version = hash, b.known.Sequence, b.known.Version
		return true
	}
	b.outcome.State, b.outcome.Reason = push.Waits, b.known.WhyWaits(b.route, c, b.shown)
	return true
}

// recordSeen records that the sink shows all of it.
func (b *pushWork) recordSeen(hash profile.Hash) {
	b.outcome.State, b.outcome.Attempt, b.outcome.Reason = push.Accepted, push.AttemptSeen, ""
	b.outcome.Unclear, b.outcome.Failures = false, 0
	b.outcome.AcceptedHash, b.outcome.AcceptedSequence = hash, max(b.known.Sequence, b.shown.Sequence)
	b.outcome.Version = b.shown.Version
}

func (b *pushWork) recordAcceptance(hash profile.Hash, receipt push.Receipt) {
	b.answered = true
	b.outcome.State, b.outcome.Attempt, b.outcome.Status = push.Accepted, push.AttemptAccepted, receipt.Status
	if receipt.Unchanged {
		b.outcome.Attempt = push.AttemptUnchanged
	}
	b.outcome.AcceptedHash, b.outcome.AcceptedSequence, b.outcome.Version = hash, b.outcome.Sequence, receipt.Version
	b.outcome.Unclear, b.outcome.Failures, b.outcome.Reason = false, 0, ""
	b.outcome.Lag = time.Since(b.known.Wanted)
}

// recordFailure records why a push failed, and reports whether the work is done
// for now.
func (b *pushWork) recordFailure(err error, sent bool) bool {
	e := asSinkError(b.pusher.Name, err)
	b.outcome.Attempt, b.outcome.Status, b.outcome.Reason = string(e.Answer), e.Status, e.Reason
	// The last answer counts: a sink that can be read may still refuse our key
	// for pushes.
	b.answered = e.Answer == push.AnswerRefused || e.Answer == push.AnswerConflict || e.Answer == push.AnswerLater
	b.outcome.Failures++
	switch e.Answer {
	case push.AnswerConflict:
		b.conflict, b.sinkSequence = true, max(b.sinkSequence, e.Sequence)
		return false
	case push.AnswerRefused:
		b.outcome.State = push.Refused
	case push.AnswerUnauthorized, push.AnswerDown:
		b.outcome.Failures = b.known.Failures
	case push.AnswerUnclear:
		b.outcome.Unclear = b.outcome.Unclear || sent
		b.outcome.Wait = max(e.Wait, b.pusher.backoff(b.outcome.Failures))
	case push.AnswerLater:
		b.outcome.Wait = max(e.Wait, b.pusher.backoff(b.outcome.Failures))
	}
	return true
}

// pushKeys is the namespace of idempotency keys.
var pushKeys = uuid.MustParse("7d3f5f0e-3d0c-4f4e-9b57-6a1f0c1f2a10")

// idempotencyKey is the same for every attempt at (profile, sink, number), in
// every process.
func idempotencyKey(sink push.Sink, code profile.ODSCode, number int64) string {
	return uuid.NewSHA1(pushKeys, fmt.Appendf(nil, "%s/%s/%d", sink, code, number)).String()
}
