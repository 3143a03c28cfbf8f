package e2e

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// newCaseSite returns a site with two administrators, a lead and a list of the service desk;
// its mail goes to a directory.
func newCaseSite(t *testing.T) peopleSite {
	t.Helper()
	s := newSite(t)
	s.env = append(s.env, "MODE=test", "MAIL=directory", "MAIL_DIRECTORY="+filepath.Join(s.dir, "mail"),
		`LISTS={"service-desk":"desk@example.nhs.uk"}`)
	s.write(`insert into account (email, name, kind, region, state, created_at, last_active_at) values
		('one@example.nhs.uk', 'One', 'administrator', '', 'active', '2026-05-01', '2026-05-30'),
		('two@example.nhs.uk', 'Two', 'administrator', '', 'active', '2026-05-01', '2026-05-30'),
		('lead@example.nhs.uk', 'Lead', 'lead', 'QAA', 'active', '2026-05-01', '2026-05-30')`)
	return peopleSite{s}
}

// Closures that are withheld at 05:00 reach both administrators by 05:15; nobody acts,
// and on the next working day the service desk is told. Approved, the case ends.
func TestWhatIsWithheldReachesTwoPeopleAndIsEscalated(t *testing.T) {
	t.Parallel()
	p := newCaseSite(t)
	p.began("2026-06-02T11:00:00Z")
	p.caseDay(0, "closures-held", 1)
	p.caseDay(0, "closures-held", 2)
	held := p.at("2026-06-03T04:00:00Z").caseDay(3, "closures-held", 3)

	d := p.at("2026-06-03T04:00:00Z").serve()
	p.eventually(2, "select count(*) from letter where kind = 'case-urgent' and state = 'delivered'")
	d.stop()
	require.Equal(t, 2, p.count("select count(*) from letter where accepted_at < '2026-06-03 05:15:00+01'"))
	require.Contains(t, p.messages()["case-urgent"][0], "By edispensary of 3 June 2026, 11 of 100 pharmacy profiles")

	d = p.at("2026-06-04T04:00:00Z").serve()
	p.eventually(3, "select count(*) from letter where kind = 'case-urgent' and state = 'delivered'")
	d.stop()
	require.Equal(t, 1, p.count("select count(*) from letter where list = 'service-desk' and kind = 'case-urgent'"))

	shown := p.at("2026-06-04T04:00:00Z").exits(3, "cases", "list")
	require.Contains(t, shown.out, "removals-withheld")
	p.at("2026-06-04T08:00:00Z").exits(0, "cases", "set-aside", "1", "--until", "2026-06-09",
		"--reason", "the board looks at it", "--actor", "jo")
	p.at("2026-06-04T08:00:00Z").exits(0, "cases", "list", "--kind", "removals-withheld")
	p.write("update run set state = 'failed', ended_at = clock() where state in ('queued', 'running')") // there is no register here
	p.at("2026-06-04T08:00:00Z").exits(0, "runs", "approve", held.Run, "--actor", "u-4711")
	p.at("2026-06-04T08:00:00Z").exits(0, "cases", "look")
	require.Contains(t, p.exits(0, "cases", "show", "1").out, "gone")
	require.Empty(t, p.exits(0, "cases", "list", "--kind", "removals-withheld", "--format", "json").out)
}

// What the preview shows is what becomes due, once.
func TestLettersAboutCasesArePreviewedAndMadeDue(t *testing.T) {
	t.Parallel()
	p := newCaseSite(t)
	p.began("2026-06-02T11:00:00Z")
	p.caseDay(0, "closures-held", 1)
	p.caseDay(0, "closures-held", 2)
	p = p.at("2026-06-03T08:00:00Z")
	p.exits(0, "cases", "look")
	due := list[map[string]any](t, p.exits(0, "cases", "letters", "--preview", "--format", "json"))
	require.NotEmpty(t, due)
	require.Equal(t, fmt.Sprintf("letters  %d\n", len(due)), p.exits(0, "cases", "letters", "--post").out)
	require.Equal(t, len(due), p.count("select count(*) from letter where kind = 'cases'"))
	require.Empty(t, list[any](t, p.exits(0, "cases", "letters", "--preview", "--format", "json")))
	require.Equal(t, "letters  0\n", p.exits(0, "cases", "letters", "--post").out)
}

// However many others there are, whoever asks for their own cases sees them, and is told of
// those that are not shown.
func TestCasesOfAnOwnerAreNotHiddenByOthers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write(`insert into cases (kind, subject, about, code, board, facts, deadline)
		values ('mass-change-withheld', 'ods etr', 'x', '', '', '{}', '2099-01-01'), ('letter-bounced', 'u-1', '', '', '', '{}', '2099-01-01')`)
	require.Contains(t, s.exits(0, "cases", "letters", "--preview").err, "nobody can be told of 2 cases")
	mine := []string{"cases", "list", "--owner", "service-desk", "--most", "1"}
	require.Contains(t, s.exits(3, mine...).out, "letter-bounced")
	require.Contains(t, s.exits(3, mine[:4]...).out, "letter-bounced")
	require.Contains(t, s.exits(3, "cases", "list", "--most", "1").out, "letter-bounced", "each kind has its own first")
	require.Contains(t, s.exits(2, "cases", "list", "--most=-1").err, "--most")
	require.Contains(t, s.exits(2, "cases", "list", "--days=-1").err, "--days")
	until := []string{"--until", "2099-01-01"}
	require.Contains(t, s.exits(2, append([]string{"cases", "set-aside", "1", "--reason", " "}, until...)...).err, "why it is set aside")
	require.Contains(t, s.exits(2, append([]string{"cases", "wait", "1", "--for", "\t"}, until...)...).err, "whom it waits for")
}
