package people

import (
	"fmt"
	"slices"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// DueLetter is a letter that is due: ids, and what the store knows of them at the
// moment of sending.
type DueLetter struct {
	ID        int64
	Reference string
	Kind      LetterKind
	Account   AccountID         // the recipient; 0 for a list
	List      profile.ODSCode   // the ICB to whose list it goes; empty for a person
	Stage     Stage             // of a reminder
	Quarter   Quarter           // of a reminder
	Subject   AccountID         // the account it is about, if that is not the recipient's
	Since     profile.Date      // about inactivity: the last activity
	Ends      profile.Date      // about inactivity: when the account ends
	Codes     []profile.ODSCode // the organisations it was made for
	Attempt   int               // 1 for the first
	ClaimedAt time.Time         // when it was claimed; identifies the claim

	Age time.Duration // since it was claimed, if a process left it in the middle of sending

	Person        *Person      // the account; nil for a list
	SubjectPerson *Person      // the account it is about; nil for none
	Orgs          []CheckedOrg // of Codes, or of the list's region
	Lines         []string     // about cases: a line for each of which it still holds
}

// AttemptReference returns the reference by which the mail service knows an attempt. After an
// attempt that it certainly did not accept, the next has a reference of its own.
func (p DueLetter) AttemptReference() string {
	if p.Attempt <= 1 {
		return p.Reference
	}
	return fmt.Sprintf("%s/%d", p.Reference, p.Attempt)
}

// NationalList is the name of the list that gets everything.
const NationalList profile.ODSCode = "national"

// Composer composes letters at the moment of sending, and says if a letter is no
// longer true.
type Composer struct {
	ReminderContext

	Limits IdleLimits
	Lists  map[profile.ODSCode]EmailAddress // by ICB, and NationalList
	SignIn string                           // where people sign in
	Desk   string                           // how people reach the desk that reactivates accounts

	// Report fills the notice of a report; nil if there are no reports.
	Report func(day profile.Date, list profile.ODSCode) (words map[string]string, ok bool)
}

// Reasons for not sending a letter.
const (
	SkipComplete    = "complete"     // nothing is missing any more
	SkipLate        = "late"         // its stage is over
	SkipActive      = "active again" // the person has been active since
	SkipEnded       = "ended"        // the account, or the membership, has ended
	SkipUnreachable = "no address"   // dead, or none
)

// Compose returns a letter with the end date that a warning states, or the reason
// to skip it.
func (c Composer) Compose(p DueLetter) (letter Letter, ends profile.Date, skip string) {
	letter = Letter{Reference: p.AttemptReference(), Kind: p.Kind}
	if p.Account == 0 {
		address, ok := c.list(p.List)
		if !ok {
			return letter, ends, SkipUnreachable
		}
		letter.To = address
	} else {
		if p.Person == nil || !p.Person.Reachable() {
			return letter, ends, SkipUnreachable
		}
		letter.To, letter.Name = p.Person.Address, p.Person.Name
	}
	switch p.Kind {
	case LetterInactive30, LetterInactive7:
		letter.Facts, ends, skip = c.warning(p)
	case LetterDeactivated:
		letter.Facts, skip = c.deactivated(p)
	case LetterMemberEnded:
		letter.Facts, skip = c.memberEnded(p)
	case LetterReport:
		letter.Facts.Words, skip = c.report(p)
	case LetterLastManager:
		letter.Facts, skip = c.lastManager(p)
	case LetterCaseUrgent, LetterCases:
		letter.Facts, skip = aboutCases(p)
	default:
		letter.Facts, skip = c.reminder(p)
	}
	return letter, ends, skip
}

// list returns the address of an ICB's list, or of the national list.
func (c Composer) list(icb profile.ODSCode) (address EmailAddress, ok bool) {
	if address, ok = c.Lists[icb]; !ok {
		address, ok = c.Lists[NationalList]
	}
	return address, ok
}

func (c Composer) reminder(p DueLetter) (facts LetterFacts, skip string) {
	day, late := c.stage(p)
	if late {
		return facts, SkipLate
	}
	var reminder Reminder
	var due bool
	if p.Account == 0 {
		reminder, due = c.ForList(p.List, p.Orgs, day)
	} else {
		if p.Person.State != AccountActive {
			return facts, SkipEnded
		}
		reminder, due = c.For(*p.Person, day)
	}
	if !due {
		return facts, SkipComplete
	}
	return LetterFacts{
		Words: map[string]string{
			"quarter": p.Quarter.Words(), "deadline": p.Quarter.Last().Words(), "sign_in": c.SignIn,
		},
		Lists: map[string][]string{"organisations": reminder.Lines},
	}, ""
}

// stage finds the stage of a letter, and whether it is over. A letter that a
// person asked for is over when the quarter is.
func (c Composer) stage(p DueLetter) (day StageDay, late bool) {
	if p.Stage == StageAsked {
		return StageDay{Stage: StageAsked, Quarter: p.Quarter}, c.Today.After(p.Quarter.Last())
	}
	for _, day := range c.Calendar.Stages(p.Quarter) {
		if day.Stage == p.Stage {
			return day, c.Today.After(day.Until)
		}
	}
	return day, true
}

// warning is true only while the person stays inactive; anybody warned late has
// longer. It is judged on the day it was made for or later, so that a clock set
// back does not make it untrue.
func (c Composer) warning(p DueLetter) (facts LetterFacts, ends profile.Date, skip string) {
	if p.Person.State != AccountActive {
		return facts, ends, SkipEnded
	}
	want, days := IdleWarnFirst, firstWarning
	if p.Kind == LetterInactive7 {
		want, days = IdleWarnLast, lastWarning
	}
	verdict := c.Limits.Judge(p.Person.withoutWarning(p.Kind), later(c.Today, p.Ends.AddDays(-days)))
	if verdict.Step != want || verdict.Since != p.Since {
		return facts, ends, SkipActive
	}
	return LetterFacts{
		Words: map[string]string{
			"last_active": p.Person.lastActive(), "ends": verdict.Ends.Words(), "sign_in": c.SignIn,
		},
		Lists: map[string][]string{"organisations": p.Person.organisations()},
	}, verdict.Ends, ""
}

// withoutWarning returns the person as before they were sent a warning of a kind.
func (p Person) withoutWarning(kind LetterKind) Person {
	var warned []IdleWarning
	for _, w := range p.Warned {
		if w.Kind != kind {
			warned = append(warned, w)
		}
	}
	p.Warned = warned
	return p
}

func (c Composer) deactivated(p DueLetter) (facts LetterFacts, skip string) {
	if p.Person.State != AccountDeactivated {
		return facts, SkipActive
	}
	return LetterFacts{
		Words: map[string]string{"last_active": p.Person.lastActive(), "reactivate": c.Desk},
		Lists: map[string][]string{"organisations": p.Person.organisations()},
	}, ""
}

func (c Composer) memberEnded(p DueLetter) (facts LetterFacts, skip string) {
	switch {
	case p.SubjectPerson == nil || p.SubjectPerson.State == AccountActive:
		return facts, SkipActive
	case p.Person.State != AccountActive:
		return facts, SkipEnded
	}
	managed := p.Person.managed(p.Codes)
	if len(managed) == 0 {
		return facts, SkipEnded
	}
	return LetterFacts{
		Words: map[string]string{"person": p.SubjectPerson.Name.Reveal()}, Lists: map[string][]string{"organisations": managed},
	}, ""
}

// lastManager is true while the account manager is idle and still manages the
// organisations.
func (c Composer) lastManager(p DueLetter) (facts LetterFacts, skip string) {
	if p.SubjectPerson == nil || p.SubjectPerson.State != AccountActive {
		return facts, SkipEnded
	}
	verdict := c.Limits.Judge(*p.SubjectPerson, later(c.Today, p.Ends))
	if verdict.Step == IdleNothing || verdict.Since != p.Since {
		return facts, SkipActive
	}
	managed := p.SubjectPerson.managed(p.Codes)
	if len(managed) == 0 {
		return facts, SkipEnded
	}
	return LetterFacts{
		Words: map[string]string{"ends": p.Ends.Words()}, Lists: map[string][]string{"organisations": managed},
	}, ""
}

func aboutCases(p DueLetter) (facts LetterFacts, skip string) {
	if len(p.Lines) == 0 {
		return facts, SkipComplete
	}
	return LetterFacts{Lists: map[string][]string{"cases": p.Lines}}, ""
}

func (p Person) lastActive() string { return profile.DateIn(p.LastActive, profile.London()).Words() }

// organisations returns one line for each organisation that a person can update.
// There is always a line, since no letter may go out with an empty list.
func (p Person) organisations() (lines []string) {
	for _, org := range p.Orgs {
		lines = append(lines, org.line())
	}
	switch {
	case len(lines) > 0:
		return lines
	case p.Kind == KindLead:
		return []string{"the profiles of your region"}
	case p.Kind == KindAdministrator:
		return []string{"the settings of this service"}
	default:
		return []string{"any profile (your account has no organisation at present)"}
	}
}

// managed returns one line for each of the organisations whose account manager
// the person is.
func (p Person) managed(codes []profile.ODSCode) (lines []string) {
	for _, org := range p.Orgs {
		if org.Role == RoleManager && slices.Contains(codes, org.Code) {
			lines = append(lines, org.line())
		}
	}
	return lines
}

func (o CheckedOrg) line() string { return string(o.Code) + " " + o.Name }

// LetterState is the state of a letter.
type LetterState string

// The states in which an attempt can leave a letter; the others are MailState's.
const (
	LetterIsDue       LetterState = "due"       // will be tried again
	LetterIsAccepted  LetterState = "accepted"  // on its way
	LetterIsDelivered LetterState = "delivered" // the mail service said so at once
	LetterIsRefused   LetterState = "refused"   // will never be accepted
	LetterIsCancelled LetterState = "cancelled" // no longer true
	LetterIsUnclear   LetterState = "unclear"   // may have been sent: never sent again automatically
	LetterIsDead      LetterState = "dead"      // no such address
	LetterIsFailed    LetterState = "failed"
)

// LetterStates lists every state in which a letter can be; claimed ones are being sent.
func LetterStates() []LetterState {
	return []LetterState{
		LetterIsDue, "claimed", LetterIsAccepted, LetterIsDelivered, LetterState(MailBounced), LetterIsRefused, LetterIsCancelled,
		LetterIsUnclear, LetterIsDead, LetterIsFailed,
	}
}

// LetterOutcome is the outcome of a claimed letter.
type LetterOutcome struct {
	LetterID      int64
	ClaimedAt     time.Time // identifies the claim that the outcome belongs to
	State         LetterState
	Reason        string
	Wait          time.Duration // for PostDue
	NotAttempted  bool          // for PostDue: nothing was sent, so it does not count as an attempt
	Acceptance    Acceptance
	Ends          profile.Date // the end date that a warning stated
	DeadAddressOf AccountID    // the account whose address does not exist; 0 for none
}

// Outcome returns the outcome of the letter with no more than its state.
func (p DueLetter) Outcome(state LetterState) LetterOutcome {
	return LetterOutcome{LetterID: p.ID, ClaimedAt: p.ClaimedAt, State: state}
}

// Released makes a claimed letter due again if it was certainly not sent.
func (p DueLetter) Released() LetterOutcome {
	s := p.Outcome(LetterIsDue)
	s.NotAttempted = true
	return s
}

// Canary is the newest version of a text. A few letters of it are sent, followed
// by a pause in which people may stop the rest.
type Canary struct {
	Kind    LetterKind
	Version int
	Sent    int
	Over    bool // its pause is over
}

// CanarySize is the number of letters of a new version sent before the pause.
const CanarySize = 10

// Allowance returns how many letters of the text may be sent now; negative means any
// number.
func (c Canary) Allowance() int {
	switch {
	case c.Kind.Urgent():
		return -1
	case c.Sent < CanarySize:
		return CanarySize - c.Sent
	case c.Over:
		return -1
	default:
		return 0
	}
}

// LetterInTransit is an accepted letter that is not known to be delivered or failed.
type LetterInTransit struct {
	ID         int64
	ProviderID string
}

// report returns the words for the notice of a report; the notice is late if the
// report is gone.
func (c Composer) report(p DueLetter) (words map[string]string, skip string) {
	if c.Report == nil {
		return nil, SkipLate
	}
	words, ok := c.Report(p.Since, p.List)
	if !ok {
		return nil, SkipLate
	}
	return words, ""
}
