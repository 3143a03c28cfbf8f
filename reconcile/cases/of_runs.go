package cases

import "github.com/profilesync/profilesync/reconcile/profile"

// The kinds about registers and runs.
const (
	MassChangeWithheld Kind = "mass-change-withheld"
	RemovalsWithheld   Kind = "removals-withheld"
	ListingRefused     Kind = "listing-refused"
	ShortListing       Kind = "short-listing"
	MeaningChanged     Kind = "meaning-changed"
	UndoneWithheld     Kind = "undone-withheld"
	SourceLate         Kind = "source-late"
	QuarantinedRecord  Kind = "quarantined-record"
)

var ofRuns = []rule{
	{
		kind: MassChangeWithheld, owners: []Owner{Operations, ServiceDesk}, urgent: true,
		title: "{report} of {day} changes {what} in {rows} {sort} profiles: so many at once wait for a decision{layout}", next: decide,
	},
	{
		kind: RemovalsWithheld, owners: []Owner{Operations, ServiceDesk}, urgent: true,
		title: "By {report} of {day}, {rows} {things} have closed or are missing: so many at once wait for a decision{layout}",
		next:  decide,
	},
	{
		kind: ListingRefused, owners: []Owner{Operations, RegisterDesk}, urgent: true,
		title: "{report} of {day} was refused: nothing of it was taken over", next: "Read why: profilesync runs show {run}",
	},
	{
		kind: ShortListing, owners: []Owner{Operations, RegisterDesk}, days: 1,
		title: "{report} of {day} is short: {records} records instead of {before}",
		next:  "Ask the register whether it is complete, then: profilesync runs approve {run}, or profilesync runs reject {run}",
	},
	{
		kind: MeaningChanged, owners: []Owner{Operations, ServiceDesk}, days: 2,
		title: "{report} of {day} changes {what} in {rows} {sort} profiles: the column may mean something else now{layout}", next: decide,
	},
	{
		kind: UndoneWithheld, owners: []Owner{Operations, ServiceDesk}, days: 5,
		title: "{report} of {day} changes {what} in {rows} {sort} profiles: it repeats what somebody undid", next: decide,
	},
	{
		kind: SourceLate, owners: []Owner{Operations, RegisterDesk}, days: 1,
		title:  "{report} is late: {read}",
		next:   "Look at its runs, and at the register's site: profilesync runs list",
		stands: late,
	},
	{
		kind: QuarantinedRecord, owners: []Owner{Operations, RegisterDesk}, days: 5,
		title: "{record} in {report} could not be understood: {field}",
		next:  "See it, and what to do: profilesync quarantine list --report {report}",
	},
}

// decide selects what waits by what it is: it may wait in several runs.
const (
	decide = "See them: profilesync runs waiting " + choice + ". To apply them: profilesync runs approve " + choice +
		". To drop them: profilesync runs reject " + choice
	choice = "--report {report} --reason {reason} --type {type} --field {field}"
)

// lateAfter is after how many working days without a run that ended well a source is
// late.
const lateAfter = 2

func late(s Signal, at Moment) bool {
	return at.Calendar.AddWorkingDays(profile.DateIn(s.Since, profile.London()), lateAfter).Before(at.Today())
}
