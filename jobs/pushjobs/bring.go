package pushjobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// bringing is the work on one push: read back what is unclear, compose, number,
// send; and again where the sink shows something else than we thought.
type bringing struct {
	p     *Pusher
	route push.Route
	was   push.Push
	out   push.Outcome

	shown    *push.Shown // read back in this round; nil before
	conflict bool        // the sink contradicted us: what we know of it is out of date
	above    int64       // the sink's own sequence number
	answered bool
}

// rounds is how often a push is planned again when the sink contradicts us.
const rounds = 3

// bring works the push to its end for now. An error is the store's.
func (b *bringing) bring(ctx context.Context) error {
	for range rounds {
		if done, err := b.round(ctx); done || err != nil {
			return err
		}
	}
	b.out.Wait = b.p.backoff(b.out.Failures)
	return nil
}

// round is one try; when it is not done, it is to be tried again.
func (b *bringing) round(ctx context.Context) (done bool, err error) {
	own := b.was.Wish.Own(b.route)
	hash := b.was.Wish.Hash(b.route, own)
	if b.was.Unclear || b.conflict {
		if err := b.readBack(ctx); err != nil {
			return b.failed(err, false), nil
		}
	}
	if !b.was.Unclear && !b.was.Forced && b.was.Accepted == hash {
		b.out.State, b.out.Unclear, b.out.Failures, b.out.Reason = push.Accepted, false, 0, ""
		return true, nil
	}
	if again := b.was.Unclear && b.was.SentOwn == hash && !b.conflict; !again {
		if err := b.fill(ctx, &own); err != nil {
			return b.failed(err, false), nil
		}
		if err := b.number(ctx, own, hash); err != nil {
			return false, err
		}
	}
	return b.send(ctx, hash), nil
}

// send sends what was staged, once.
func (b *bringing) send(ctx context.Context, hash profile.Hash) (done bool) {
	delivery, began := b.delivery(), time.Now()
	receipt, err := b.p.Sink.Push(ctx, delivery)
	b.out.Took = time.Since(began)
	if err != nil {
		return b.failed(err, true)
	}
	b.accepted(hash, receipt)
	return true
}

// readBack finds out whether the sink took what was sent last. A sink that
// cannot be read gets the same once more, under the same number.
func (b *bringing) readBack(ctx context.Context) error {
	shown, err := b.p.Sink.Show(ctx, b.was.Code(), b.was.Wish.Profile.Type())
	if errors.Is(err, push.ErrUnreadable) {
		return nil
	}
	if err != nil {
		return err
	}
	b.shown, b.answered = &shown, true
	b.above = max(b.above, shown.Sequence)
	b.was.Version = shown.Version
	if b.was.Unclear && b.was.Took(b.route, shown) {
		b.was.Unclear, b.was.Accepted = false, b.was.SentOwn
		b.out.Attempt, b.out.Unclear, b.out.Version = push.AttemptSeen, false, shown.Version
		b.out.Accepted, b.out.AcceptedSequence = b.was.SentOwn, b.was.Sequence
	}
	return nil
}

// number gives what is to be sent its number, before it is sent.
func (b *bringing) number(ctx context.Context, values profile.Values, hash profile.Hash) error {
	number, err := b.p.stages.do(ctx, push.Staged{
		Code: b.was.Code(), Job: b.was.Job, Last: b.was.Sequence, Above: b.above, Sent: values, Own: hash,
	})
	if err == nil && number == 0 {
		err = errNotOurs
	}
	if err != nil {
		return err
	}
	b.was.Sent, b.was.SentOwn, b.was.Sequence = values, hash, number
	return nil
}

// delivery is what was staged last.
func (b *bringing) delivery() push.Delivery {
	b.out.Sequence = b.was.Sequence
	return push.Delivery{
		Code: b.was.Code(), Type: b.was.Wish.Profile.Type(), Edited: b.was.Wish.EditedIn(b.route), Version: b.was.Version,
		Values: b.was.Sent, Sequence: b.was.Sequence, Key: idempotencyKey(b.p.Name, b.was.Code(), b.was.Sequence),
	}
}

// fill states what the push does not speak of by itself as the sink shows it. A
// sink that knows entity tags shows what we last sent: else it contradicts us.
func (b *bringing) fill(ctx context.Context, values *profile.Values) error {
	leaves := b.route.NotStated(*values)
	if len(leaves) == 0 {
		return nil
	}
	if b.shown == nil && !b.route.Tagged {
		shown, err := b.p.Sink.Show(ctx, b.was.Code(), b.was.Wish.Profile.Type())
		if err != nil && !errors.Is(err, push.ErrUnreadable) {
			return err
		}
		b.shown = &shown
	}
	values.Keep(leaves, b.was.Sent)
	if b.shown != nil {
		values.Keep(leaves, b.shown.Values)
	}
	return nil
}

func (b *bringing) accepted(hash profile.Hash, receipt push.Receipt) {
	b.answered = true
	b.out.State, b.out.Attempt, b.out.Status = push.Accepted, push.AttemptAccepted, receipt.Status
	if receipt.Unchanged {
		b.out.Attempt = push.AttemptUnchanged
	}
	b.out.Accepted, b.out.AcceptedSequence, b.out.Version = hash, b.out.Sequence, receipt.Version
	b.out.Unclear, b.out.Failures, b.out.Reason = false, 0, ""
	b.out.Lag = time.Since(b.was.Wanted)
}

// failed records why a push did not come through, and reports whether that is
// all for now.
func (b *bringing) failed(err error, sent bool) bool {
	e := refusal(b.p.Name, err)
	b.out.Attempt, b.out.Status, b.out.Reason = string(e.Answer), e.Status, e.Reason
	// The last word counts: a sink that can be read may still refuse our key for pushes.
	b.answered = e.Answer == push.AnswerRefused || e.Answer == push.AnswerConflict || e.Answer == push.AnswerLater
	b.out.Failures++
	switch e.Answer {
	case push.AnswerConflict:
		b.conflict, b.above = true, max(b.above, e.Sequence)
		return false
	case push.AnswerRefused:
		b.out.State = push.Refused
	case push.AnswerUnauthorized, push.AnswerDown:
		b.out.Failures = b.was.Failures
	case push.AnswerUnclear:
		b.out.Unclear = b.out.Unclear || sent
		b.out.Wait = max(e.Wait, b.p.backoff(b.out.Failures))
	case push.AnswerLater:
		b.out.Wait = max(e.Wait, b.p.backoff(b.out.Failures))
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
