package people

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// AccountID numbers an account. It names a person wherever their name must not
// stand: logs, audit, references of letters.
type AccountID int64

// String is the id as audit and people write it: u-4711.
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

// AccountState is how an account stands.
type AccountState string

// The states of accounts. Nothing is deleted when one ends.
const (
	AccountInvited     AccountState = "invited" // nobody accepted it yet
	AccountActive      AccountState = "active"
	AccountDeactivated AccountState = "deactivated" // by inactivity, or by a person
	AccountExpired     AccountState = "expired"     // an invitation that nobody accepted
)

// MemberRole is what a person is to an organisation.
type MemberRole string

// The roles. An organisation has one account manager and any number of editors.
const (
	RoleManager MemberRole = "account-manager"
	RoleEditor  MemberRole = "editor"
)

// CheckedOrg is an open organisation with what reminding needs of it.
type CheckedOrg struct {
	Code    profile.ODSCode
	Name    string
	Type    profile.OrgType
	ICB     profile.ODSCode
	Checked Checked
	Stated  []profile.Date // days with a dated opening entry, from today on
}

// MemberOf is a membership of a person.
type MemberOf struct {
	CheckedOrg

	Role MemberRole
}

// Person is an account with what rules and letters need of it. Its address and
// name cannot be printed.
type Person struct {
	ID         AccountID
	Kind       AccountKind
	State      AccountState
	Address    EmailAddress
	Name       PersonName
	Dead       bool // a mail service said that the address does not exist
	LastActive time.Time
	LeaveUntil profile.Date // on leave up to and with that day; zero for not
	Orgs       []MemberOf
	Warned     []IdleWarning
}

// Reachable reports whether a letter may go to the person.
func (p Person) Reachable() bool {
	return !p.Dead && (p.State == AccountActive || p.State == AccountDeactivated)
}

// Filter says whom to load; empty parts mean all.
type Filter struct {
	IDs        []AccountID
	States     []AccountState
	Codes      []profile.ODSCode // members of these
	IdleBefore time.Time         // not active since
}
