package runs

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// PlanID is the number of a plan that a person was shown: P12. Zero is no plan.
type PlanID int64

func (id PlanID) String() string { return "P" + strconv.FormatInt(int64(id), 10) }

// MarshalText writes the number as people type it.
func (id PlanID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads P12, p12 or 12.
func (id *PlanID) UnmarshalText(text []byte) error {
	digits := strings.TrimPrefix(strings.ToUpper(string(text)), "P")
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n == 0 {
		return fmt.Errorf("%q is no number of a plan: want P12 or 12", text)
	}
	*id = PlanID(n)
	return nil
}

// AlreadyApplied is the refusal of a plan that a run has applied.
func AlreadyApplied(plan PlanID, in ID) error {
	return &profile.RefusedError{Name: "plan " + plan.String(), Why: fmt.Sprintf("it was already applied in run %d; make a new plan", in)}
}

// NotKept is the error of a plan that is too old.
func NotKept(plan PlanID) error {
	return Conflictf("plan %s is no longer kept: plans are kept for a week; make a new one", plan)
}

// ReadWith is the file of commissioners that a plan was read with where that file was
// not kept.
type ReadWith struct {
	File   string `json:"file"`   // its name, without folders
	Boards string `json:"boards"` // the hash of what it says
}

// NewReadWith describes a file with these boards.
func NewReadWith(file string, boards profile.Hash) *ReadWith {
	return &ReadWith{File: file, Boards: hex.EncodeToString(boards[:])}
}

// Check refuses to apply the plan with other boards than it was read with.
func (w *ReadWith) Check(plan PlanID, boards profile.Hash) error {
	if w == nil || w.Boards == hex.EncodeToString(boards[:]) {
		return nil
	}
	return &profile.RefusedError{Name: "plan " + plan.String(), Why: fmt.Sprintf(
		"it was read with the boards in %s, which are not those that are kept; load that file first: profilesync reconcile --files %s",
		w.File, w.File)}
}

// Differs says how what a run would do differs from the plan that it was to apply.
type Differs struct {
	New   int          `json:"new"`   // changes that are not in the plan
	Gone  int          `json:"gone"`  // changes of the plan that the run would not make
	Other int          `json:"other"` // changes of the same field that do something else, or are withheld on one side only
	Rows  []Difference `json:"rows"`  // the first of them
}

// Difference is a field of a profile that a run would not change as planned.
type Difference struct {
	Code    profile.ODSCode `json:"code"`
	Field   string          `json:"field"`             // empty for a creation
	Planned *Intent         `json:"planned,omitempty"` // nil if the plan does not change it
	Now     *Intent         `json:"now,omitempty"`     // nil if the run would not change it
}

// Intent is what a plan does to one field.
type Intent struct {
	Verb     Verb           `json:"verb"`
	Old      string         `json:"old"`
	New      string         `json:"new"`
	Withheld WithheldReason `json:"withheld,omitempty"`
}

// DiffersError refuses a run that would not do what its plan shows (RULES.md "Plans").
type DiffersError struct {
	Plan    PlanID
	Differs Differs
}

func (e *DiffersError) Error() string { return e.refused().Error() }

// Unwrap makes it a refusal: nothing was changed.
func (e *DiffersError) Unwrap() error { return e.refused() }

func (e *DiffersError) refused() *profile.RefusedError {
	return &profile.RefusedError{Name: "plan " + e.Plan.String(), Why: fmt.Sprintf(
		"what would be done is no longer what it shows: %s; make a new plan", e.Differs)}
}

// String counts the differences.
func (d Differs) String() string {
	var parts []string
	for _, count := range []struct {
		n    int
		what string
	}{{d.New, "new"}, {d.Gone, "gone"}, {d.Other, "other than planned"}} {
		if count.n > 0 {
			parts = append(parts, strconv.Itoa(count.n)+" "+count.what)
		}
	}
	return strings.Join(parts, ", ")
}
