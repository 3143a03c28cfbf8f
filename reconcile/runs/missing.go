package runs

import "github.com/profilesync/profilesync/reconcile/profile"

// Missed is what MarkMissing needs to know of a profile whose record a complete
// listing does not hold.
type Missed struct {
	Code   profile.ODSCode
	Type   profile.OrgType
	Since  profile.Date // the first listing it was missing from; zero for none
	Undone bool         // a person took this mark back before: it is proposed again, and withheld
}

// MarkMissing plans the marks for profiles that a complete listing does not
// hold. Only listings lead to it: a delta says nothing about absence. An
// organisation missing from two listings on different days is flagged; it is
// never closed for that.
func MarkMissing(asOf profile.Date, missed []Missed) Plan {
	var plan Plan
	for _, m := range missed {
		outcome := Outcome{Code: m.Code}
		if m.Since.IsZero() {
			plan.Changes = append(plan.Changes, Change{
				Code: m.Code, Type: m.Type, Verb: Missing, New: asOf.String(), Reason: BecauseUpstream,
				Undone: m.Undone,
			})
		} else if m.Since.Before(asOf) {
			outcome.Flag = StillAbsent
		}
		plan.Outcomes = append(plan.Outcomes, outcome)
	}
	plan.sort()
	return plan
}
