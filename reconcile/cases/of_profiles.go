package cases

// The kinds about profiles and what the register says of them.
const (
	ClosurePending     Kind = "closure-pending"
	ClosedWithHours    Kind = "closed-with-hours"
	Missing            Kind = "missing-from-register"
	LeftType           Kind = "left-type"
	Deleted            Kind = "deleted-from-register"
	InactiveWithoutEnd Kind = "inactive-without-end"
	Contradiction      Kind = "contradiction"
	SuccessorNamed     Kind = "successor-named"
	Renamed            Kind = "renamed"
	ProbableDuplicate  Kind = "probable-duplicate"
	ClosedInReality    Kind = "closed-in-reality"
	ClosureConfirmed   Kind = "closure-confirmed"
)

var ofProfiles = []rule{
	{
		kind: ClosurePending, owners: []Owner{Managers, Board}, days: 1,
		title: "By {report}, {organisation} closed{end}; if a listing of a later day says so too, its profile closes",
		next: "If it is open, tell the register, and hold its status: " +
			"profilesync hold add {code} --field status --reason 'it is open'",
	},
	{
		kind: ClosedWithHours, owners: []Owner{Managers, Board}, days: 2,
		title: "{organisation} is closed, and its profile states hours for days to come: {days}, the first on {day}",
		next: "Find out whether it is open: profilesync profile history {code}. If it is not, remove the hours; " +
			"if it is, have the register corrected",
	},
	{
		kind: Missing, owners: []Owner{Board, RegisterDesk}, days: 10,
		title: "{organisation} is missing from {report} since {day}; its profile stays open", next: correct,
	},
	{
		kind: LeftType, owners: []Owner{Board, ServiceDesk}, days: 10,
		title: "{organisation} is no longer a {sort} in {report}; its profile stays as it is", next: correct,
	},
	{
		kind: Deleted, owners: []Owner{Board, RegisterDesk}, days: 10,
		title: "The register has deleted {organisation}; its profile stays as it is", next: correct,
	},
	{
		kind: InactiveWithoutEnd, owners: []Owner{RegisterDesk, Board}, days: 10,
		title: "{organisation} is inactive in {report}, and {why}; its profile stays open", next: correct,
	},
	{
		kind: Contradiction, owners: []Owner{RegisterDesk, Board}, days: 10,
		title: "{organisation} is active in {report}, and ended on {day} by the same record", next: correct,
	},
	{
		kind: SuccessorNamed, owners: []Owner{ServiceDesk, Board}, days: 5,
		title: "{follower} follows {organisation}, which has closed, and nobody has confirmed it since",
		next: "Have what still holds taken over, and the profile confirmed: profilesync profile show {code}, " +
			"profilesync profile show {successor}",
	},
	{
		kind: Renamed, owners: []Owner{Managers, Board}, days: 20,
		title: "The register renamed {before} to {organisation} on {day}",
		next:  "See it: profilesync profile history {code}. Confirm the contact details of the profile, or have the register corrected",
	},
	{
		kind: ProbableDuplicate, owners: []Owner{Board, ServiceDesk}, days: 10,
		title:  "{organisation} and {other} ({about}) seem to be one {sort}: both are at {postcode}, with nearly the same name",
		next:   "Compare them: profilesync profile show {code}, profilesync profile show {about}. Have the register close the wrong one",
		stands: func(s Signal, _ Moment) bool { return nearlySame(s.Facts["name"], s.Facts["other"]) },
	},
	{
		kind: ClosedInReality, owners: []Owner{Board, ServiceDesk, RegisterDesk}, days: 5,
		title: "{organisation} may have closed, and is open in the register: {signs}",
		next: "Find out whether it is open. If it has closed: profilesync closure confirm {code} --reason 'who says so'. " +
			"If it has not, have somebody of it confirm the profile, and take back what was said: " +
			"profilesync closure take-back {code} --reason 'who says so'",
	},
	{
		kind: ClosureConfirmed, owners: []Owner{RegisterDesk, Board, ServiceDesk}, days: 4, // overdue after a week
		title: "{organisation} has closed, as a person confirmed on {day}, and is open in the register{elsewhere}",
		next: "Have the register close it. If it is open after all: " +
			"profilesync closure take-back {code} --reason 'who says so'",
	},
}

const correct = "Find out which is right: profilesync profile show {code}. If the register is wrong, have it corrected"
