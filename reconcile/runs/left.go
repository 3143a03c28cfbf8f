package runs

import (
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// LeftReason says why a decision leaves a change out.
type LeftReason string

// The reasons for leaving a change out. What is left out because the profile is
// closed waits no longer.
const (
	LeftHeld      LeftReason = "held"     // a person froze the fact
	LeftClosed    LeftReason = "closed"   // the profile is closed, and its fields stay as they are
	LeftEdited    LeftReason = "edited"   // the profile holds another value than before
	LeftTakenBack LeftReason = "register" // the register does not say it any more
)

// ExplainLeft gives the changes that an approval leaves out their reasons. The items
// hold the profiles and people's decisions; the changes of a fact share a reason.
func ExplainLeft(left []Change, asOf profile.Date, items []Item) (explained []Change) {
	at := make(map[profile.ODSCode]*Item, len(items))
	for i := range items {
		at[items[i].Upstream.Code] = &items[i]
	}
	for _, rows := range byFact(left) {
		item := at[rows[0].Code]
		if item == nil {
			item = &Item{}
		}
		v := comparison{Input: &Input{AsOf: asOf}, Item: item}
		reason := v.whyLeft(rows)
		for _, c := range rows {
			c.Left = reason
			explained = append(explained, c)
		}
	}
	return explained
}

func (v *comparison) whyLeft(rows []Change) LeftReason {
	edited := func(c Change) bool { return c.Verb != Missing && v.Local.Values.Get(c.Field) != c.Old }
	switch fact := rows[0].Field.Fact(); {
	case v.Local == nil:
		return LeftTakenBack
	case v.Local.Status() == profile.StatusClosed && fact != profile.FieldStatus:
		return LeftClosed
	case v.held(fact) != nil:
		return LeftHeld
	case slices.ContainsFunc(rows, edited):
		return LeftEdited
	default:
		return LeftTakenBack
	}
}
