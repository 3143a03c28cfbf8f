package cases

// The kinds about people, their checks and their letters.
const (
	AccountsWithheld Kind = "accounts-withheld"
	NoAccountManager Kind = "no-account-manager"
	NoRecipient      Kind = "no-recipient"
	LastManagerIdle  Kind = "last-manager-idle"
	CheckOverdue     Kind = "check-overdue"
	LetterBounced    Kind = "letter-bounced"
	HolidayVanished  Kind = "holiday-vanished"
)

var ofPeople = []rule{
	{
		kind: AccountsWithheld, owners: []Owner{Operations, ServiceDesk}, days: 2,
		title: "{ending} of {accounts} accounts were to end on {day}: more at once than is believed, so none did",
		next:  "See them: profilesync accounts inactive --preview. Then, if it is right: profilesync accounts approve {look}",
	},
	{
		kind: NoAccountManager, owners: []Owner{Board, ServiceDesk}, days: 10,
		title: "{organisation} is new since {day}, and has no account manager",
		next: "Ask the organisation who manages its profile, and invite them in the editing application: " +
			"profilesync profile show {code}",
	},
	{
		kind: NoRecipient, owners: []Owner{Board, ServiceDesk}, days: 10,
		title: "Nobody of {organisation} can be written to",
		next: "Ask the organisation who answers for its profile, and correct the account or invite somebody: " +
			"profilesync accounts show {account}",
	},
	{
		kind: LastManagerIdle, owners: []Owner{Board, ServiceDesk}, days: 10,
		title: "{account}, the only account manager of {organisation}, has not signed in since {day}",
		next: "Ask the organisation who manages its profile now, and change it in the editing application: " +
			"profilesync accounts show {account}",
	},
	{
		kind: CheckOverdue, owners: []Owner{Board, ServiceDesk}, days: 20,
		title: "{organisation} was not confirmed in full by {day}: {sections}",
		next:  "Ask the organisation to confirm its profile: profilesync remind --send-now {code}",
	},
	{
		kind: LetterBounced, owners: []Owner{ServiceDesk, Board}, days: 5,
		title: "Letters do not reach {subject}: {reason}",
		next:  "Correct the address in the editing application: profilesync accounts show {subject}",
	},
	{
		kind: HolidayVanished, owners: []Owner{Operations}, days: 5,
		title: "The official list names {day} ({title}) no more; it still counts as a bank holiday",
		next: "Compare with https://www.gov.uk/bank-holidays. If the day is none, tell those who stated hours for it, " +
			"and set the case aside until then",
	},
}
