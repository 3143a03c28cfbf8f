package peoplejobs

import (
	"context"
	"errors"
	"time"

	"github.com/profilesync/profilesync/reconcile/people"
)

// maxTries is how often a letter is tried; after that it is refused.
const maxTries = 12

// failed records the outcome of a letter after an error: it was not accepted, or
// it is unclear whether it was.
func (r *sendRound) failed(ctx context.Context, due people.DueLetter, err error) error {
	failure, ok := errors.AsType[*people.MailError](err)
	if !ok {
		failure = &people.MailError{Answer: people.MailUnclear, Err: err}
	}
	s := due.Outcome(people.LetterIsDue)
	s.Reason, s.Wait = failure.Reason, failure.Wait
	switch failure.Answer {
	case people.MailRefused:
		s.State = people.LetterIsRefused
	case people.MailNoSuchAddress:
		s.State, s.DeadAddressOf = people.LetterIsRefused, due.Account
	case people.MailPause, people.MailAlert:
		s.NotAttempted = true
		if err := r.pauseFor(ctx, failure); err != nil {
			return err
		}
	case people.MailUnclear:
		if r.Mailer.Lookup() {
			return r.leaveUnclear(due) // stays claimed: looked up once the service can tell
		}
		s.State = people.LetterIsUnclear
	case people.MailRetry:
		if s.Wait == 0 {
			s.Wait = retryAfter << min(due.Attempt, 6)
		}
		if due.Attempt >= maxTries {
			s.State = people.LetterIsRefused
		}
	}
	return r.recordOutcome(ctx, due, s)
}

const (
	// retryAfter is the first wait after a failed try, doubled with each.
	retryAfter = 15 * time.Second
	// alertPause is how long sending stops when our key, clock or template is
	// wrong.
	alertPause = 10 * time.Minute
)

func (r *sendRound) leaveUnclear(due people.DueLetter) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unresolved = true
	r.Observe(due.Kind, people.LetterIsUnclear)
	return nil
}

// pauseFor pauses all sending if the error means that the mail service accepts
// nothing.
func (r *sendRound) pauseFor(ctx context.Context, err error) error {
	failure, ok := errors.AsType[*people.MailError](err)
	if !ok || failure.Answer != people.MailPause && failure.Answer != people.MailAlert {
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
