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
		kind: AccountsWithheld, about: OfDay, owners: []Owner{Operations, ServiceDesk}, days: 2,
		title: "{ending} of {accounts} accounts would have ended on {subject}: more at once than is believed, so none did",
		next:  "See them: profilesync accounts idle. Then: profilesync accounts approve",
	},
	{
		kind: NoAccountManager, about: OfProfile, owners: []Owner{Board, ServiceDesk}, days: 10,
		title: "{code} is new, and has no account manager", next: "Ask the organisation who it is, and invite them in the editing application",
	},
	{
		kind: NoRecipient, about: OfProfile, owners: []Owner{Board, ServiceDesk}, days: 10,
		title: "Nobody of {code} can be written to", next: "Ask the organisation for an address, and correct the account: profilesync accounts list --code {code}",
	},
	{
		kind: LastManagerIdle, about: OfProfile, owners: []Owner{Board, ServiceDesk}, days: 10,
		title: "{account}, the only account manager of {code}, has not signed in since {day}",
		next:  "Ask the organisation who manages its profile now, and change the account in the editing application",
	},
	{
		kind: CheckOverdue, about: OfProfile, owners: []Owner{Board, ServiceDesk}, days: 20,
		title: "{code} was not checked in the quarter that ended on {day}", next: "Ask the organisation to check its profile: profilesync remind {code}",
	},
	{
		kind: LetterBounced, about: OfAccount, owners: []Owner{ServiceDesk, Board}, days: 5,
		title: "Letters do not reach {subject}: {reason}", next: "Correct the address in the editing application: profilesync accounts show {subject}",
	},
	{
		kind: HolidayVanished, about: OfDay, owners: []Owner{Operations}, days: 5,
		title: "The official list names {subject} ({title}) no more; it still counts as a bank holiday",
		next:  "Compare with the list. If the day is none: profilesync calendar remove {subject}",
	},
}
