package history

import (
	"fmt"
	"slices"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Reversal takes one change of one fact back (RULES.md "Undo of one field").
type Reversal struct {
	Changes     []int64 // the rows of the audit that it takes back, all of one transaction
	Values      []Value // former values of the fields of the fact
	Remove, Add []Part  // the parts in which the profile differs from how it was
	// Marks are what a run wrote of it: the register may propose that again, and then it is
	// withheld.
	Marks []Mark
}

// Value is a field before and after a reversal.
type Value struct {
	Field    profile.Field
	Now, Was string
}

// Mark is a value of the register that a person took back, and the run that wrote it.
type Mark struct {
	Field profile.Field
	Value string
	Run   runs.ID
}

// RefusedError says why a change cannot be taken back.
type RefusedError string

func (e RefusedError) Error() string { return string(e) }

// NothingLeftError says that there is nothing to take back, or not any more.
type NothingLeftError string

func (e NothingLeftError) Error() string { return string(e) + ": nothing is left to undo" }

// Undo returns what takes the newest change of a field back, with all of its fact. A number
// says which change that must be, by any of its rows; 0 says nothing. It returns a
// NothingLeftError or a RefusedError where that cannot be.
func (t Told) Undo(f profile.Field, number int64, today profile.Date) (back Reversal, err error) {
	if f.Owner() == profile.OwnedByERS {
		return back, RefusedError("services of the e-Referral Service are taken back with their run: see `profilesync runs undo`")
	}
	rows := t.newest(f)
	if err := t.mayUndo(f, rows, number); err != nil {
		return back, err
	}
	if err := t.refuseHeld(f, today); err != nil {
		return back, err
	}
	was := Standing{Values: t.Now.Values, Parts: slices.Clone(t.Now.Parts)}
	for _, c := range slices.Backward(rows) {
		if !was.undo(c) {
			return back, RefusedError(fmt.Sprintf("change %d is not what stands: something wrote %s without the audit", c.ID, f))
		}
	}
	for _, c := range rows {
		back.Changes = append(back.Changes, c.ID)
	}
	back.Values = differing(t.Now.Values, was.Values)
	back.Remove, back.Add = without(t.Now.Parts, was.Parts), without(was.Parts, t.Now.Parts)
	slices.Reverse(back.Add) // in the order in which they were written
	if len(back.Values)+len(back.Remove)+len(back.Add) == 0 {
		return back, NothingLeftError(fmt.Sprintf("change %d of %s ended where it began", rows[0].ID, f))
	}
	for _, v := range back.Values {
		if run := rows[0].Run; run != 0 && v.Field.Owner() == profile.OwnedByODS {
			back.Marks = append(back.Marks, Mark{v.Field, v.Now, run})
		}
	}
	return back, nil
}

// newest returns the rows of the newest transaction that changed the fact.
func (t Told) newest(f profile.Field) (rows []Change) {
	for _, c := range slices.Backward(t.Changes) {
		if c.Of() == profile.NoField || c.Of().Fact() != f.Fact() {
			continue
		}
		if len(rows) > 0 && rows[0].Transaction != c.Transaction {
			break
		}
		rows = append(rows, c)
	}
	slices.Reverse(rows)
	return rows
}

// mayUndo returns an error unless the newest rows are the change wanted, and no undo.
func (t Told) mayUndo(f profile.Field, newest []Change, number int64) error {
	if number != 0 && !slices.ContainsFunc(newest, func(c Change) bool { return c.ID == number }) {
		return t.notNewest(f, newest, number)
	}
	if len(newest) == 0 {
		return NothingLeftError(f.String() + " is as it was when the profile was created")
	}
	by := newest[0]
	for _, b := range t.TakenBack {
		if b.Transaction == by.Transaction {
			return NothingLeftError(t.takenBack(b))
		}
	}
	if r := t.Runs[by.Run]; r.Kind == runs.RunUndo {
		return NothingLeftError(fmt.Sprintf("run %d took the change of run %d back", r.ID, r.Parent))
	}
	return nil
}

// notNewest says why a numbered change is not the one to take back.
func (t Told) notNewest(f profile.Field, newest []Change, number int64) error {
	for _, b := range t.TakenBack {
		if b.Change == number {
			return NothingLeftError(t.takenBack(b))
		}
	}
	for _, c := range t.Changes {
		if c.ID == number && len(newest) > 0 && c.Of().Fact() == f.Fact() {
			n := newest[0]
			return RefusedError(fmt.Sprintf("change %d is not the newest of %s: change %d of %s followed it, by %s",
				number, f, n.ID, inLondon(n.At), n.Actor))
		}
	}
	return RefusedError(fmt.Sprintf("change %d is not one of %s of %s: see `profilesync profile why %[3]s %[2]s`", number, f, t.Now.Code))
}

func (t Told) takenBack(b TakenBack) string {
	return fmt.Sprintf("%s took change %d back at %s", b.Actor, b.Change, inLondon(b.At))
}

// refuseHeld refuses to change what a person holds.
func (t Told) refuseHeld(f profile.Field, today profile.Date) error {
	for _, h := range t.Holds {
		of, err := profile.ParseField(h.Field)
		if err == nil && of.Fact() == f.Fact() && h.Removed.IsZero() && (h.Until.IsZero() || !h.Until.Before(today)) {
			return RefusedError(fmt.Sprintf("%s is held by %s: %s", of, h.Actor, oneLine(h.Reason)))
		}
	}
	return nil
}

func differing(now, was profile.Values) (values []Value) {
	for _, f := range profile.Fields() {
		if now.Get(f) != was.Get(f) {
			values = append(values, Value{f, now.Get(f), was.Get(f)})
		}
	}
	return values
}

// without returns the parts that are not among the others; equal ones are counted.
func without(parts, others []Part) (rest []Part) {
	left := Standing{Parts: slices.Clone(others)}
	for _, p := range parts {
		if !left.remove(p) {
			rest = append(rest, p)
		}
	}
	return rest
}

func inLondon(at time.Time) string { return at.In(profile.London()).Format(time.DateTime) }
