package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/profilesync/profilesync/reconcile"
)

// mostTries is how often a letter is tried; what fails more often is refused.
const mostTries = 12

// failed decides what becomes of a letter that was not accepted, or perhaps was.
func (r *round) failed(ctx context.Context, post reconcile.Post, err error) error {
	failure, ok := errors.AsType[*reconcile.MailError](err)
	if !ok {
		failure = &reconcile.MailError{Answer: reconcile.MailUnclear, Err: err}
	}
	s := post.Settle(reconcile.PostDue)
	s.Reason, s.Wait = failure.Reason, failure.Wait
	switch failure.Answer {
	case reconcile.MailRefused:
		s.State = reconcile.PostRefused
	case reconcile.MailNobody:
		s.State, s.Dead = reconcile.PostRefused, post.Account
	case reconcile.MailPause, reconcile.MailAlert:
		s.Untried = true
		if err := r.pauseFor(ctx, failure); err != nil {
			return err
		}
	case reconcile.MailUnclear:
		if r.Mailer.Lookup() {
			return r.leave(post) // claimed: looked up when the service knows
		}
		s.State = reconcile.PostUnclear
	case reconcile.MailRetry:
		if s.Wait == 0 {
			s.Wait = retryAfter << min(post.Try, 6)
		}
		if post.Try >= mostTries {
			s.State = reconcile.PostRefused
		}
	}
	return r.settle(ctx, post, s)
}

const (
	// retryAfter is the first wait after a failed try, doubled with each.
	retryAfter = 15 * time.Second
	// alertPause is how long nothing is tried when our key, clock or template is
	// wrong.
	alertPause = 10 * time.Minute
)

func (r *round) leave(post reconcile.Post) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unsettled = true
	r.Observe(post.Kind, reconcile.PostUnclear)
	return nil
}

// pauseFor keeps all letters back when an error says that the mail service takes
// nothing.
func (r *round) pauseFor(ctx context.Context, err error) error {
	failure, ok := errors.AsType[*reconcile.MailError](err)
	if !ok || failure.Answer != reconcile.MailPause && failure.Answer != reconcile.MailAlert {
		return nil
	}
	wait := failure.Wait
	if wait == 0 {
		wait = alertPause
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	return r.box.Pause(ctx, wait, failure.Error())
}
