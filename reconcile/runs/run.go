package runs

import (
	"strconv"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// ID is the number of a run, as people type it.
type ID int64

func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// Kind says what a run reads.
type Kind string

// The kinds of run. Only a listing may lead to a removal. A rehearsal is only ever
// planned: it is a listing of a day to come.
const (
	RunListing Kind = "listing" // a complete listing of one report
	RunDelta   Kind = "delta"   // some records: changes since a watermark, or given codes
	RunApprove Kind = "approve" // what the parent run withheld
	RunUndo    Kind = "undo"    // what the parent run applied

	RunRehearsal Kind = "rehearsal"
)

// IsListing reports whether a complete listing is read.
func (k Kind) IsListing() bool { return k == RunListing || k == RunRehearsal }

// Pulls reports whether a register is read, rather than what an earlier run left.
func (k Kind) Pulls() bool { return k.IsListing() || k == RunDelta }

// Run is one reconciliation.
type Run struct {
	ID     ID
	Kind   Kind
	Source profile.Source
	Report string
	Parent ID // of an approval or an undo
	AsOf   profile.Date
	// Requested is the day on which it was asked for; zero before it is stored.
	Requested profile.Date
	Actor     string
	OSUser    string            // the operating-system user who asked for it; empty for schedules
	Codes     []profile.ODSCode // the organisations it is limited to; empty for all
	Upload    int64             // the stored file it reads; 0 when it pulls itself
	Plan      PlanID            // the plan that it is to apply exactly; 0 for none
	State     State
	Planned   bool  // the plan is complete and stored: what remains is to apply it
	Stamp     Stamp // of the listing it read, or, before, of the one it knows
	Summary   Summary

	Once []byte // names the request, and its part, that it is stored for once; nil for none; read only when the run is stored

	Selection Selection // of an approval: which of the rows that wait; read only when the run is stored
}

// Stamp identifies a listing without comparing records, and says how it was read.
type Stamp struct {
	ETag   string       // as the download service named it; may be empty
	Digest profile.Hash // of all its bytes and of Boards; zero where it is not known
	Boards profile.Hash // of the boards of commissioners that it was read with; zero for none
	Layout string       // the layout it is in; empty where it has none
}

// RulesVersion counts the versions of the rules by which records are decoded
// and compared. Raising it makes every record compared again at its next look.
const RulesVersion = 2

// Candidate is a raw record that has to be decoded and compared.
type Candidate struct {
	Row         profile.Row
	KnownDigest profile.Hash // the digest of the stored facts, if only the form may be new; zero otherwise
}

// Compared is a record that was decoded.
type Compared struct {
	Row             profile.Row
	Record          profile.Record
	Digest          profile.Hash // of the record's facts
	OnlyFormDiffers bool         // the same facts in another form: nothing to compare
}

// State is the state of a run.
type State string

// The states of a run. Withheld means done, but something needs a person;
// refused means that nothing changed.
const (
	RunQueued   State = "queued"
	RunRunning  State = "running"
	RunDone     State = "done"
	RunWithheld State = "withheld"
	RunRefused  State = "refused"
	RunFailed   State = "failed"
)

// Ended reports whether the run has ended.
func (s State) Ended() bool { return s != RunQueued && s != RunRunning }

// Summary is what a run did, or what a plan would do, for machines to read
// (RULES.md "The JSON object").
type Summary struct {
	Run        string         `json:"run"`            // empty for a plan
	Plan       PlanID         `json:"plan,omitempty"` // of a plan its own number, of a run that of the plan it applies
	Digest     string         `json:"digest"`
	Source     profile.Source `json:"source"`
	Report     string         `json:"report"`
	AsOf       profile.Date   `json:"as_of"`
	State      State          `json:"state"`
	Records    int            `json:"records"`
	Rejected   int            `json:"rejected"`
	Population int            `json:"population"`
	Changes    ChangeCounts   `json:"changes"`
	Fields     map[string]int `json:"fields"`
	Withheld   []Withheld     `json:"withheld"`
	// ApprovedAhead counts what is applied unasked, since it was approved of a rehearsal.
	ApprovedAhead  []AheadCount `json:"approved_ahead,omitempty"`
	PendingClose   int          `json:"pending_close"`
	Contradictions int          `json:"contradictions"`
	Waiting        int          `json:"waiting,omitempty"`   // changes of the scope that wait for a decision, after the run
	Withdrawn      int          `json:"withdrawn,omitempty"` // changes that waited until this run found something else
	ElapsedMS      int64        `json:"elapsed_ms"`

	// Noted counts the values, by field, that are doubtful or were left out; NoProfile
	// says why living organisations get no profile. Both are about the records that
	// this run compared.
	Noted     map[string]int   `json:"noted,omitempty"`
	NoProfile []WithoutProfile `json:"no_profile,omitempty"`
	// NewLayout is set for a listing in another layout than the one before.
	NewLayout *NewLayout `json:"new_layout,omitempty"`
	// Decisions counts what has become of the changes that the run withheld, by
	// waiting, approved, rejected, withdrawn, replaced and undone. It is filled in
	// where a run is shown.
	Decisions map[string]int `json:"decisions,omitempty"`
	// LeftOut names what a run did not change although it was to, mostly because the
	// profile had changed since.
	LeftOut []LeftOut `json:"left_out,omitempty"`
	// Differs is set where a run was refused because it would not do what its plan
	// shows.
	Differs *Differs `json:"differs,omitempty"`
	// ReadWith is, of a plan, what it has to be applied with and what is not kept.
	ReadWith *ReadWith `json:"read_with,omitempty"`
	// Rehearsal is set for a plan that can never be applied: its day has not come.
	Rehearsal bool `json:"rehearsal,omitempty"`
	// Note says what is special about a run that is done.
	Note string `json:"note,omitempty"`
	// Error says why a run was refused or failed.
	Error string `json:"error,omitempty"`
}

// WithNote returns the summary with one more text about what is special.
func (s Summary) WithNote(text string) Summary {
	if s.Note != "" && text != "" {
		s.Note += "; "
	}
	s.Note += text
	return s
}

// Short reports whether the listing was too small to say anything about absence.
func (s Summary) Short() bool {
	for _, w := range s.Withheld {
		if w.Reason == ShortListing {
			return true
		}
	}
	return false
}

// ChangeCounts counts profiles, each once, in this order.
type ChangeCounts struct {
	Create  int `json:"create"`
	Update  int `json:"update"`
	Close   int `json:"close"`
	Reopen  int `json:"reopen"`
	Dormant int `json:"dormant"`
}

// LeftOut names one field of one profile, and why it was left out. Runs of earlier
// versions have no reason.
type LeftOut struct {
	Code    profile.ODSCode `json:"code"`
	Field   string          `json:"field"`
	Because LeftReason      `json:"because,omitempty"`
}

// NewSummary returns the summary of a run that has not been planned yet.
func NewSummary(run Run) Summary {
	id := ""
	if run.ID != 0 {
		id = run.ID.String()
	}
	return Summary{
		Run: id, Plan: run.Plan, Source: run.Source, Report: run.Report, AsOf: run.AsOf, State: run.State,
		Fields: map[string]int{}, Withheld: []Withheld{}, Rehearsal: run.Kind == RunRehearsal,
	}
}
