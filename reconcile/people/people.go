package people

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// AccountID numbers an account. It stands for a person wherever their name must
// not appear: logs, audit, references of letters.
type AccountID int64

// String returns the id as the audit and people write it: u-4711.
func (id AccountID) String() string { return "u-" + strconv.FormatInt(int64(id), 10) }

// ParseAccountID reads u-4711, or 4711. The error does not hold the text, which
// may be an address typed by mistake.
func ParseAccountID(s string) (AccountID, error) {
	n, err := strconv.ParseInt(strings.TrimPrefix(strings.TrimSpace(s), "u-"), 10, 64)
	if err != nil || n < 1 {
		return 0, errors.New("account: want an id as u-4711")
	}
	return AccountID(n), nil
}

// AccountKind says what an account is for, and with that how long it may be idle.
type AccountKind string

// The kinds of accounts.
const (
	KindMember        AccountKind = "member"        // of organisations: account managers and editors
	KindLead          AccountKind = "lead"          // a DoS lead of a region
	KindAdministrator AccountKind = "administrator" // of this service
)

// AccountState is the state of an account.
type AccountState string

// The states of accounts. Nothing is deleted when an account ends.
const (
	AccountInvited     AccountState = "invited" // nobody has accepted the invitation yet
	AccountActive      AccountState = "active"
	AccountDeactivated AccountState = "deactivated" // by inactivity, or by a person
	AccountExpired     AccountState = "expired"     // an invitation that nobody accepted
)

// AccountStates lists every state.
func AccountStates() []AccountState {
	return []AccountState{AccountInvited, AccountActive, AccountDeactivated, AccountExpired}
}

// MemberRole is the role of a person in an organisation.
type MemberRole string

// The roles. An organisation has one account manager and any number of editors.
const (
	RoleManager MemberRole = "account-manager"
	RoleEditor  MemberRole = "editor"
)

// CheckedOrg is an open organisation with what reminders need to know of it.
type CheckedOrg struct {
	Code    profile.ODSCode
	Name    string
	Type    profile.OrgType
	ICB     profile.ODSCode
	Checked Checked
	Stated  []profile.Date // days with a dated opening entry, from today on
}

// MemberOf is a person's membership of an organisation.
type MemberOf struct {
	CheckedOrg

	Role MemberRole
}

// Person is an account with what rules and letters need to know of it. Its
// address and name cannot be printed.
type Person struct {
	ID         AccountID
	Kind       AccountKind
	State      AccountState
	Address    EmailAddress
	Name       PersonName
	Dead       bool // a mail service said that the address does not exist
	LastActive time.Time
	LeaveUntil profile.Date // on leave up to and including that day; zero if not on leave
	Orgs       []MemberOf
	Warned     []IdleWarning
}

// Reachable reports whether a letter may go to the person.
func (p Person) Reachable() bool {
	return !p.Dead && (p.State == AccountActive || p.State == AccountDeactivated)
}

// Filter says which people to load; an empty part matches all.
type Filter struct {
	IDs        []AccountID
	States     []AccountState
	Codes      []profile.ODSCode // members of these
	IdleBefore time.Time         // not active since
}
