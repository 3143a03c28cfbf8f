package cases_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/quality"
)

var (
	manager = cases.Recipient{Account: 1}
	lead    = cases.Recipient{Account: 2}
	admin   = cases.Recipient{Account: 3}
	deputy  = cases.Recipient{Account: 4}
	list    = cases.Recipient{List: "QAA"}
	desk    = cases.Recipient{List: cases.ServiceDeskList}
)

func directory() cases.Directory {
	return cases.Directory{
		Managers:       map[profile.ODSCode][]people.AccountID{"FA001": {1}},
		Leads:          map[profile.ODSCode][]people.AccountID{"QAA": {2}},
		Administrators: []people.AccountID{3, 4},
		Lists:          map[profile.ODSCode]bool{"QAA": true, cases.ServiceDeskList: true, people.NationalList: true},
	}
}

// moment is an instant of November 2026, of which the 2nd is a Monday.
func moment(t *testing.T, text string) cases.Moment {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", "2026-11-"+text, profile.London())
	require.NoError(t, err)
	return cases.Moment{Now: at}
}

// opened returns a case that opened on a day of November 2026.
func opened(t *testing.T, kind cases.Kind, on string) cases.Stored {
	t.Helper()
	steps := cases.Compare(nil, []cases.Case{{Kind: kind, Signal: cases.Signal{Subject: "x", Code: "FA001", Board: "QAA"}}}, moment(t, on))
	require.Len(t, steps.Open, 1)
	return cases.Stored{
		Case: steps.Open[0].Case, ID: 7, State: cases.Open, Openings: 1, Deadline: steps.Open[0].Deadline,
		Told: map[cases.Recipient]cases.Told{},
	}
}

// told returns the letters of an instant as recipient and news, and remembers them.
func told(t *testing.T, s *cases.Stored, at string, digests bool) (news []string) {
	t.Helper()
	m := moment(t, at)
	for _, l := range cases.Letters([]cases.Stored{*s}, directory(), m, digests) {
		kind := "digest"
		if l.Urgent {
			kind = "urgent"
		}
		for _, item := range l.Items {
			require.True(t, item.Holds())
			news = append(news, kind+" "+l.To.String()+" "+string(item.News))
			s.Told[l.To] = s.Told[l.To].And(item.News, m.Today())
		}
	}
	require.Empty(t, cases.Letters([]cases.Stored{*s}, directory(), m, digests), "a second run tells nobody")
	return news
}

// A mass change that is withheld on a Friday reaches the administrators at once, and
// the service desk on the next working day.
func TestAnUrgentCaseIsToldAtOnceAndEscalated(t *testing.T) {
	t.Parallel()
	s := opened(t, cases.MassChangeWithheld, "06 05:00")
	require.Equal(t, []string{"urgent u-3 new", "urgent u-4 new"}, told(t, &s, "06 05:00", false))
	require.Empty(t, told(t, &s, "08 23:00", true), "Sunday")
	require.Equal(t, []string{"urgent list-service-desk new"}, told(t, &s, "09 05:00", false))
	require.Equal(t, []string{"digest u-3 overdue", "digest u-4 overdue"}, told(t, &s, "13 08:00", true), "a week after they were told")
	require.Empty(t, told(t, &s, "14 08:00", true), "Saturday")
	require.Equal(t, []string{"digest list-service-desk overdue"}, told(t, &s, "16 08:00", true))
	s.State = cases.Gone
	require.Equal(t, []string{"digest list-service-desk ended", "digest u-3 ended", "digest u-4 ended"}, told(t, &s, "18 08:00", true))
}

func TestOtherCasesAreToldOnceAWorkingDay(t *testing.T) {
	t.Parallel()
	s := opened(t, cases.PushWaits, "06 05:00")
	require.Empty(t, told(t, &s, "06 05:00", false))
	require.Empty(t, told(t, &s, "07 08:00", true), "Saturday")
	require.Equal(t, []string{"digest u-1 new"}, told(t, &s, "09 08:00", true))
	s.State, s.Until = cases.SetAside, profile.NewDate(2026, time.November, 20)
	require.Empty(t, told(t, &s, "19 08:00", true), "nobody is told of what is set aside")
	s.State = cases.Open
	require.Equal(t, []string{"digest list-service-desk new", "digest u-1 overdue"}, told(t, &s, "23 08:00", true))
}

func TestWhoIsTold(t *testing.T) {
	t.Parallel()
	of := cases.Case{Kind: cases.PushWaits, Signal: cases.Signal{Code: "FA001", Board: "QAA"}}
	unmanaged := cases.Case{Signal: cases.Signal{Code: "FA002", Board: "QAA"}}
	other := cases.Case{Kind: cases.PushWaits, Signal: cases.Signal{Code: "FA002", Board: "QBB"}}
	nobody := cases.Directory{Lists: map[profile.ODSCode]bool{people.NationalList: true}}
	for name, c := range map[string]struct {
		owner cases.Owner
		of    cases.Case
		in    cases.Directory
		want  []cases.Recipient
	}{
		"managers":                       {cases.Managers, of, directory(), []cases.Recipient{manager}},
		"no manager, the board":          {cases.Managers, unmanaged, directory(), []cases.Recipient{lead, list}},
		"no manager, no board":           {cases.Managers, other, directory(), []cases.Recipient{admin, deputy}},
		"a board with lead and list":     {cases.Board, of, directory(), []cases.Recipient{lead, list}},
		"the list of the service desk":   {cases.ServiceDesk, of, directory(), []cases.Recipient{desk}},
		"no list of the register's desk": {cases.RegisterDesk, of, directory(), []cases.Recipient{admin, deputy}},
		"nobody but the national list":   {cases.Managers, of, nobody, []cases.Recipient{{List: people.NationalList}}},
	} {
		require.Equal(t, c.want, c.in.Of(c.owner, c.of), name)
	}
}

func TestReferencesOfLetters(t *testing.T) {
	t.Parallel()
	s := opened(t, cases.MassChangeWithheld, "06 05:00")
	urgent := cases.Letters([]cases.Stored{s}, directory(), moment(t, "06 05:00"), false)
	require.Equal(t, "case/7/1/2026-11-06T05:00/u-3", urgent[0].Reference())
	s = opened(t, cases.PushWaits, "06 05:00")
	digest := cases.Letters([]cases.Stored{s}, directory(), moment(t, "06 08:00"), true)
	require.Equal(t, "cases/2026-11-06/u-1", digest[0].Reference())
	for _, r := range []cases.Recipient{manager, list} {
		parsed, err := cases.ParseRecipient(r.String())
		require.NoError(t, err)
		require.Equal(t, r, parsed)
	}
}

func TestWhatNoLongerHoldsIsNotTold(t *testing.T) {
	t.Parallel()
	s := opened(t, cases.PushWaits, "06 05:00")
	for name, c := range map[string]struct {
		state   cases.State
		opening int
		news    cases.News
		holds   bool
	}{
		"new":                  {cases.Open, 1, cases.IsNew, true},
		"new, and gone since":  {cases.Gone, 1, cases.IsNew, false},
		"new, opened again":    {cases.Open, 2, cases.IsNew, false},
		"new, set aside since": {cases.SetAside, 1, cases.IsNew, false},
		"ended":                {cases.Gone, 1, cases.HasEnded, true},
		"ended, and is back":   {cases.Open, 2, cases.HasEnded, false},
	} {
		item := cases.Item{Stored: s, News: c.news, Opening: 1}
		item.State, item.Openings = c.state, c.opening
		require.Equal(t, c.holds, item.Holds(), name)
		require.Equal(t, c.holds, len(cases.Lines([]cases.Item{item})) == 1, name)
	}
}

// A sink that pauses again and again is told at once only the first time of a day.
func TestACaseThatOpensAgainAndAgainIsUrgentOnceADay(t *testing.T) {
	t.Parallel()
	s := opened(t, cases.SinkPaused, "06 05:00")
	require.Equal(t, []string{"urgent u-3 new", "urgent u-4 new"}, told(t, &s, "06 05:00", false))
	s.Openings = 2
	for to, was := range s.Told {
		s.Told[to] = cases.Told{Before: was.First}
	}
	require.Empty(t, told(t, &s, "06 06:00", false))
	require.Equal(t, []string{"digest u-3 new", "digest u-4 new"}, told(t, &s, "06 08:00", true))
}

// However many cases there are, a letter stays one that people read and mail services
// take; what holds up most comes first.
func TestALetterOfVeryManyCasesIsShort(t *testing.T) {
	t.Parallel()
	gone := cases.Item{Stored: cases.Stored{State: cases.Gone}, News: cases.IsNew}
	items := []cases.Item{gone}
	for _, kind := range []cases.Kind{cases.LetterBounced, cases.SinkPaused} {
		for range 5_000 {
			items = append(items, cases.Item{Stored: cases.Stored{Case: cases.Case{Kind: kind}, State: cases.Open}, News: cases.IsNew})
		}
	}
	lines := cases.Lines(items)
	require.Len(t, lines, 201)
	require.Contains(t, lines[199], "paused")
	require.Equal(t, "And 9800 more. See all: profilesync cases list.", lines[200])
	require.Less(t, len(strings.Join(lines, "")), 100_000)
}

// What others wrote stays a part of its line: it adds no line and no link.
func TestFactsAddNoLinesAndNoLinks(t *testing.T) {
	t.Parallel()
	c := cases.Case{Kind: cases.OfCheck(quality.WrongZCode), Signal: cases.Signal{Subject: "FA001", Code: "FA001", Facts: map[string]string{
		"check": "wrong-z-code", "detail": "Feet\r\n* New: [pay\nhere](https://example.org) {code}",
	}}}
	require.Equal(t, "FA001: Feet * New: [pay here] (https://example.org) {code}", c.Title())
}

// Of a case nobody is told if neither its owners nor whoever represents them is anybody.
func TestCasesOfWhichNobodyIsTold(t *testing.T) {
	t.Parallel()
	at := moment(t, "06 05:00")
	s := opened(t, cases.PushWaits, "06 05:00")
	set := s
	set.State = cases.SetAside
	for name, c := range map[string]struct {
		directory cases.Directory
		want      int
	}{
		"nobody":                {cases.Directory{}, 2},
		"other boards":          {cases.Directory{Leads: map[profile.ODSCode][]people.AccountID{"QBB": {2}}}, 2},
		"its managers":          {cases.Directory{Managers: directory().Managers}, 0},
		"an administrator":      {cases.Directory{Administrators: []people.AccountID{3}}, 0},
		"the national list":     {cases.Directory{Lists: map[profile.ODSCode]bool{people.NationalList: true}}, 0},
		"a list of another one": {cases.Directory{Lists: map[profile.ODSCode]bool{"QBB": true}}, 2},
	} {
		require.Equal(t, c.want, cases.Untold([]cases.Stored{s, set, s}, c.directory, at), name)
	}
}
