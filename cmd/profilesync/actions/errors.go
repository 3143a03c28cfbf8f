package actions

import (
	"errors"
	"fmt"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/historystore"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Kind says what is wrong, for whoever turns an error into a status or an exit code.
type Kind int

// The kinds of errors. Failed is neither the caller's fault nor a refusal.
const (
	Failed    Kind = iota
	Invalid        // the input is wrong
	Missing        // there is no such thing
	Conflict       // not as things stand now
	Forbidden      // not by this person
	Unset          // a setting that it needs is not set
	Busy           // nothing was begun, and asking again soon may help
)

// Error is a refusal of an action.
type Error struct {
	Kind  Kind
	Field string // the input that is wrong, as until or as-of; empty if it is none of them
	Text  string // what is wrong, after the name of the field
	Err   error  // the cause; nil if the text says it
}

func (e *Error) Error() string { return e.Field + e.Text }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// invalid refuses an input. The format continues the name of the field.
func invalid(field, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: Invalid, Field: field, Text: err.Error(), Err: errors.Unwrap(err)}
}

func conflict(format string, args ...any) error {
	return &Error{Kind: Conflict, Text: fmt.Sprintf(format, args...)}
}

func missing(format string, args ...any) error {
	return &Error{Kind: Missing, Text: fmt.Sprintf(format, args...)}
}

func unset(text string) error { return &Error{Kind: Unset, Text: text} }

// refusals are what stores and rules refuse as things stand.
var refusals = []error{
	casestore.ErrMoved, casestore.ErrClosedAlready, casestore.ErrNotSaid, casestore.ErrBadSuccessor, casestore.ErrOtherFollows,
	casestore.ErrBusy, historystore.ErrRunWorking, peoplestore.ErrMailBusy, runstore.ErrNoListing,
}

// KindOf returns the kind of an error that an action has returned.
func KindOf(err error) Kind {
	if own, ok := errors.AsType[*Error](err); ok {
		return own.Kind
	}
	if errors.Is(err, postgres.ErrNotFound) {
		return Missing
	}
	if errors.As(err, new(runs.SamePersonError)) || errors.As(err, new(accessstore.LackedError)) {
		return Forbidden
	}
	if _, ok := errors.AsType[settings.Error](err); ok {
		return Unset
	}
	if errors.Is(err, runjobs.ErrBusy) {
		return Busy
	}
	if isConflict(err) {
		return Conflict
	}
	return Failed
}

func isConflict(err error) bool {
	var marked interface {
		error
		Conflict()
	}
	var listing *profile.RefusedError
	var undo history.RefusedError
	var nothing history.NothingLeftError
	if errors.As(err, &marked) || errors.As(err, &listing) || errors.As(err, &undo) || errors.As(err, &nothing) {
		return true
	}
	for _, refusal := range refusals {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}
