package history

import (
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Told is what decides whether a change may be taken back.
type Told struct {
	Now       Standing
	Changes   []Change // all, the oldest first
	TakenBack []TakenBack
	Runs      map[runs.ID]Run // those that the changes and what was withheld name, and their parents
	Holds     []Hold
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
