package historystore

import (
	"time"

	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Explained is everything that is stored of how a profile came to be what it is, and
// what became of it at the sinks.
type Explained struct {
	history.Told

	Withheld []Withheld // what the runs withheld of the profile
	Reasons  map[Planned]runs.Reason
	Ahead    map[Planned]Ahead // the first approval by which a run applied a change unasked
	Closures []ClosureStep     // what people said of the place having closed, the oldest first
	Pushes   []Push
	Drift    []Drift
}

// Planned names one field that a run changed.
type Planned struct {
	Run   runs.ID
	Field string
}

// Ahead is a person's approval of a change of a rehearsal, before the run that made it.
type Ahead struct {
	Plan runs.PlanID
	By   string
	At   time.Time
}

// Withheld is a change that a run did not apply until a person decides, or at all.
type Withheld struct {
	Planned

	Old, New string
	Reason   runs.WithheldReason
	Waits    bool
	Decision runs.Decision
	In       runs.ID // the run that approved, withdrew or replaced it
	By       string  // who approved or rejected it
	At       time.Time
}

// ClosureStep is what a person said of the place having closed, though the register says
// that it is open (reconcile/RULES.md "Closed in reality").
type ClosureStep struct {
	Step      ClosureColumn
	By        string
	Reason    string
	At        time.Time
	Successor profile.ODSCode // the place that follows, as whoever confirmed it said; empty for none
}

// ClosureColumn is the column that such a step wrote.
type ClosureColumn string

// The columns.
const (
	ClosureSaid      ClosureColumn = "said_by"
	ClosureConfirmed ClosureColumn = "confirmed_by"
	ClosureTakenBack ClosureColumn = "taken_back_by"
)

// Push is how the profile stands at a sink.
type Push struct {
	Sink             push.Sink
	Route            string
	State            push.State
	Reason           string
	Number           int64             // of what was sent last; 0 for nothing
	Sent             map[string]string // by field, in the sink's form
	SentAt           time.Time
	Unclear          bool
	AcceptedNumber   int64
	Accepted, SeenAt time.Time
	LeftOut          map[string]string // why the sink does not take a field
}

// Drift is a field that a sink was found to show otherwise, and has not been seen to show
// rightly since.
type Drift struct {
	Sink  push.Sink
	Entry string // empty if the sink has one
	Field string
	Want  string
	Shown string
	At    time.Time
}
