package push

import (
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// State is the state of a push.
type State string

// The states of a push.
const (
	Wanted   State = "wanted"   // waits to be sent
	Accepted State = "accepted" // the sink accepted it, but may not show it yet
	Refused  State = "refused"  // stopped, with a reason; a change or a person starts it again
	Waits    State = "waits"    // for a person: it would overwrite what nobody stated
	Held     State = "held"     // by a person; resumes when the hold ends
	NoRoute  State = "no-route" // the sink does not accept organisations of this type
)

// States lists every state.
func States() []State {
	return []State{Wanted, Accepted, Refused, Waits, Held, NoRoute}
}

// Push is the delivery of one profile to one sink, as a worker finds it.
type Push struct {
	Sink    Sink
	Desired DesiredState
	Held    bool // a person holds the profile for this sink
	Paused  bool // nothing is pushed to this sink at present
	Forced  bool // send even if the sink has accepted the same before
	// Overwrite says that a person lets it overwrite what nobody stated.
	Overwrite bool
	Wanted    time.Time
	Job       int64 // the job that carries it; negative for a command's process; 0 for none
	Asked     int64 // number of changes that asked for it, all of which the desired state includes
	// LeftOut is what the last push left out, since the sink does not take it.
	LeftOut []LeftOut

	Failures int            // failed attempts in a row
	Sequence int64          // the last number sent; 0 for none
	Sent     profile.Values // what was sent under it
	SentHash profile.Hash   // hash of its stated values
	Unclear  bool           // it is not known whether the sink accepted it
	// Restored says that the database was restored from a backup, and that the sink may
	// have been sent more than is known here.
	Restored bool

	AcceptedHash profile.Hash // hash of the stated values of the accepted push; zero for none
	Version      string       // the sink's entity tag
}

// Code returns the profile's code.
func (p Push) Code() profile.ODSCode { return p.Desired.Profile.Code }

// HasArrived reports whether the sink shows what was sent last: it shows that sequence
// number and not a higher one of somebody else or, if the sink shows no number, all that
// was stated can be read back and is the same in every entry. What is not among own was
// not stated: the push sent it back as it was shown.
func (p Push) HasArrived(route Route, own profile.Values, shown Shown) bool {
	if !shown.Found() || shown.Sequence != 0 {
		return shown.Found() && shown.Sequence == p.Sequence
	}
	setsHolidays := p.Desired.SetsHolidays(route)
	isFilled := func(f profile.Field) bool {
		return !own.States(f) && (f != profile.FieldDatedOpeningTimes || !setsHolidays)
	}
	route.Fields = slices.DeleteFunc(slices.Clone(route.Fields), isFilled)
	route.Readable = slices.DeleteFunc(slices.Clone(route.Readable), isFilled)
	return DesiredState{Today: p.Desired.Today}.isShown(route, p.Sent, shown)
}

// isShown reports whether every entry shows all of the values, and the bank holidays.
func (w DesiredState) isShown(route Route, v profile.Values, shown Shown) bool {
	return shown.Found() && len(notVisible(route, w.wanted(route, v, profile.Values{}), shown)) == 0 &&
		len(w.differences(route, v, shown)) == 0
}

// notVisible lists the fields with a stated value that changes what the sink shows, and
// that cannot be read back in every entry.
func notVisible(route Route, v profile.Values, shown Shown) (fields []profile.Field) {
	changed := shown.ChangedBy(v)
	for _, f := range route.Fields {
		visible := route.canRead(f) && !slices.ContainsFunc(changed, func(e Entry) bool { return !e.shows(route, f) })
		changesNothing := slices.Contains(route.OnlyLogged, f) || isDefault(f, v.Get(f)) || route.keepsOwn(f, v.Get(f))
		if v.States(f) && !visible && !changesNothing {
			fields = append(fields, f)
		}
	}
	return fields
}

// isDefault reports whether the value changes nothing in a sink that does not show
// the field: it shows profiles that are open and visible.
func isDefault(f profile.Field, value string) bool {
	return f == profile.FieldStatus && value == string(profile.StatusOpen) || f == profile.FieldHidden && value == "false"
}

// Outcome is the outcome of a push.
type Outcome struct {
	Code  profile.ODSCode
	Job   int64 // the job that carried the push: the outcome counts only while it still does
	Asked int64 // number of changes that had asked for the push when it was composed
	Route string
	State State

	// Attempt says how the sink answered what was sent; empty if nothing was sent.
	Attempt  string
	Status   int           // of its answer; 0 for none
	Sequence int64         // the last number sent
	Duration time.Duration // of the attempt
	Lag      time.Duration // since it was wanted

	AcceptedHash     profile.Hash // hash of what the sink accepted now; zero if it accepted nothing
	AcceptedSequence int64        // the number it accepted it under

	Version string // the sink's entity tag
	Unclear bool   // it is not known whether the sink accepted what was sent last
	Reason  string // why it was refused or waits
	// Overwrites are what was sent instead of what nobody stated.
	Overwrites []Overwrite
	LeftOut    []LeftOut     // what the sink does not take
	Failures   int           // failed attempts in a row
	Wait       time.Duration // before the next attempt
}

// The values of Outcome.Attempt besides those of Answer.
const (
	AttemptAccepted  = "accepted"
	AttemptUnchanged = "unchanged" // the sink showed all of it already
	AttemptSeen      = "seen"      // found in the sink on reading back
	AttemptUnread    = "unread"    // nothing was sent, since the sink cannot be read now
)

// Routes says which sinks are pushed to, and by which route organisations of a
// type reach each sink.
type Routes map[Sink]map[profile.OrgType]Route

// Due is a push that is due.
type Due struct {
	Code  profile.ODSCode
	Sink  Sink
	Probe bool // the sink is paused; this push shows whether it works again
}

// Cause is what a push is queued for: an edit, or a job, whose run changed the profile. The
// zero value is none that is known.
type Cause struct {
	Kind CauseKind
	ID   int64     // of the row of the audit, or of the job
	At   time.Time // when it was made, or queued
	// Trace names the span of the request or the command that queued the job; empty for none.
	Trace string
}

// CauseKind says what a cause is.
type CauseKind string

// The kinds of causes.
const (
	CauseEdit CauseKind = "edit"
	CauseJob  CauseKind = "job"
)

// Staged is a push that is about to be sent.
type Staged struct {
	Code  profile.ODSCode
	Job   int64 // the job that carries it: it gets a number only while the job still does
	Last  int64 // the last number sent, as the job knows it; 0 for none
	Above int64 // the sink's own last number, if it is known to be higher than ours
	Sent  profile.Values
	Hash  profile.Hash
	// Overwrites are recorded with the number, before anything is sent.
	Overwrites  []Overwrite
	SetHolidays string // what DesiredState.SetHolidays is from now on
}

// Hash identifies the stated values of a push and when people changed them.
// Pushes with equal hashes are the same in every byte.
func (w DesiredState) Hash(route Route, own profile.Values) profile.Hash {
	facts := profile.AppendFact(nil, profile.NoField, []byte(route.Name))
	for _, f := range route.Fields {
		if own.States(f) {
			facts = profile.AppendFact(facts, f, []byte(own.Get(f)))
		}
		if at, ok := w.Edited[f]; ok && !slices.Contains(w.LeftOut, f) {
			facts = profile.AppendFact(facts, f, at.UTC().AppendFormat(nil, time.RFC3339Nano))
		}
	}
	if w.SetsHolidays(route) {
		set := strings.Split(w.holidays(), "\n")
		gone := keepLines(w.setBefore(), func(line string) bool { return !slices.Contains(set, line) })
		facts = profile.AppendFact(facts, profile.FieldDatedOpeningTimes, []byte(w.holidays()))
		facts = profile.AppendFact(facts, profile.FieldDatedOpeningTimes, []byte(gone))
	}
	sum := sha256.Sum256(facts)
	return profile.Hash(sum[:len(profile.Hash{})])
}

// EditedIn returns the times of edits of the route's fields alone, without those that the
// sink does not take.
func (w DesiredState) EditedIn(route Route) map[profile.Field]time.Time {
	edited := make(map[profile.Field]time.Time, len(route.Fields))
	for _, f := range route.Fields {
		if at, ok := w.Edited[f]; ok && !slices.Contains(w.LeftOut, f) {
			edited[f] = at
		}
	}
	return edited
}
