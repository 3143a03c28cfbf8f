package people_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// placeholders returns those of the texts in connectors/internal/letters, besides
// the name: a letter that lacks one is never sent.
func placeholders() map[people.LetterKind][]string {
	checks, idle := []string{"quarter", "deadline", "sign_in", "organisations"}, []string{"last_active", "ends", "sign_in", "organisations"}
	return map[people.LetterKind][]string{
		people.LetterOpening: checks, people.LetterFourWeeks: checks, people.LetterTwoWeeks: checks, people.LetterThreeDays: checks,
		people.LetterOverdue: checks, kind30: idle, kind7: idle,
		people.LetterDeactivated: {"last_active", "reactivate", "organisations"},
		people.LetterMemberEnded: {"person", "organisations"},
		people.LetterLastManager: {"ends", "organisations"},
		people.LetterCaseUrgent:  {"cases"}, people.LetterCases: {"cases"},
	}
}

const (
	listAddress     = "list@icb.example.nhs.test"
	nationalAddress = "national@example.nhs.test"
)

func composerOn(day string) people.Composer {
	lists := make(map[profile.ODSCode]people.EmailAddress)
	for code, text := range map[profile.ODSCode]string{"QWE": listAddress, people.NationalList: nationalAddress} {
		lists[code], _ = people.ParseEmailAddress(text)
	}
	return people.Composer{
		ReminderContext: remindingOn(day), Limits: idleLimits, Lists: lists, SignIn: "https://sign-in.example", Desk: "the desk",
	}
}

// letterCase is a letter that is true on a day.
type letterCase struct {
	day string
	due people.DueLetter
}

// trueLetters returns letters of each kind. The person each is about was last
// active on 1 January 2026.
func trueLetters() map[string]letterCase {
	manager, editor := pharmacyOf("FA123", people.RoleManager), pharmacyOf("FB456", people.RoleEditor)
	q := people.Quarter{Year: 2026, N: 3}
	person := func(change func(*people.Person), warned ...people.IdleWarning) *people.Person {
		p := member("2026-01-01", editor)
		p.Warned = warned
		if change != nil {
			change(&p)
		}
		return &p
	}
	check := func(stage people.Stage) people.DueLetter {
		return people.DueLetter{
			Kind: stage.Letter(), Account: 7, Person: person(func(p *people.Person) { p.Orgs = []people.MemberOf{manager} }), Stage: stage,
			Quarter: q,
		}
	}
	first, last := warned(kind30, "2026-01-01", "2026-07-10", "2026-06-10"), warned(kind7, "2026-01-01", "2026-07-10", "2026-07-03")
	idle := func(kind people.LetterKind, p *people.Person) people.DueLetter {
		return people.DueLetter{Kind: kind, Account: 7, Person: p, Since: on("2026-01-01"), Ends: on("2026-07-10")}
	}
	manages := func(p *people.Person) { p.ID, p.Orgs = 8, []people.MemberOf{manager, editor} }
	ended := person(func(p *people.Person) { p.State = people.AccountDeactivated }, first, last)
	cc := idle(people.LetterMemberEnded, person(manages))
	cc.Account, cc.Subject, cc.SubjectPerson, cc.Codes = 8, 7, ended, []profile.ODSCode{"FA123"}
	flag := people.DueLetter{
		Kind: people.LetterLastManager, List: "QWE", Subject: 8, SubjectPerson: person(manages, first, last), Since: on("2026-01-01"),
		Ends:  on("2026-07-10"),
		Codes: []profile.ODSCode{"FA123", "FC789"},
	}
	list := check(people.StageOverdue)
	list.Account, list.Person, list.List, list.Orgs = 0, nil, "QWE", []people.CheckedOrg{manager.CheckedOrg}
	all := map[string]letterCase{
		"opening": {"2026-10-01", check("opening")}, "28-days": {"2026-12-03", check("28-days")}, "14-days": {"2026-12-17", check("14-days")},
		"3-days": {"2026-12-24", check("3-days")}, "overdue": {"2027-01-04", check("overdue")}, "asked": {"2026-11-11", check("asked")},
		"overdue list": {"2027-01-04", list}, "first warning": {"2026-06-10", idle(kind30, person(nil))},
		"last warning": {"2026-07-03", idle(kind7, person(nil, first))}, "ended": {"2026-07-10", idle(people.LetterDeactivated, ended)},
		"ended, cc": {"2026-07-10", cc}, "last manager": {"2026-07-10", flag},
		"urgent":      {"2026-07-10", people.DueLetter{Kind: people.LetterCaseUrgent, List: "QWE", Lines: []string{"New: something."}}},
		"other cases": {"2026-07-10", people.DueLetter{Kind: people.LetterCases, Account: 7, Person: person(nil), Lines: []string{"New: x."}}},
	}
	for name, c := range all {
		c.due.Reference, c.due.Attempt = "ref/"+name, 1
		all[name] = c
	}
	return all
}

func TestEveryLetterIsComplete(t *testing.T) {
	t.Parallel()
	wants, seen := placeholders(), make(map[people.LetterKind]bool)
	for name, c := range trueLetters() {
		letter, _, skip := composerOn(c.day).Compose(c.due)
		require.Empty(t, skip, name)
		seen[letter.Kind] = true
		require.Equal(t, "ref/"+name, letter.Reference)
		require.Equal(t, c.due.Kind, letter.Kind)
		given := slices.AppendSeq(slices.Collect(maps.Keys(letter.Facts.Words)), maps.Keys(letter.Facts.Lists))
		require.ElementsMatch(t, wants[letter.Kind], given, name)
		for placeholder, word := range letter.Facts.Words {
			require.NotEmpty(t, word, "%s of %s", placeholder, name)
		}
		for placeholder, lines := range letter.Facts.Lists {
			require.NotEmpty(t, lines, "%s of %s", placeholder, name)
		}
		if c.due.Account == 0 {
			require.Equal(t, listAddress, letter.To.Reveal())
			require.Zero(t, letter.Name)
		} else {
			require.Equal(t, canaryAddress, letter.To.Reveal())
			require.Equal(t, canaryName, letter.Name.Reveal())
		}
		requireNoLeak(t, letter.To)
		require.NotContains(t, logOutput(letter), "Canary")
	}
	for _, kind := range people.LetterKinds() {
		require.Equal(t, kind != people.LetterReport, seen[kind], "%s: reports are announced elsewhere", kind)
	}
}

func TestWhatLettersSay(t *testing.T) {
	t.Parallel()
	letters := trueLetters()
	facts := func(name string) (map[string]string, []string) {
		c := letters[name]
		letter, _, skip := composerOn(c.day).Compose(c.due)
		require.Empty(t, skip)
		return letter.Facts.Words, letter.Facts.Lists["organisations"]
	}
	words, lines := facts("28-days")
	require.Equal(t, map[string]string{
		"quarter": "October to December 2026", "deadline": "31 December 2026", "sign_in": "https://sign-in.example",
	}, words)
	require.Len(t, lines, 1)
	require.Contains(t, lines[0], "FA123 Example Pharmacy (pharmacy, every quarter): contact details, opening hours")
	words, lines = facts("first warning")
	require.Equal(t, map[string]string{"last_active": "1 January 2026", "ends": "10 July 2026", "sign_in": "https://sign-in.example"}, words)
	require.Equal(t, []string{"FB456 Example Pharmacy"}, lines)
	words, lines = facts("ended")
	require.Equal(t, map[string]string{"last_active": "1 January 2026", "reactivate": "the desk"}, words)
	require.Equal(t, []string{"FB456 Example Pharmacy"}, lines)
	words, lines = facts("ended, cc")
	require.Equal(t, map[string]string{"person": canaryName}, words)
	require.Equal(t, []string{"FA123 Example Pharmacy"}, lines, "not what the manager only edits")
	words, lines = facts("last manager")
	require.Equal(t, map[string]string{"ends": "10 July 2026"}, words)
	require.Equal(t, []string{"FA123 Example Pharmacy"}, lines, "not what somebody else manages now")
}

// TestPeopleWithoutOrganisationsAreWarnedToo: a text with an empty list is
// refused, and an account whose person cannot be warned never ends.
func TestPeopleWithoutOrganisationsAreWarnedToo(t *testing.T) {
	t.Parallel()
	for kind, want := range map[people.AccountKind]string{
		people.KindAdministrator: "the settings of this service", people.KindLead: "the profiles of your region",
		people.KindMember: "any profile (your account has no organisation at present)",
	} {
		p := member("2026-01-01")
		p.Kind = kind
		for _, name := range []string{"first warning", "last warning", "ended"} {
			c := trueLetters()[name]
			p.State, p.Warned = c.due.Person.State, c.due.Person.Warned
			c.due.Person = &p
			composer := composerOn(c.day)
			composer.Limits = people.IdleLimits{Member: 190, Lead: 190, Administrator: 190}
			letter, _, skip := composer.Compose(c.due)
			require.Empty(t, skip)
			require.Equal(t, []string{want}, letter.Facts.Lists["organisations"])
		}
	}
}

// change is what happens to a letter, or to its recipient, before it is sent.
type change struct {
	letter string
	day    string // empty for the letter's own
	change func(*people.DueLetter)
	want   string
}

func TestLettersThatAreNoLongerTrueAreNotSent(t *testing.T) {
	t.Parallel()
	person := func(change func(*people.Person)) func(*people.DueLetter) {
		return func(p *people.DueLetter) { change(p.Person) }
	}
	other := func(change func(*people.Person)) func(*people.DueLetter) {
		return func(p *people.DueLetter) { change(p.SubjectPerson) }
	}
	signedIn := func(p *people.Person) { p.LastActive = noon("2026-07-03") }
	dead := func(p *people.Person) { p.Dead = true }
	in := func(s people.AccountState) func(*people.Person) {
		return func(p *people.Person) { p.State = s }
	}
	complete := func(p *people.Person) { p.Orgs[0] = complete(p.Orgs[0], "2026-12-01") }
	nothing := func(*people.DueLetter) {}
	for name, test := range map[string]change{
		"checked in between":  {"28-days", "", person(complete), people.SkipComplete},
		"organisation closed": {"28-days", "", person(func(p *people.Person) { p.Orgs = nil }), people.SkipComplete},
		"no longer account manager": {
			"overdue", "", person(func(p *people.Person) { p.Orgs[0].Role = "editor" }), people.SkipComplete,
		},
		"list complete":           {"overdue list", "", func(p *people.DueLetter) { p.Orgs = nil }, people.SkipComplete},
		"last day of a stage":     {"28-days", "2026-12-16", nothing, ""},
		"stage over":              {"28-days", "2026-12-17", nothing, people.SkipLate},
		"opening over":            {"opening", "2026-12-03", nothing, people.SkipLate},
		"on the deadline":         {"3-days", "2026-12-31", nothing, ""},
		"deadline over":           {"3-days", "2027-01-01", nothing, people.SkipLate},
		"overdue for two weeks":   {"overdue", "2027-01-18", nothing, ""},
		"overdue for longer":      {"overdue", "2027-01-19", nothing, people.SkipLate},
		"overdue list for longer": {"overdue list", "2027-01-19", nothing, people.SkipLate},
		"asked, on the deadline":  {"asked", "2026-12-31", nothing, ""},
		"asked, and late":         {"asked", "2027-01-01", nothing, people.SkipLate},
		"asked, and complete":     {"asked", "2026-12-02", person(complete), people.SkipComplete},
		"an unknown stage":        {"asked", "", func(p *people.DueLetter) { p.Stage = "21-days" }, people.SkipLate},
		"a report": {
			"asked", "", func(p *people.DueLetter) { p.Kind, p.Stage = people.LetterReport, "" }, people.SkipLate,
		},
		"reminder, deactivated":    {"14-days", "", person(in("deactivated")), people.SkipEnded},
		"reminder, dead":           {"14-days", "", person(dead), people.SkipUnreachable},
		"reminder, expired":        {"14-days", "", person(in("expired")), people.SkipUnreachable},
		"reminder, nobody":         {"14-days", "", func(p *people.DueLetter) { p.Person = nil }, people.SkipUnreachable},
		"first warning, signed in": {"first warning", "", person(signedIn), people.SkipActive},
		"first warning, signed in now": {
			"first warning", "", person(func(p *people.Person) { p.LastActive = noon("2026-06-10") }), people.SkipActive,
		},
		"first warning, of another idleness": {
			"first warning", "2026-08-03", person(func(p *people.Person) { p.LastActive = noon("2026-01-15") }), people.SkipActive,
		},
		"first warning, on leave": {"first warning", "", person(onLeaveUntil("2026-09-01")), people.SkipActive},
		"first warning, ended":    {"first warning", "", person(in("deactivated")), people.SkipEnded},
		"first warning, dead":     {"first warning", "", person(dead), people.SkipUnreachable},
		"last warning, signed in": {"last warning", "", person(signedIn), people.SkipActive},
		"last warning, on leave":  {"last warning", "", person(onLeaveUntil("2026-09-01")), people.SkipActive},
		"last warning, dead":      {"last warning", "", person(dead), people.SkipUnreachable},
		"ended, reactivated":      {"ended", "", person(in("active")), people.SkipActive},
		"ended, dead":             {"ended", "", person(dead), people.SkipUnreachable},
		"cc, reactivated":         {"ended, cc", "", other(in("active")), people.SkipActive},
		"cc, about nobody":        {"ended, cc", "", func(p *people.DueLetter) { p.SubjectPerson = nil }, people.SkipActive},
		"cc, manager ended":       {"ended, cc", "", person(in("deactivated")), people.SkipEnded},
		"cc, managed by another":  {"ended, cc", "", person(func(p *people.Person) { p.Orgs[0].Role = "editor" }), people.SkipEnded},
		"flag, signed in":         {"last manager", "", other(signedIn), people.SkipActive},
		"flag, on leave":          {"last manager", "", other(onLeaveUntil("2026-09-01")), people.SkipActive},
		"flag, ended":             {"last manager", "", other(in("deactivated")), people.SkipEnded},
		"flag, managed by another": {
			"last manager", "", other(func(p *people.Person) { p.Orgs[0].Role = "editor" }), people.SkipEnded,
		},
		"flag, a day later": {"last manager", "2026-07-11", nothing, ""},
		"flag, dead since":  {"last manager", "", other(dead), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := trueLetters()[test.letter]
			test.change(&c.due)
			if test.day == "" {
				test.day = c.day
			}
			_, ends, skip := composerOn(test.day).Compose(c.due)
			require.Equal(t, test.want, skip)
			require.True(t, skip == "" || ends.IsZero())
		})
	}
}

// TestWarningsStateTheDayOnWhichTheAccountEnds: anybody warned late has longer,
// and a clock that went back changes nothing.
func TestWarningsStateTheDayOnWhichTheAccountEnds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ letter, day, want string }{
		{"first warning", "2026-06-10", "2026-07-10"},
		{"first warning", "2026-06-09", "2026-07-10"},
		{"first warning", "2026-06-11", "2026-07-11"},
		{"first warning", "2026-08-01", "2026-08-31"},
		{"last warning", "2026-07-03", "2026-07-10"},
		{"last warning", "2026-07-02", "2026-07-10"},
		{"last warning", "2026-07-08", "2026-07-15"},
	} {
		c := trueLetters()[test.letter]
		letter, ends, skip := composerOn(test.day).Compose(c.due)
		require.Empty(t, skip, "%s on %s", test.letter, test.day)
		require.Equal(t, test.want, ends.String(), "%s on %s", test.letter, test.day)
		require.Equal(t, ends.Words(), letter.Facts.Words["ends"])
	}
}

// TestAWarningAfterALeaveStatesTheLastActivity: the limit counts from the end of
// the leave, and the text still states when the account was last used.
func TestAWarningAfterALeaveStatesTheLastActivity(t *testing.T) {
	t.Parallel()
	p := member("2026-01-01", pharmacyOf("FB456", people.RoleEditor))
	p.LeaveUntil = on("2026-07-01")
	v := idleLimits.Judge(p, on("2026-12-08"))
	due := v.Warning()
	due.Person = &p
	letter, ends, skip := composerOn("2026-12-08").Compose(due)
	require.Empty(t, skip)
	require.Equal(t, "1 January 2026", letter.Facts.Words["last_active"])
	require.Equal(t, "2027-01-07", ends.String())
}

func TestListsWithoutAnAddressFallBackToTheNationalOne(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"overdue list", "last manager"} {
		c := trueLetters()[name]
		c.due.List = "QZZ"
		composer := composerOn(c.day)
		letter, _, skip := composer.Compose(c.due)
		require.Empty(t, skip)
		require.Equal(t, nationalAddress, letter.To.Reveal())
		delete(composer.Lists, people.NationalList)
		_, _, skip = composer.Compose(c.due)
		require.Equal(t, people.SkipUnreachable, skip)
	}
}

func TestAttemptReference(t *testing.T) {
	t.Parallel()
	for try, want := range map[int]string{0: "r", 1: "r", 2: "r/2", 12: "r/12"} {
		require.Equal(t, want, people.DueLetter{Reference: "r", Attempt: try}.AttemptReference())
	}
	c := trueLetters()["28-days"]
	c.due.Attempt = 3
	letter, _, _ := composerOn(c.day).Compose(c.due)
	require.Equal(t, "ref/28-days/3", letter.Reference)
}

func TestCanaryAllowance(t *testing.T) {
	t.Parallel()
	for c, want := range map[people.Canary]int{
		{}: 10, {Sent: 9}: 1, {Sent: 10}: 0, {Sent: 500}: 0, {Sent: 10, Over: true}: -1, {Sent: 500, Over: true}: -1, {Sent: 3, Over: true}: 7,
	} {
		require.Equal(t, want, c.Allowance(), c)
	}
}
