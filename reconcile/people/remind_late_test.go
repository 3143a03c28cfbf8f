package people_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// sentByTicks reminds people at instants as the daemon does: each reference is
// made due once, and composed in the same tick. It returns what was sent, as
// "2026-12-10 2026-27-Q3 28-days".
func sentByTicks(
	t require.TestingT, instants []time.Time, world func(profile.Date) (people.ReminderContext, people.Person),
) (sent []string) {
	posted := make(map[string]bool)
	for _, at := range instants {
		today := profile.DateIn(at, profile.London())
		r, p := world(today)
		for _, m := range r.Plan([]people.Person{p}) {
			due := m.DueLetter()
			if posted[due.Reference] {
				continue
			}
			posted[due.Reference] = true
			due.Person = &p
			_, _, skip := people.Composer{ReminderContext: r}.Compose(due)
			require.Empty(t, skip)
			sent = append(sent, fmt.Sprintf("%s %s %s", today, m.Quarter, m.Stage))
		}
	}
	return sent
}

// daily returns every morning of each span of days.
func daily(spans ...string) (instants []time.Time) {
	for _, span := range spans {
		from, to, _ := strings.Cut(span, "..")
		for d := on(from); !d.After(on(to)); d = d.AddDays(1) {
			instants = append(instants, d.Time().Add(9*time.Hour))
		}
	}
	return instants
}

// TestLateRunning: a stage missed by an outage is sent late for as long as it
// makes sense, and not after that.
func TestLateRunning(t *testing.T) {
	t.Parallel()
	london := func(text string) time.Time {
		at, err := time.ParseInLocation("2006-01-02 15:04", text, profile.London())
		require.NoError(t, err)
		return at
	}
	for name, test := range map[string]struct {
		at   []time.Time
		want []string
	}{
		"up all the time": {daily("2026-10-01..2027-01-20"), []string{
			"2026-10-01 2026-27-Q2 overdue", "2026-10-01 2026-27-Q3 opening", "2026-12-03 2026-27-Q3 28-days", "2026-12-17 2026-27-Q3 14-days",
			"2026-12-24 2026-27-Q3 3-days", "2027-01-04 2026-27-Q3 overdue", "2027-01-04 2026-27-Q4 opening",
		}},
		"down over a stage day": {daily("2026-11-01..2026-12-02", "2026-12-10..2026-12-20"), []string{
			"2026-11-01 2026-27-Q3 opening", "2026-12-10 2026-27-Q3 28-days", "2026-12-17 2026-27-Q3 14-days",
		}},
		"down over two stage days: the later one alone": {daily("2026-11-01..2026-12-02", "2026-12-17..2026-12-20"), []string{
			"2026-11-01 2026-27-Q3 opening", "2026-12-17 2026-27-Q3 14-days",
		}},
		"back on the deadline": {daily("2026-12-17..2026-12-22", "2026-12-31..2026-12-31"), []string{
			"2026-12-17 2026-27-Q3 14-days", "2026-12-31 2026-27-Q3 3-days",
		}},
		"down over the deadline": {daily("2026-12-17..2026-12-22", "2027-01-01..2027-01-05"), []string{
			"2026-12-17 2026-27-Q3 14-days", "2027-01-04 2026-27-Q3 overdue", "2027-01-04 2026-27-Q4 opening",
		}},
		"down over New Year": {daily("2026-12-17..2026-12-28", "2027-01-12..2027-01-30"), []string{
			"2026-12-17 2026-27-Q3 14-days", "2026-12-24 2026-27-Q3 3-days", "2027-01-12 2026-27-Q3 overdue", "2027-01-12 2026-27-Q4 opening",
		}},
		"down over New Year, for weeks": {daily("2026-12-24..2026-12-28", "2027-01-19..2027-01-30"), []string{
			"2026-12-24 2026-27-Q3 3-days", "2027-01-19 2026-27-Q4 opening",
		}},
		"clock stepped back an hour": {
			[]time.Time{london("2026-12-03 00:20"), london("2026-12-02 23:20"), london("2026-12-03 00:10"), london("2026-12-03 09:00")},
			[]string{"2026-12-03 2026-27-Q3 28-days", "2026-12-02 2026-27-Q3 opening"},
		},
		"stepped back over a quarter's end": {
			[]time.Time{london("2026-10-01 00:20"), london("2026-09-30 23:20"), london("2026-10-01 00:10")},
			[]string{"2026-10-01 2026-27-Q2 overdue", "2026-10-01 2026-27-Q3 opening", "2026-09-30 2026-27-Q2 3-days"},
		},
		"summer time ends: the same hour twice": {
			[]time.Time{
				noon("2026-10-24"), london("2026-10-25 00:30"), time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC),
				time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC),
			},
			[]string{"2026-10-24 2026-27-Q3 opening"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := sentByTicks(t, test.at, func(today profile.Date) (people.ReminderContext, people.Person) {
				return remindingOn(today.String()), member("2026-09-01", pharmacyOf("FA123", people.RoleManager))
			})
			require.Equal(t, test.want, got)
		})
	}
}

// TestALetterMadeBeforeTheClockWentBackIsStillSent: it was due by the clock that
// made it.
func TestALetterMadeBeforeTheClockWentBackIsStillSent(t *testing.T) {
	t.Parallel()
	p := member("2026-09-01", pharmacyOf("FA123", people.RoleManager))
	for day, before := range map[string]string{"2026-12-03": "2026-12-02", "2026-10-01": "2026-09-30", "2027-01-04": "2027-01-03"} {
		for _, m := range remindingOn(day).Plan([]people.Person{p}) {
			due := m.DueLetter()
			due.Person = &p
			_, _, skip := people.Composer{ReminderContext: remindingOn(before)}.Compose(due)
			require.Empty(t, skip, "%s on %s", m.Stage, before)
		}
	}
}

// TestOutages: whenever the daemon is up, and whatever is checked, each stage is
// sent once, between its first and last day, if the daemon was up on one of those
// days with something missing. Nobody who has checked everything gets a later
// stage.
func TestOutages(t *testing.T) {
	t.Parallel()
	const days = 150 // over New Year, and to the end of the next quarter
	rapid.Check(t, func(t *rapid.T) {
		first, c := on("2026-11-20"), calendars().Draw(t, "calendar")
		checks := rapid.SliceOfN(rapid.IntRange(0, days), 0, 3).Draw(t, "checks") // when everything was checked
		var stated []profile.Date
		for _, h := range c.MustState(first, first.AddDays(400)) {
			stated = append(stated, h.Date)
		}
		world := func(today profile.Date) (people.ReminderContext, people.Person) {
			org := pharmacyOf("FA123", people.RoleManager)
			org.Stated = stated
			for _, days := range checks {
				if at := first.AddDays(days); !at.After(today) && at.Time().After(org.Checked[people.SectionContact]) {
					org.Checked = allChecked(at.Time())
				}
			}
			return people.ReminderContext{Today: today, Calendar: c, Rules: people.DefaultCheckRules()}, member("2026-03-01", org)
		}
		var up []time.Time
		for day, down := 0, 0; day < days; day++ {
			if down--; down < 0 && rapid.IntRange(0, 19).Draw(t, "outage") == 0 {
				down = rapid.IntRange(1, 40).Draw(t, "days")
			}
			if down <= 0 {
				up = append(up, first.AddDays(day).Time().Add(9*time.Hour))
			}
		}
		require.ElementsMatch(t, expectedStages(up, c, world), sentByTicks(t, up, world))
	})
}

// expectedStages computes the same the other way round: for each stage, the first
// of its days on which the daemon was up and something was missing.
func expectedStages(up []time.Time, c people.Calendar, world func(profile.Date) (people.ReminderContext, people.Person)) (sent []string) {
	for q := (people.Quarter{Year: 2026, N: 2}); q.Year < 2028; q = q.Next() {
		for _, s := range c.Stages(q) {
			at := slices.IndexFunc(up, func(at time.Time) bool {
				today := profile.DateIn(at, profile.London())
				if today.Before(s.Day) || today.After(s.Until) {
					return false
				}
				r, p := world(today)
				org := p.Orgs[0]
				return len(r.Rules[org.Type].Missing(org.Checked, org.Stated, c, q, today)) > 0
			})
			if at >= 0 {
				sent = append(sent, fmt.Sprintf("%s %s %s", profile.DateIn(up[at], profile.London()), q, s.Stage))
			}
		}
	}
	return sent
}

// anyMember draws a person of some organisations, each with some of its sections
// checked and some days stated.
func anyMember(today profile.Date) *rapid.Generator[people.Person] {
	return rapid.Custom(func(t *rapid.T) people.Person {
		p := member("2026-01-01")
		for i := range rapid.IntRange(0, 3).Draw(t, "organisations") {
			org := pharmacyOf(fmt.Sprintf("FA%d", i), rapid.SampledFrom([]people.MemberRole{"account-manager", "editor"}).Draw(t, "role"))
			org.Type = rapid.SampledFrom(profile.OrgTypes()).Draw(t, "type")
			org.Checked = make(people.Checked)
			for _, s := range people.Sections() {
				if ago := rapid.IntRange(-1, 500).Draw(t, "checked"); ago >= 0 {
					org.Checked[s] = today.AddDays(-ago).Time()
				}
			}
			if rapid.Bool().Draw(t, "stated") {
				for _, h := range (people.Calendar{}).MustState(today, today.AddDays(200)) {
					org.Stated = append(org.Stated, h.Date)
				}
			}
			p.Orgs = append(p.Orgs, org)
		}
		return p
	})
}

// TestACheckNeverAddsAReminder: nor does it add an organisation to one.
func TestACheckNeverAddsAReminder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		today := on("2026-04-01").AddDays(rapid.IntRange(0, 800).Draw(t, "today"))
		p := anyMember(today).Draw(t, "person")
		world := remindingOn(today.String())
		before := remindersOf(world, p)
		for i := range p.Orgs {
			section := rapid.SampledFrom(people.Sections()).Draw(t, "section")
			at := today.AddDays(-rapid.IntRange(0, 100).Draw(t, "ago")).Time()
			if at.After(p.Orgs[i].Checked[section]) { // only the newest is known
				p.Orgs[i].Checked[section] = at
			}
		}
		for reference, codes := range remindersOf(world, p) {
			require.Contains(t, before, reference)
			require.Subset(t, before[reference], codes)
		}
	})
}

func remindersOf(world people.ReminderContext, p people.Person) map[string][]profile.ODSCode {
	all := make(map[string][]profile.ODSCode)
	for _, m := range world.Plan([]people.Person{p}) {
		all[m.Reference()] = m.Codes
	}
	return all
}

// TestNothingMissingNoReminder: if something is missing, there is one letter for
// each stage, which names only the organisations that miss something.
func TestNothingMissingNoReminder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		today := on("2026-04-01").AddDays(rapid.IntRange(0, 800).Draw(t, "today"))
		p := anyMember(today).Draw(t, "person")
		world := remindingOn(today.String())
		got := make(map[people.Stage][]profile.ODSCode)
		for _, m := range world.Plan([]people.Person{p}) {
			require.NotContains(t, got, m.Stage)
			got[m.Stage] = m.Codes
		}
		for _, s := range world.Calendar.StagesOn(today) {
			var want []profile.ODSCode
			for _, org := range p.Orgs {
				missing := world.Rules[org.Type].Missing(org.Checked, org.Stated, world.Calendar, s.Quarter, today)
				if len(missing) > 0 && (s.Stage != people.StageOverdue || org.Role == people.RoleManager) {
					want = append(want, org.Code)
				}
			}
			require.Equal(t, want, got[s.Stage])
		}
	})
}
