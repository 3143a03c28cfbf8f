package people_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

const (
	kind30 = people.LetterInactive30
	kind7  = people.LetterInactive7
)

// idleLimits are the default settings (RULES.md "Inactivity").
var idleLimits = people.IdleLimits{Member: 190, Lead: 90, Administrator: 90, Invitation: 28}

// warned returns a warning; accepted is empty if it is not accepted yet.
func warned(kind people.LetterKind, since, ends, accepted string) people.IdleWarning {
	w := people.IdleWarning{Kind: kind, Since: on(since), Ends: on(ends)}
	if accepted != "" {
		w.Accepted = noon(accepted)
	}
	return w
}

func refused(kind people.LetterKind, since string) people.IdleWarning {
	return people.IdleWarning{Kind: kind, Since: on(since), Failed: true}
}

// idleCase is a member last active on 1 January 2026, whose account by default
// ends on 10 July.
type idleCase struct {
	change func(*people.Person)
	warned []people.IdleWarning
	today  string
	want   string // step and end
}

func TestJudge(t *testing.T) {
	t.Parallel()
	const since = "2026-01-01"
	first, last := warned(kind30, since, "2026-07-10", "2026-06-10"), warned(kind7, since, "2026-07-10", "2026-07-03")
	warn := func(w ...people.IdleWarning) []people.IdleWarning { return w }
	dead := func(p *people.Person) { p.Dead = true }
	for name, test := range map[string]idleCase{
		"active yesterday":          {nil, nil, "2026-01-02", " 2026-07-10"},
		"31 days before":            {nil, nil, "2026-06-09", " 2026-07-10"},
		"30 days before":            {nil, nil, "2026-06-10", "warn-30-days 2026-07-10"},
		"warned late":               {nil, nil, "2026-07-01", "warn-30-days 2026-07-31"},
		"never looked at for years": {nil, nil, "2029-01-01", "warn-30-days 2029-01-31"},
		"first warning waits":       {nil, warn(warned(kind30, since, "2026-07-10", "")), "2026-07-09", " 2026-07-10"},
		"first warning waits too long": {
			nil, warn(warned(kind30, since, "2026-07-10", "")), "2026-07-10", "hold 2026-07-10",
		},
		"first warning accepted":    {nil, warn(first), "2026-07-02", " 2026-07-10"},
		"7 days before":             {nil, warn(first), "2026-07-03", "warn-7-days 2026-07-10"},
		"second warning late":       {nil, warn(first), "2026-07-08", "warn-7-days 2026-07-15"},
		"first stated a later day":  {nil, warn(warned(kind30, since, "2026-07-31", "2026-07-01")), "2026-07-23", " 2026-07-31"},
		"first stated over 30 days": {nil, warn(warned(kind30, since, "2026-07-20", "2026-06-10")), "2026-07-12", " 2026-07-20"},
		"last stated over 7 days": {
			nil, warn(first, warned(kind7, since, "2026-07-14", "2026-07-03")), "2026-07-13", " 2026-07-14",
		},
		"first accepted after a week": {nil, warn(warned(kind30, since, "2026-07-10", "2026-06-17")), "2026-07-09", " 2026-07-17"},
		"second warning waits":        {nil, warn(first, warned(kind7, since, "2026-07-10", "")), "2026-07-09", " 2026-07-10"},
		"second warning waits too long": {
			nil, warn(first, warned(kind7, since, "2026-07-10", "")), "2026-07-20", "hold 2026-07-10",
		},
		"the day before": {nil, warn(first, last), "2026-07-09", " 2026-07-10"},
		"the day":        {nil, warn(first, last), "2026-07-10", "deactivate 2026-07-10"},
		"long after":     {nil, warn(first, last), "2027-01-01", "deactivate 2026-07-10"},
		"in any order":   {nil, warn(last, first), "2026-07-10", "deactivate 2026-07-10"},
		"second accepted late, not yet": {
			nil, warn(first, warned(kind7, since, "2026-07-10", "2026-07-06")), "2026-07-12", " 2026-07-13",
		},
		"second accepted late": {
			nil, warn(first, warned(kind7, since, "2026-07-10", "2026-07-06")), "2026-07-13", "deactivate 2026-07-13",
		},
		"only the second":       {nil, warn(last), "2026-07-10", "warn-30-days 2026-08-09"},
		"first refused":         {nil, warn(refused(kind30, since)), "2026-07-10", "hold 2026-07-10"},
		"first refused, before": {nil, warn(refused(kind30, since)), "2026-07-09", " 2026-07-10"},
		"second refused":        {nil, warn(first, refused(kind7, since)), "2026-07-10", "hold 2026-07-10"},
		"warnings of another time": {
			nil, warn(warned(kind30, "2025-06-01", "2025-12-08", "2025-11-08"), last), "2026-06-10", "warn-30-days 2026-07-10",
		},
		"dead":                      {dead, nil, "2026-07-10", "hold 2026-07-10"},
		"dead, before":              {dead, nil, "2026-06-10", " 2026-07-10"},
		"dead by the first warning": {dead, warn(first), "2026-07-10", "hold 2026-07-10"},
		"dead by the last warning":  {dead, warn(first, last), "2026-07-10", "hold 2026-07-10"},
		"active since": {
			func(p *people.Person) { p.LastActive = noon("2026-07-10") }, warn(first, last), "2026-07-10", " 2027-01-16",
		},
		"active in the future": {
			func(p *people.Person) { p.LastActive = noon("2026-07-11") }, warn(first, last), "2026-07-10", " 2027-01-17",
		},
		"active at 23:30 UTC in summer": {
			func(p *people.Person) { p.LastActive = time.Date(2026, 6, 30, 23, 30, 0, 0, time.UTC) }, nil, "2026-07-01", " 2027-01-07",
		},
		"a lead":             {asKind("lead"), nil, "2026-03-02", "warn-30-days 2026-04-01"},
		"a lead, before":     {asKind("lead"), nil, "2026-03-01", " 2026-04-01"},
		"an administrator":   {asKind("administrator"), nil, "2026-03-02", "warn-30-days 2026-04-01"},
		"an unknown kind":    {asKind("other"), nil, "2026-06-10", "warn-30-days 2026-07-10"},
		"invited":            {inState(people.AccountInvited), nil, "2026-01-28", " 2026-01-29"},
		"invitation expires": {inState(people.AccountInvited), nil, "2026-01-29", "expire 2026-01-29"},
		"invitation, manager": {
			inState(people.AccountInvited, pharmacyOf("FA1", "account-manager")), nil, "2026-01-29", "expire 2026-01-29",
		},
		"expired":                   {inState(people.AccountExpired), nil, "2027-01-01", " "},
		"deactivated":               {inState(people.AccountDeactivated), warn(first, last), "2027-01-01", " "},
		"on leave":                  {onLeaveUntil("2026-07-10"), warn(first, last), "2026-07-10", " "},
		"on leave for 18 months":    {onLeaveUntil("2027-07-01"), nil, "2027-07-01", " "},
		"leave over":                {onLeaveUntil("2026-07-10"), warn(first, last), "2026-07-11", " 2027-01-16"},
		"leave over, warned":        {onLeaveUntil("2026-07-10"), warn(first, last), "2026-12-17", "warn-30-days 2027-01-16"},
		"leave before the activity": {onLeaveUntil("2025-12-31"), nil, "2026-06-10", "warn-30-days 2026-07-10"},
		"editor of two": {
			inState("active", pharmacyOf("FA1", "editor"), pharmacyOf("FB2", "editor")), warn(first, last), "2026-07-10", "deactivate 2026-07-10",
		},
		"the only account manager": {
			inState("active", pharmacyOf("FA1", "account-manager")), warn(first, last), "2026-07-10", "keep 2026-07-10 [FA1]",
		},
		"editor here, account manager there": {
			inState("active", pharmacyOf("FA1", "editor"), pharmacyOf("FB2", "account-manager"), pharmacyOf("FC3", "account-manager")),
			warn(first, last), "2026-07-10", "keep 2026-07-10 [FB2 FC3]",
		},
		"account manager not warned": {
			inState("active", pharmacyOf("FA1", "account-manager")), warn(first), "2026-07-10", "warn-7-days 2026-07-17",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := member(since)
			if test.change != nil {
				test.change(&p)
			}
			p.Warned = test.warned
			v := idleLimits.Judge(p, on(test.today))
			got := fmt.Sprintf("%s %s", v.Step, v.Ends)
			if len(v.Codes) > 0 {
				got += fmt.Sprintf(" %s", v.Codes)
			}
			require.Equal(t, test.want, got)
			require.Equal(t, p.ID, v.Account)
			require.Equal(t, v.Step == people.IdleDeactivate || v.Step == people.IdleExpire, v.Ending())
			require.False(t, v.Step != people.IdleNothing && v.Why == "")
		})
	}
}

func inState(s people.AccountState, orgs ...people.MemberOf) func(*people.Person) {
	return func(p *people.Person) { p.State, p.Orgs = s, orgs }
}

func onLeaveUntil(until string) func(*people.Person) {
	return func(p *people.Person) { p.LeaveUntil = on(until) }
}

func TestWhyAnAccountEnds(t *testing.T) {
	t.Parallel()
	why := func(change func(*people.Person), today string) string {
		p := member("2026-01-01")
		change(&p)
		return idleLimits.Judge(p, on(today)).Why
	}
	require.Equal(t, "last active on 2026-01-01", why(func(*people.Person) {}, "2026-07-01"))
	require.Equal(t, "last active on 2026-01-01, on leave until 2026-07-01", why(onLeaveUntil("2026-07-01"), "2027-07-01"))
	require.Equal(t, "last active on 2026-01-01, and not every warning was delivered",
		why(func(p *people.Person) { p.Dead = true }, "2026-08-01"))
	require.Equal(t, "invited on 2026-01-01, and never accepted", why(inState(people.AccountInvited), "2026-08-01"))
}

func TestDefaultIdleLimits(t *testing.T) {
	t.Parallel()
	l := idleLimits
	require.Equal(t, 7, people.WarnedDaysBefore)
	require.Equal(t, 18, people.MaxLeaveMonths)
	for q := (people.Quarter{Year: 2020, N: 1}); q.Year < 2041; q = q.Next() {
		onlyChecks := member(q.First().String())
		v := l.Judge(onlyChecks, q.Next().Last())
		require.NotEqual(t, people.IdleDeactivate, v.Step)
		require.True(t, v.Ends.After(q.Next().Last()), "somebody who checks once a quarter is never idle for long enough")
	}
}

func TestWarningsAndFlags(t *testing.T) {
	t.Parallel()
	v := idleLimits.Judge(member("2026-01-01"), on("2026-06-10"))
	require.Equal(t, people.DueLetter{
		Reference: "idle/u-7/2026-01-01/inactive-30-days", Kind: kind30, Account: 7, Since: on("2026-01-01"), Ends: on("2026-07-10"),
	}, v.Warning())
	v.Step = people.IdleWarnLast
	require.Equal(t, "idle/u-7/2026-01-01/inactive-7-days", v.Warning().Reference)
	require.Equal(t, kind7, v.Warning().Kind)

	here, there, elsewhere := pharmacyOf("FA1", "account-manager"), pharmacyOf("FB2", "account-manager"),
		pharmacyOf("FC3", "account-manager")
	there.ICB = "QXX"
	nowhere, editor := pharmacyOf("FD4", "account-manager"), pharmacyOf("FE5", "editor")
	nowhere.ICB = ""
	p := member("2026-01-01", here, there, elsewhere, nowhere, editor)
	flag := func(icb string, codes ...profile.ODSCode) people.DueLetter {
		return people.DueLetter{
			Reference: "idle/u-7/2026-01-01/last-manager-idle/list-" + icb, Kind: people.LetterLastManager, List: profile.ODSCode(icb),
			Subject: 7, Since: on("2026-01-01"), Ends: on("2026-07-10"), Codes: codes,
		}
	}
	require.Equal(t, []people.DueLetter{flag("QWE", "FA1", "FC3"), flag("QXX", "FB2")}, v.Flags(p))
	require.Empty(t, v.Flags(member("2026-01-01", editor)))
}

func TestIdleGuard(t *testing.T) {
	t.Parallel()
	guard := people.DefaultIdleGuard()
	for _, test := range []struct {
		ending, all int
		want        bool
	}{
		{0, 0, false},
		{10, 10, false},
		{11, 11, true},
		{11, 549, true},
		{11, 550, false},
		{12, 550, true},
		{400, 20_000, false},
		{401, 20_000, true},
	} {
		require.Equal(t, test.want, guard.Withholds(test.ending, test.all), "%d of %d", test.ending, test.all)
	}
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.IntRange(0, 1_000_000).Draw(t, "all")
		ending := rapid.OneOf(rapid.IntRange(0, all), rapid.IntRange(all/50, all/50+1)).Draw(t, "ending")
		require.Equal(t, ending > 10 && 50*ending > all, guard.Withholds(ending, all))
	})
}
