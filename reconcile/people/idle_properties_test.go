package people_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func anyLimits() *rapid.Generator[people.IdleLimits] {
	return rapid.Custom(func(t *rapid.T) people.IdleLimits {
		if rapid.Bool().Draw(t, "default") {
			return idleLimits
		}
		days := rapid.IntRange(1, 400)
		return people.IdleLimits{
			Member: days.Draw(t, "member"), Lead: days.Draw(t, "lead"), Administrator: days.Draw(t, "administrator"),
			Invitation: days.Draw(t, "invitation"),
		}
	})
}

// anyIdle draws an account that may have been warned of anything.
func anyIdle(today profile.Date) *rapid.Generator[people.Person] {
	return rapid.Custom(func(t *rapid.T) people.Person {
		ago := rapid.IntRange(-3, 500)
		p := member("2026-01-01")
		p.Kind = rapid.SampledFrom([]people.AccountKind{"member", "lead", "administrator"}).Draw(t, "kind")
		p.State = rapid.SampledFrom([]people.AccountState{"active", "active", "active", "invited", "deactivated", "expired"}).Draw(t,
			"state")
		p.LastActive = today.AddDays(-ago.Draw(t,
			"active")).Time().Add(time.Duration(rapid.IntRange(0, 24*60-1).Draw(t, "minute")) * time.Minute)
		p.Dead = rapid.IntRange(0, 5).Draw(t, "dead") == 0
		since := profile.DateIn(p.LastActive, profile.London())
		if rapid.IntRange(0, 3).Draw(t, "leave") == 0 {
			p.LeaveUntil = today.AddDays(-ago.Draw(t, "until"))
			if p.LeaveUntil.After(since) && rapid.Bool().Draw(t, "warned of it") {
				since = p.LeaveUntil
			}
		}
		for _, kind := range []people.LetterKind{kind30, kind7} {
			w := people.IdleWarning{Kind: kind, Since: since, Ends: today.AddDays(-ago.Draw(t, "ends"))}
			switch rapid.IntRange(0, 5).Draw(t, "warning") {
			case 0:
				continue
			case 1:
				w.Failed = true
			case 2:
			default:
				w.Accepted = today.AddDays(-ago.Draw(t, "accepted")).Time().Add(12 * time.Hour)
			}
			p.Warned = append(p.Warned, w)
		}
		if rapid.IntRange(0, 3).Draw(t, "manager") == 0 {
			p.Orgs = append(p.Orgs, pharmacyOf("FA1", people.RoleManager))
		}
		return p
	})
}

// TestAnAccountEndsOnlyAfterItsWarnings is the whole promise. An account is
// deactivated only if it was idle for its full limit, two warnings about that
// were accepted at least 30 and 7 days ago, and the day that they stated has
// come; and never on leave, with a dead address, or while it manages an open
// organisation.
func TestAnAccountEndsOnlyAfterItsWarnings(t *testing.T) {
	t.Parallel()
	today := on("2027-03-31")
	rapid.Check(t, func(t *rapid.T) {
		l, p := anyLimits().Draw(t, "limits"), anyIdle(today).Draw(t, "person")
		v := l.Judge(p, today)
		if v.Step == people.IdleExpire {
			require.Equal(t, people.AccountInvited, p.State)
			require.False(t, today.Before(profile.DateIn(p.LastActive, profile.London()).AddDays(l.Invitation)))
		}
		if v.Step != people.IdleDeactivate {
			return
		}
		limit := map[people.AccountKind]int{"member": l.Member, "lead": l.Lead, "administrator": l.Administrator}[p.Kind]
		require.Equal(t, people.AccountActive, p.State)
		require.False(t, p.Dead)
		require.Empty(t, p.Orgs)
		require.True(t, p.LeaveUntil.AddDays(limit).Before(today.AddDays(1)))
		require.True(t, profile.DateIn(p.LastActive, profile.London()).AddDays(limit).Before(today.AddDays(1)))
		require.Len(t, p.Warned, 2)
		for i, days := range []int{30, 7} {
			w := p.Warned[i]
			require.Equal(t, v.Since, w.Since)
			require.False(t, w.Failed || w.Accepted.IsZero())
			require.False(t, w.Ends.After(today))
			require.False(t, profile.DateIn(w.Accepted, profile.London()).After(today.AddDays(-days)), "%s", w.Kind)
		}
	})
}

// TestAnyActivityBeginsAnew: whatever happened before, an account that was active
// today gets no step unless its limit is so short that it falls due at once.
func TestAnyActivityBeginsAnew(t *testing.T) {
	t.Parallel()
	today := on("2027-03-31")
	rapid.Check(t, func(t *rapid.T) {
		p := anyIdle(today).Draw(t, "person")
		p.State = people.AccountActive
		p.LastActive = today.Time().Add(time.Hour)
		v := idleLimits.Judge(p, today)
		require.Equal(t, people.IdleNothing, v.Step)
		if p.LeaveUntil.Before(today) {
			require.Equal(t, today, v.Since)
		}
	})
}

// TestNobodyIsActedOnWhileOnLeave, and the clock starts at its end.
func TestNobodyIsActedOnWhileOnLeave(t *testing.T) {
	t.Parallel()
	today := on("2027-03-31")
	rapid.Check(t, func(t *rapid.T) {
		p := anyIdle(today).Draw(t, "person")
		p.State = people.AccountActive
		p.LeaveUntil = today.AddDays(rapid.IntRange(-100, 600).Draw(t, "until"))
		v := idleLimits.Judge(p, today)
		if !p.LeaveUntil.Before(today) {
			require.Equal(t, people.IdleNothing, v.Step)
			return
		}
		require.False(t, v.Since.Before(p.LeaveUntil))
	})
}

// TestEarliestHidesNobody: the jobs load only accounts that have not been active
// since Earliest; no other account would get a step.
func TestEarliestHidesNobody(t *testing.T) {
	t.Parallel()
	for _, day := range []string{"2027-03-31", "2026-07-01", "2026-10-26"} {
		today := on(day)
		rapid.Check(t, func(t *rapid.T) {
			l, p := anyLimits().Draw(t, "limits"), anyIdle(today).Draw(t, "person")
			if l.Judge(p, today).Step == people.IdleNothing {
				return
			}
			require.False(t, profile.DateIn(p.LastActive, profile.London()).After(l.Earliest(today)))
			require.True(t, p.LastActive.Before(l.Earliest(today).Time().AddDate(0, 0, 1)), "the jobs' query to the store finds it")
		})
	}
}

// TestEarliestGoesByTheShortestLimit: on the first day on which there is something
// to do, the jobs load the account.
func TestEarliestGoesByTheShortestLimit(t *testing.T) {
	t.Parallel()
	today := on("2027-03-31")
	for name, test := range map[string]struct {
		limits people.IdleLimits
		change func(*people.Person)
		idle   int
	}{
		"member":     {people.IdleLimits{Member: 40, Lead: 400, Administrator: 400, Invitation: 400}, func(*people.Person) {}, 10},
		"lead":       {people.IdleLimits{Member: 400, Lead: 40, Administrator: 400, Invitation: 400}, asKind("lead"), 10},
		"admin":      {people.IdleLimits{Member: 400, Lead: 400, Administrator: 40, Invitation: 400}, asKind("administrator"), 10},
		"invitation": {people.IdleLimits{Member: 400, Lead: 400, Administrator: 400, Invitation: 10}, inState("invited"), 10},
	} {
		p := member(today.AddDays(-test.idle).String())
		test.change(&p)
		require.NotEqual(t, people.IdleNothing, test.limits.Judge(p, today).Step, name)
		require.Equal(t, today.AddDays(-test.idle), test.limits.Earliest(today), name)
	}
}

func asKind(kind people.AccountKind) func(*people.Person) {
	return func(p *people.Person) { p.Kind = kind }
}

// fakeMail stands in for the store and the mail service of one account, day by
// day.
type fakeMail struct {
	person   people.Person
	composer people.Composer
	due      []people.DueLetter
	everDue  map[string]bool
}

// makeDue makes a letter due, once.
func (o *fakeMail) makeDue(p people.DueLetter) {
	if !o.everDue[p.Reference] {
		o.everDue[p.Reference] = true
		o.due = append(o.due, p)
		o.person.Warned = append(o.person.Warned, people.IdleWarning{Kind: p.Kind, Since: p.Since, Ends: p.Ends})
	}
}

// send tries the letters that are due: each is accepted, cancelled by us, or left
// for later.
func (o *fakeMail) send(today profile.Date, up bool, found bool) {
	var left []people.DueLetter
	for _, p := range o.due {
		p.Person = &o.person
		o.composer.Today = today
		_, ends, skip := o.composer.Compose(p)
		for i := range o.person.Warned {
			w := &o.person.Warned[i]
			switch {
			case w.Kind != p.Kind || w.Since != p.Since:
			case skip != "":
				w.Failed = true
			case !up:
				left = append(left, p)
			default:
				w.Accepted = today.Time().Add(13 * time.Hour)
				if !found { // a letter that was looked up later keeps the end it was made with
					w.Ends = ends
				}
			}
		}
	}
	o.due = left
}

// TestYearsOfInactivity simulates accounts day by day: people come back or not,
// the daemon is down, the mail service accepts letters late.
func TestYearsOfInactivity(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := idleLimits
		chance := func(of int, label string) bool { return of > 0 && rapid.IntRange(0, of-1).Draw(t, label) == 0 }
		o := &fakeMail{person: member("2026-01-01"), everDue: make(map[string]bool), composer: people.Composer{Limits: l, SignIn: "x"}}
		o.person.Kind = rapid.SampledFrom([]people.AccountKind{"member", "lead"}).Draw(t, "kind")
		signsIn := rapid.SampledFrom([]int{0, 0, 100, 300}).Draw(t, "signs in")
		daemon, mail := rapid.SampledFrom([]int{0, 2, 5}).Draw(t, "daemon down"), rapid.SampledFrom([]int{0, 2, 5}).Draw(t, "mail down")
		var active []profile.Date
		for today := on("2026-01-02"); today.Before(on("2027-12-31")); today = today.AddDays(1) {
			if chance(signsIn, "sign-in") {
				active, o.person.LastActive = append(active, today), today.Time().Add(8*time.Hour)
			}
			if chance(daemon, "down") {
				continue
			}
			v := l.Judge(o.person, today)
			switch v.Step {
			case people.IdleWarnFirst, people.IdleWarnLast:
				o.makeDue(v.Warning())
			case people.IdleDeactivate:
				checkEnd(t, o.person, active, today, l)
				require.True(t, daemon+mail > 0 || !today.After(v.Ends), "no account ends late without an outage")
				return
			case people.IdleKeep, people.IdleExpire:
				t.Fatalf("%s", v.Step)
			case people.IdleNothing, people.IdleHold:
			}
			o.send(today, !chance(mail, "mail"), chance(mail, "found"))
		}
		require.Positive(t, signsIn, "an account that nobody uses ends")
	})
}

// checkEnd checks from the record alone what must have happened before an account
// ends.
func checkEnd(t *rapid.T, p people.Person, active []profile.Date, today profile.Date, l people.IdleLimits) {
	limit := l.Member
	if p.Kind == people.KindLead {
		limit = l.Lead
	}
	since := on("2026-01-01")
	for _, day := range active {
		require.False(t, day.After(today.AddDays(-limit)), "active %s, ended %s", day, today)
		since = day
	}
	accepted := make(map[people.LetterKind]profile.Date)
	for _, w := range p.Warned {
		if w.Since == since {
			require.NotContains(t, accepted, w.Kind)
			require.False(t, w.Ends.After(today), "ended before the day that the warning stated")
			accepted[w.Kind] = profile.DateIn(w.Accepted, profile.London())
		}
	}
	require.False(t, accepted[kind30].IsZero() || accepted[kind7].IsZero())
	require.False(t, accepted[kind30].AddDays(30).After(today))
	require.False(t, accepted[kind7].AddDays(7).After(today))
	require.True(t, accepted[kind30].Before(accepted[kind7]))
}
