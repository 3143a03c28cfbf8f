package people

import (
	"fmt"
	"slices"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// IdleLimits holds the number of days for which an account may be inactive.
// Nobody has published such rules for our service: the defaults are our own
// (RULES.md "Inactivity") and can be set.
type IdleLimits struct {
	Member        int // two quarterly checks, both in time, can be 183 days apart
	Lead          int
	Administrator int
	Invitation    int // until an invitation that nobody accepted expires
}

// MaxLeaveMonths is the longest leave for which somebody is exempt.
const MaxLeaveMonths = 18

// firstWarning and lastWarning are the number of days before an account ends on
// which its person is warned.
const (
	firstWarning = 30
	lastWarning  = 7

	// WarnedDaysBefore is the minimum number of days between the acceptance of the
	// last warning and the end of the account.
	WarnedDaysBefore = lastWarning
)

// IdleWarning is a warning that was sent to a person, or is due.
type IdleWarning struct {
	Kind     LetterKind   // LetterInactive30 or LetterInactive7
	Since    profile.Date // the last activity that it states
	Ends     profile.Date // the day that it states for the end of the account
	Accepted time.Time    // by the mail service; zero if not yet
	Failed   bool         // it will never be accepted
}

// IdleStep is the next step for an inactive account.
type IdleStep string

// The steps.
const (
	IdleNothing    IdleStep = ""
	IdleWarnFirst  IdleStep = "warn-30-days"
	IdleWarnLast   IdleStep = "warn-7-days"
	IdleDeactivate IdleStep = "deactivate"
	IdleExpire     IdleStep = "expire" // an invitation
	IdleKeep       IdleStep = "keep"   // flagged: an open organisation would lose its only account manager
	IdleHold       IdleStep = "hold"   // reported: not every warning was delivered
)

// IdleVerdict says what to do about one account, and why.
type IdleVerdict struct {
	Account AccountID
	Step    IdleStep
	Since   profile.Date // the last activity, or the end of a leave
	Ends    profile.Date // when the account ends, unless somebody signs in
	Why     string
	Codes   []profile.ODSCode // for IdleKeep: the organisations
}

// Ending reports whether the step ends the account.
func (v IdleVerdict) Ending() bool { return v.Step == IdleDeactivate || v.Step == IdleExpire }

// Judge says what to do about an account on a day. An account ends only if both
// warnings were accepted, the first at least 30 days before and the last at least
// 7, and not before the day that they stated: anybody warned late has longer.
// Accounts with a dead address, or whose person could not be warned, are held.
func (l IdleLimits) Judge(p Person, today profile.Date) IdleVerdict {
	v := IdleVerdict{Account: p.ID, Since: profile.DateIn(p.LastActive, profile.London())}
	if p.State == AccountInvited {
		return l.judgeInvitation(v, today)
	}
	if p.State != AccountActive || p.onLeave(today) {
		return v
	}
	v.Since = later(v.Since, p.LeaveUntil)
	v.Ends = v.Since.AddDays(l.daysFor(p.Kind))
	if today.Before(v.Ends.AddDays(-firstWarning)) {
		return v
	}
	v.Why = p.whyIdle()
	if p.Dead {
		return v.hold(today)
	}
	return v.afterWarnings(p, today)
}

// afterWarnings returns the next warning, waits for those sent, and then ends the
// account.
func (v IdleVerdict) afterWarnings(p Person, today profile.Date) IdleVerdict {
	for _, next := range []struct {
		kind LetterKind
		step IdleStep
		days int
	}{{LetterInactive30, IdleWarnFirst, firstWarning}, {LetterInactive7, IdleWarnLast, lastWarning}} {
		sent := p.warning(next.kind, v.Since)
		switch {
		case sent == nil && today.Before(v.Ends.AddDays(-next.days)):
			return v
		case sent == nil:
			return v.warn(next.step, today, next.days)
		}
		if v.Ends = sent.endAfter(v.Ends, next.days); sent.Failed || sent.Accepted.IsZero() {
			return v.hold(today)
		}
	}
	if today.Before(v.Ends) {
		return v
	}
	return v.end(p)
}

func (p Person) onLeave(today profile.Date) bool {
	return !p.LeaveUntil.IsZero() && !p.LeaveUntil.Before(today)
}

// whyIdle says for people since when the account has been idle.
func (p Person) whyIdle() string {
	active := profile.DateIn(p.LastActive, profile.London())
	if p.LeaveUntil.After(active) {
		return fmt.Sprintf("last active on %s, on leave until %s", active, p.LeaveUntil)
	}
	return fmt.Sprintf("last active on %s", active)
}

// endAfter returns the day on which an account ends after a warning: never before
// the day that the warning stated, nor sooner than days after it was accepted.
func (w IdleWarning) endAfter(ends profile.Date, days int) profile.Date {
	ends = later(ends, w.Ends)
	if w.Accepted.IsZero() {
		return ends
	}
	return later(ends, profile.DateIn(w.Accepted, profile.London()).AddDays(days))
}

func (l IdleLimits) daysFor(kind AccountKind) int {
	switch kind {
	case KindLead:
		return l.Lead
	case KindAdministrator:
		return l.Administrator
	default:
		return l.Member
	}
}

func (l IdleLimits) judgeInvitation(v IdleVerdict, today profile.Date) IdleVerdict {
	v.Ends = v.Since.AddDays(l.Invitation)
	if !today.Before(v.Ends) {
		v.Step, v.Why = IdleExpire, fmt.Sprintf("invited on %s, and never accepted", v.Since)
	}
	return v
}

// warning returns the warning of a kind that states the newest activity, or nil.
func (p Person) warning(kind LetterKind, since profile.Date) *IdleWarning {
	for i := range p.Warned {
		if w := &p.Warned[i]; w.Kind == kind && w.Since == since {
			return w
		}
	}
	return nil
}

func (v IdleVerdict) warn(step IdleStep, today profile.Date, days int) IdleVerdict {
	v.Step, v.Ends = step, later(v.Ends, today.AddDays(days))
	return v
}

// hold keeps an account whose person could not be warned, or not yet. It is
// reported from the day on which it would have ended.
func (v IdleVerdict) hold(today profile.Date) IdleVerdict {
	if !today.Before(v.Ends) {
		v.Step, v.Why = IdleHold, v.Why+", and not every warning was delivered"
	}
	return v
}

// end deactivates, unless an open organisation would lose its account manager.
func (v IdleVerdict) end(p Person) IdleVerdict {
	v.Step = IdleDeactivate
	for _, org := range p.Orgs {
		if org.Role == RoleManager {
			v.Step, v.Codes = IdleKeep, append(v.Codes, org.Code)
		}
	}
	if v.Step == IdleKeep {
		v.Why += ", and the only account manager of an open organisation"
	}
	return v
}

func later(a, b profile.Date) profile.Date {
	if b.After(a) {
		return b
	}
	return a
}

// Reference names the warning or notice that a step sends: one for each kind and
// last activity.
func (v IdleVerdict) Reference(kind LetterKind) string {
	return fmt.Sprintf("idle/%s/%s/%s", v.Account, v.Since, kind)
}

// Warning returns the letter of a step that warns.
func (v IdleVerdict) Warning() DueLetter {
	kind := LetterInactive30
	if v.Step == IdleWarnLast {
		kind = LetterInactive7
	}
	return DueLetter{Reference: v.Reference(kind), Kind: kind, Account: v.Account, Since: v.Since, Ends: v.Ends}
}

// Flags returns the letters to the boards whose organisations would lose their
// only account manager.
func (v IdleVerdict) Flags(p Person) (letters []DueLetter) {
	for _, org := range p.Orgs {
		if org.Role != RoleManager || org.ICB == "" {
			continue
		}
		reference := fmt.Sprintf("%s/list-%s", v.Reference(LetterLastManager), org.ICB)
		at := slices.IndexFunc(letters, func(letter DueLetter) bool { return letter.Reference == reference })
		if at < 0 {
			at = len(letters)
			letters = append(letters, DueLetter{
				Reference: reference, Kind: LetterLastManager, List: org.ICB, Subject: v.Account, Since: v.Since, Ends: v.Ends,
			})
		}
		letters[at].Codes = append(letters[at].Codes, org.Code)
	}
	return letters
}

// Earliest returns the newest last activity that can lead to a step on a day.
func (l IdleLimits) Earliest(today profile.Date) profile.Date {
	return today.AddDays(-min(l.Member-firstWarning, l.Lead-firstWarning, l.Administrator-firstWarning, l.Invitation))
}

// IdleGuard withholds deactivations if they are more than a share of all accounts
// and more than a number that is always allowed.
type IdleGuard struct {
	Share float64
	Floor int
}

// DefaultIdleGuard withholds more than 2 % of the accounts, and more than 10.
func DefaultIdleGuard() IdleGuard { return IdleGuard{Share: 0.02, Floor: 10} }

// Withholds reports whether too many of all accounts would end at once.
func (g IdleGuard) Withholds(ending, all int) bool {
	return ending > max(g.Floor, int(g.Share*float64(all)))
}

// Ending is an account that should end, as it was judged.
type Ending struct {
	IdleVerdict

	LastActive time.Time // anything newer keeps the account
}

// IdleRun is a run over inactive accounts that ended some, or would have ended
// some.
type IdleRun struct {
	ID        int64     `json:"id"`
	State     string    `json:"state"` // done, withheld or approved
	Actor     string    `json:"actor"`
	At        time.Time `json:"at"`
	Ending    int       `json:"ending"`   // accounts that should end
	Accounts  int       `json:"accounts"` // all accounts
	Ended     int       `json:"ended"`    // accounts that did end
	DecidedBy string    `json:"decided_by,omitempty"`
}
