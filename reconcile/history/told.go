package history

import (
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Told is everything that is stored of how a profile came to be what it is.
type Told struct {
	Now       Standing
	Changes   []Change // all, the oldest first
	TakenBack []TakenBack
	Runs      map[runs.ID]Run // those that the changes and what was withheld name, and their parents
	Withheld  []Withheld      // what those runs withheld of the profile
	Reasons   map[Planned]runs.Reason
	Holds     []Hold
	Pushes    []Push
	Drift     []Drift
}

// TakenBack says that a person took a single change back.
type TakenBack struct {
	Change      int64
	Transaction string // that wrote the former value
	Actor       string
	Reason      string
	At          time.Time
}

// Run is a run, as far as it explains a value.
type Run struct {
	ID     runs.ID
	Kind   runs.Kind
	Source profile.Source
	Report string
	Layout string // of the listing it read; empty where it has none
	AsOf   profile.Date
	Actor  string
	Parent runs.ID // of an approval or an undo
	At     time.Time
}

// Planned names one field that a run changed.
type Planned struct {
	Run   runs.ID
	Field string
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

// Hold is a person's freeze of a field, or of the profile for a sink.
type Hold struct {
	Field     string // empty for a sink
	Sink      push.Sink
	Until     profile.Date // zero for no end
	Reason    string
	Actor     string
	At        time.Time
	Removed   time.Time // zero if nobody ended it before its time
	RemovedBy string
}

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
