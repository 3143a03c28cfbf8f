package runs

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Selection says which of the changes that wait are decided on. Empty fields
// mean all.
type Selection struct {
	Run    ID
	Report string
	Reason WithheldReason
	Fact   string // the name of the field, or of the fact it is a part of; status for removals
	Type   profile.OrgType
	Region string
	ICB    string
	Codes  []profile.ODSCode
	Digest string // of exactly the changes that were looked at; empty for whatever waits
}

// Whole reports whether everything that waits of a run is meant.
func (s Selection) Whole() bool {
	return s.Report == "" && s.Reason == "" && s.Fact == "" && s.Type == "" && s.Region == "" && s.ICB == "" && len(s.Codes) == 0
}

// Decision is what has become of a change that was withheld.
type Decision string

// The decisions. Withdrawn and Replaced are the register's, not a person's.
const (
	Undecided Decision = ""
	Approved  Decision = "approved"
	Rejected  Decision = "rejected"
	Withdrawn Decision = "withdrawn" // the register or the profile says something else
	Replaced  Decision = "replaced"  // the same new value waits in a later run, since the profile has another old one
	Undone    Decision = "undone"    // with the run that had withheld it, or that had put it back on the list
)

// ConflictError says why what was asked for cannot be done as things stand: they were
// decided otherwise, or have changed since the person looked.
type ConflictError string

func (e ConflictError) Error() string { return string(e) }

// Conflict marks errors that looking again explains.
func (ConflictError) Conflict() {}

// Conflictf is a ConflictError of a formatted text.
func Conflictf(format string, args ...any) error { return ConflictError(fmt.Sprintf(format, args...)) }

// DecisionCount is a decision on rows of a run.
type DecisionCount struct {
	Decision Decision
	By       string // of an approval or a rejection
	Run      ID     // the run that applies, withdrew, replaced or undid them; 0 for a rejection
	UndoneBy ID     // the run that took Run back; 0 for none
	Rows     int
}

func (d DecisionCount) String() string {
	switch d.Decision {
	case Approved:
		text := fmt.Sprintf("approved by %s in run %d", d.By, d.Run)
		if d.UndoneBy != 0 {
			text += fmt.Sprintf(", undone by run %d", d.UndoneBy)
		}
		return text
	case Rejected:
		return "rejected by " + d.By
	case Withdrawn:
		return fmt.Sprintf("withdrawn by run %d: the register or the profile says something else", d.Run)
	case Replaced:
		return fmt.Sprintf("waits in run %d: the profile has changed", d.Run)
	case Undone:
		return fmt.Sprintf("undone by run %d", d.Run)
	default:
		return "waits"
	}
}

// NothingWaits is the error of a decision on a run of which nothing that is selected
// waits. It names the decisions made on what is selected, and how many others wait.
func NothingWaits(selection Selection, made []DecisionCount, others int) error {
	if len(made) == 0 && selection.Whole() {
		return Conflictf("run %d withheld nothing", selection.Run)
	}
	text := fmt.Sprintf("run %d: nothing of this waits for a decision", selection.Run)
	said := make([]string, len(made))
	for i, d := range made {
		said[i] = strconv.Itoa(d.Rows) + " already " + d.String()
	}
	if len(said) > 0 {
		text += ": " + strings.Join(said, ", ")
	}
	if others > 0 {
		text += fmt.Sprintf("; %d others wait", others)
	}
	return ConflictError(text)
}

// DecidedError refuses a second decision on a short listing of which no row waits.
type DecidedError struct {
	Run  ID
	Made DecisionCount
}

// Conflict marks the error as one that looking again explains.
func (DecidedError) Conflict() {}

func (e DecidedError) Error() string {
	return fmt.Sprintf("run %d: its short listing is already %s", e.Run, e.Made)
}

// SamePersonError refuses an approval by whoever asked for the run, or for the plan.
type SamePersonError struct {
	Run  ID
	Plan PlanID // of an approval ahead
	Name string
}

func (e SamePersonError) Error() string {
	what := "run " + e.Run.String()
	if e.Run == 0 {
		what = "plan " + e.Plan.String()
	}
	return fmt.Sprintf("%s was asked for by %s: another person has to approve it (PROFILESYNC_APPROVAL_BY_ANOTHER)", what, e.Name)
}

// ByAnother refuses an approval by whoever asked for the run, by the name given
// or by the operating-system user.
func ByAnother(requested, approval Run) error {
	switch {
	case approval.Actor == requested.Actor:
		return SamePersonError{requested.ID, requested.Plan, requested.Actor}
	case approval.OSUser != "" && approval.OSUser == requested.OSUser:
		return SamePersonError{requested.ID, requested.Plan, requested.OSUser}
	}
	return nil
}

// TakenBack is what an undo would do to a field of a profile.
type TakenBack struct {
	Code    profile.ODSCode `json:"code"`
	Verb    Verb            `json:"verb"`
	Field   string          `json:"field"`
	Old     string          `json:"old"`
	New     string          `json:"new"`
	LeftOut LeftReason      `json:"because,omitempty"` // why it stays as it is; empty if it does not
}

// UndoDiffers refuses the undo of a run that would do something else than was shown.
func UndoDiffers(parent ID) error {
	return &profile.RefusedError{
		Name: "undo of run " + parent.String(), Why: "what it would take back is no longer what was looked at; look again, and undo it then",
	}
}
