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
		kind: MassChangeWithheld, about: OfListing, owners: []Owner{Operations, ServiceDesk}, urgent: true,
		title: "Changes of {field} ({type}) in {report} wait, {rows} in all: more at once than the guard lets pass", next: decide,
	},
	{
		kind: RemovalsWithheld, about: OfListing, owners: []Owner{Operations, ServiceDesk}, urgent: true,
		title: "Closures, absences or removed services ({type}) in {report} wait, {rows} in all: more at once than the guard lets pass",
		next:  decide,
	},
	{
		kind: ListingRefused, about: OfListing, owners: []Owner{Operations, RegisterDesk}, urgent: true,
		title: "{report} of {day} was refused: nothing of it was taken over", next: "Read why: profilesync runs show {run}",
	},
	{
		kind: ShortListing, about: OfListing, owners: []Owner{Operations, RegisterDesk}, days: 1,
		title: "{report} of {day} is short: {records} records instead of {before}",
		next:  "Ask the register whether it is complete, then: profilesync runs approve {run}, or profilesync runs reject {run}",
	},
	{
		kind: MeaningChanged, about: OfListing, owners: []Owner{Operations, ServiceDesk}, days: 2,
		title: "Changes of {field} ({type}) in {report} wait, {rows} in all: the column may mean something else now", next: decide,
	},
	{
		kind: UndoneWithheld, about: OfListing, owners: []Owner{Operations, ServiceDesk}, days: 5,
		title: "Changes of {field} ({type}) in {report} wait, {rows} in all: somebody undid them, and the register repeats them", next: decide,
	},
	{
		kind: SourceLate, about: OfListing, owners: []Owner{Operations, RegisterDesk}, days: 1,
		title:  "{report} is late: {read}",
		next:   "Look at its runs, and at the register's site: profilesync runs list",
		stands: late,
	},
	{
		kind: QuarantinedRecord, about: OfListing, owners: []Owner{Operations, RegisterDesk}, days: 5,
		title: "{record} in {report} could not be understood: {field}",
		next:  "See it, and what to do: profilesync quarantine list --report {report}",
	},
}

// decide selects what waits by what it is: it may wait in several runs.
const decide = "See them: profilesync runs waiting --report {report} --reason {reason} --type {type} --field {field}. " +
	"Then approve or reject them with the same choice: profilesync runs approve, or profilesync runs reject"

// lateAfter is after how many working days without a run that ended well a source is
// late.
const lateAfter = 2

func late(s Signal, at Moment) bool {
	return at.Calendar.AddWorkingDays(profile.DateIn(s.Since, profile.London()), lateAfter).Before(at.Today())
}
