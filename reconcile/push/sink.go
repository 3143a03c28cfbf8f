package push

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Sink is a downstream directory that we push to.
type Sink string

// The downstream directories.
const (
	SinkDoS     Sink = "dos"     // Directory of Services, read by 111 call handlers
	SinkWebsite Sink = "website" // the public NHS website
)

// Sinks lists every sink.
func Sinks() []Sink { return []Sink{SinkDoS, SinkWebsite} }

// ParseSink returns the sink with a name, or an error that lists the sinks.
func ParseSink(s string) (Sink, error) {
	for _, sink := range Sinks() {
		if string(sink) == s {
			return sink, nil
		}
	}
	return "", fmt.Errorf("sink %q: want one of %v", s, Sinks())
}

// Route is how profiles of one type reach a sink.
type Route struct {
	Name     string          // for people: change-event, fhir, profile
	Fields   []profile.Field // the fields that it carries
	Readable []profile.Field // those of them that can be read back, so that drift is found
	// OnlyLogged are those that the sink only logs: nothing that it shows depends on
	// them.
	OnlyLogged []profile.Field
	// Omittable are fields that a push may leave out, so that the sink keeps its own.
	// A push that does not state one of the others empties it, or sends it back as shown.
	Omittable []profile.Field
	// KeptIfEmpty are fields of which the sink keeps its own if a push sends them empty:
	// they cannot be withdrawn there.
	KeptIfEmpty []profile.Field
	// Services are the NHS service codes that the sink knows; nil for all.
	Services []string
	// OmittableServices are those of Services that a push may leave out where services as
	// a whole cannot be omitted.
	OmittableServices []string
	// HasEntityTags says that the sink uses entity tags: it refuses to overwrite a state
	// that we have not seen, so it need not be read first.
	HasEntityTags bool
}

func (r Route) canRead(f profile.Field) bool { return slices.Contains(r.Readable, f) }

// Delivery is what one push sends to a sink. Two attempts with the same sequence
// number and key send the same bytes.
type Delivery struct {
	Code     profile.ODSCode
	Type     profile.OrgType
	Sequence int64  // only grows, per profile and over all sinks
	Key      string // a UUID made from profile, sink and sequence number
	// Values are the route's fields. Nobody ever stated a field that is not stated
	// here: it must never be sent as if it were empty, unless the sink cannot show it.
	Values profile.Values
	// Filled are the fields of Values that the push does not state: they are sent back as
	// the sink shows them.
	Filled []profile.Field
	// Edited says when people last changed a field. Our own writes never count,
	// since sinks take these times as evidence of checks.
	Edited map[profile.Field]time.Time
	// Version is the entity tag of what the sink shows; empty if it shows nothing
	// yet or does not use tags.
	Version string
}

// Receipt is a sink's confirmation that it accepted a delivery.
type Receipt struct {
	Status    int    // of the answer
	Version   string // the entity tag afterwards, if the sink uses tags
	Unchanged bool   // the sink says that it showed all of it already
}

// ErrNotRead says that a sink is configured so that it cannot be read at all.
var ErrNotRead = errors.New("this sink cannot be read")

// Answer is what a sink's answer means for the push.
type Answer string

// The answers. They mean the same for all sinks (RULES.md "Answers").
const (
	AnswerRefused      Answer = "refused"      // the same push will always be refused: stop, and tell people
	AnswerUnauthorized Answer = "unauthorized" // our credentials are refused: pause the sink, drop nothing
	AnswerConflict     Answer = "conflict"     // the sink does not show what we expected: read, plan again
	AnswerLater        Answer = "later"        // certainly not accepted; the sink asks us to wait
	AnswerUnclear      Answer = "unclear"      // may have been accepted: read back before sending again
	AnswerDown         Answer = "down"         // nothing was sent: too many requests failed in a row
)

// AnswerTo says what an HTTP status other than success means. After a success
// that could not be understood, or no status at all, it is unclear whether the
// push was accepted.
func AnswerTo(status int) Answer {
	switch status {
	case 401, 403:
		return AnswerUnauthorized
	case 409, 412:
		return AnswerConflict
	case 425, 429:
		return AnswerLater
	case 408:
		return AnswerUnclear
	}
	if status < 300 || status >= 500 {
		return AnswerUnclear
	}
	return AnswerRefused
}

// SinkError is any failure to push or read. Its text names the request and says
// what to do; it never holds a body, the address of a person or a secret.
type SinkError struct {
	Sink   Sink
	Answer Answer
	Status int           // 0 if there was no answer
	Reason string        // for people: which record, field and value, and what to do
	Wait   time.Duration // that the sink asked for; 0 if it did not
	// Sequence is the sink's own last number, if it refused ours as stale.
	Sequence int64
	// Fields are what a refusal names, with what the sink says about each: a push that
	// leaves them alone may be taken.
	Fields []LeftOut
}

// ConcernsOne reports whether the answer to a read says something about the
// organisation that was asked for, not about the sink as a whole.
func (e *SinkError) ConcernsOne() bool { return e.Answer == AnswerUnclear || e.Answer == AnswerRefused }

func (e *SinkError) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("%s: %s: %s", e.Sink, e.Answer, e.Reason)
	}
	return fmt.Sprintf("%s: %s (status %d): %s", e.Sink, e.Answer, e.Status, e.Reason)
}
