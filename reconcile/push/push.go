package push

import (
	"crypto/sha256"
	"slices"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// State is how bringing a profile to a sink stands.
type State string

// The states of a push.
const (
	Wanted   State = "wanted"   // to be sent
	Accepted State = "accepted" // the sink took it, which does not mean that it shows it already
	Refused  State = "refused"  // stopped, with a reason; a change or a person starts it again
	Held     State = "held"     // by a person; goes on by itself when the hold ends
	NoRoute  State = "no-route" // the sink does not take organisations of this type
)

// States lists every state.
func States() []State {
	return []State{Wanted, Accepted, Refused, Held, NoRoute}
}

// Push is bringing one profile to one sink, as a worker finds it.
type Push struct {
	Sink    Sink
	Desired DesiredState
	Held    bool // a person holds the profile for this sink
	Paused  bool // nothing is pushed to this sink at present
	Forced  bool // send although the sink accepted just this before
	Wanted  time.Time
	Job     int64 // that carries it; a command's process, negative; 0 for none
	Asked   int64 // how often changes asked for it, all of which are in the wish

	Failures int            // attempts in a row that brought nothing
	Sequence int64          // sent last; 0 for none
	Sent     profile.Values // under that number
	SentHash profile.Hash   // hash of what it said by itself
	Unclear  bool           // nobody knows whether the sink took it

	AcceptedHash profile.Hash // hash of what the accepted push said by itself; zero for none
	Version      string       // the entity tag the sink gave
}

// Code is the profile's.
func (p Push) Code() profile.ODSCode { return p.Desired.Profile.Code }

// HasArrived reports whether what a sink shows can only be what was sent last: it bears
// that number, not a higher one of somebody else; or, where the sink names no
// number, everything that was sent can be read there and is the same.
func (p Push) HasArrived(route Route, shown Shown) bool {
	if !shown.Found || shown.Sequence != 0 {
		return shown.Found && shown.Sequence == p.Sequence
	}
	for _, f := range route.Fields {
		if p.Sent.States(f) && !route.canRead(f) && !slices.Contains(route.OnlyLogged, f) && !isDefault(f, p.Sent.Get(f)) {
			return false
		}
	}
	return len(Differences(route, p.Sent, shown, p.Desired.Today)) == 0
}

// isDefault reports whether a sink that does not show a field does nothing about
// this value: one that is open and visible is what it shows.
func isDefault(f profile.Field, value string) bool {
	return f == profile.FieldStatus && value == string(profile.StatusOpen) || f == profile.FieldHidden && value == "false"
}

// Outcome is what became of a push.
type Outcome struct {
	Code  profile.ODSCode
	Job   int64 // that carried the push: the outcome counts only while it does
	Asked int64 // how often changes had asked for the push, as it was composed
	Route string
	State State

	// Attempt says what the sink said to what was sent; empty when nothing was.
	Attempt  string
	Status   int           // of its answer; 0 for none
	Sequence int64         // sent last
	Duration time.Duration // of the attempt
	Lag      time.Duration // since it was wanted

	AcceptedHash     profile.Hash // what the sink took; zero when it took nothing now
	AcceptedSequence int64        // under this number

	Version  string        // the sink's entity tag
	Unclear  bool          // nobody knows whether the sink took what was sent last
	Reason   string        // why it was refused or waits
	Failures int           // in a row
	Wait     time.Duration // before the next attempt
}

// The words of Outcome.Attempt that are no Answer.
const (
	AttemptAccepted  = "accepted"
	AttemptUnchanged = "unchanged" // the sink showed all of it already
	AttemptSeen      = "seen"      // found there on reading back
)

// Routes say which sinks are pushed to, and by which route organisations of a
// type reach each of them.
type Routes map[Sink]map[profile.OrgType]Route

// Due is a push that wants to be worked.
type Due struct {
	Code  profile.ODSCode
	Sink  Sink
	Probe bool // the sink is paused; this one shows whether it works again
}

// Staged is a push that is about to be sent.
type Staged struct {
	Code  profile.ODSCode
	Job   int64 // that carries it: it is numbered only while it does
	Last  int64 // the number sent last, as the job knows it; 0 for none
	Above int64 // the sink's own last number, where it is known to be higher than ours
	Sent  profile.Values
	Hash  profile.Hash
}

// Hash identifies what a push says by itself: its values and when people changed
// them. Pushes with equal hashes are the same in every byte.
func (w DesiredState) Hash(route Route, own profile.Values) profile.Hash {
	facts := profile.AppendFact(nil, profile.NoField, []byte(route.Name))
	for _, f := range route.Fields {
		if own.States(f) {
			facts = profile.AppendFact(facts, f, []byte(own.Get(f)))
		}
		if at, ok := w.Edited[f]; ok {
			facts = profile.AppendFact(facts, f, at.UTC().AppendFormat(nil, time.RFC3339Nano))
		}
	}
	sum := sha256.Sum256(facts)
	return profile.Hash(sum[:len(profile.Hash{})])
}

// EditedIn are the times of the route's fields alone.
func (w DesiredState) EditedIn(route Route) map[profile.Field]time.Time {
	edited := make(map[profile.Field]time.Time, len(route.Fields))
	for _, f := range route.Fields {
		if at, ok := w.Edited[f]; ok {
			edited[f] = at
		}
	}
	return edited
}
