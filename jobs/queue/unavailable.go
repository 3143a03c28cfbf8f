package queue

import (
	"errors"
	"time"

	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Unavailable is an error of an outside system that says whether and when to
// try again.
type Unavailable interface {
	error
	// Retryable reports that a later attempt may succeed.
	Retryable() bool
	// Unauthorized reports that the system refuses us (401, 403): we pause and
	// drop nothing, since a person will fix it.
	Unauthorized() bool
	// Wait is how long the system asked us to wait; 0 when it did not.
	Wait() time.Duration
}

// Unreached makes an error of pulling retryable, unless it is Unavailable
// itself or refuses the content.
func Unreached(err error) error {
	var unavailable Unavailable
	var refused *profile.RefusedError
	if errors.As(err, &unavailable) || errors.As(err, &refused) {
		return err
	}
	return unreachedError{err}
}

// unreachedError is an outside system that did not answer at all.
type unreachedError struct{ error }

func (e unreachedError) Unwrap() error     { return e.error }
func (unreachedError) Retryable() bool     { return true }
func (unreachedError) Unauthorized() bool  { return false }
func (unreachedError) Wait() time.Duration { return 0 }

// IsTemporary reports whether a later attempt may succeed.
func IsTemporary(err error) bool {
	var unavailable Unavailable
	return errors.As(err, &unavailable) && (unavailable.Retryable() || unavailable.Unauthorized())
}

// pausedFor is how long a job waits after credentials were refused.
const pausedFor = 5 * time.Minute

// AfterError turns an error that asks to wait into a snooze, which costs no
// attempt.
func AfterError(err error) error {
	var unavailable Unavailable
	switch {
	case !errors.As(err, &unavailable):
		return err
	case unavailable.Wait() > 0:
		return river.JobSnooze(unavailable.Wait())
	case unavailable.Unauthorized():
		return river.JobSnooze(pausedFor)
	default:
		return err
	}
}
