package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// playedDays are the days of the story; on each something happens.
const (
	dayOfListing = "2026-02-23"
	dayOfChange  = "2026-02-24"
	dayOfEdits   = "2026-02-25"
	dayOfUndo    = "2026-02-26"
)

// numbersOfPushes are milliseconds of the real time.
var numbersOfPushes = regexp.MustCompile(`\b\d{13}\b`)

// masked replaces what differs from run to run: the times and the numbers of pushes, and
// the width of their columns.
func masked(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, "dos: ") || strings.Contains(line, "website: ") || strings.Contains(line, " number ") {
			line = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`).ReplaceAllString(line, "YYYY-MM-DD hh:mm:ss")
		}
		lines = append(lines, numbersOfPushes.ReplaceAllString(line, "N"))
	}
	return strings.Join(lines, "")
}

// The chain behind values that came from a listing, an edit, an approval, and undos; each
// undo reaches the sinks, and the next listing does not apply it again.
func TestWhyAProfileSaysWhatItSays(t *testing.T) {
	t.Parallel()
	base, x := newSite(t).withSinks()
	first, second := renamedFrom(t, "edispensary_"+dayOfListing+".csv", 0), renamedFrom(t, "edispensary_"+dayOfChange+".csv", 14)
	s := base.on(dayOfListing)
	s.exits(0, "reconcile", "--files", first, "--wait", "--actor", "u-1")
	x.dos.Seed(s.codes()...)
	s = base.on(dayOfChange)
	s.exits(3, "reconcile", "--files", second, "--wait", "--actor", "u-1")
	s.exits(0, "runs", "approve", "2", "--actor", "u-2")
	code := one[string](s, "select min(code) from change where run_id = 3 and field = 'name'")
	s = base.on(dayOfEdits)
	edit := func(actor, statement string) {
		conn := s.connect()
		_, err := conn.Exec(t.Context(), "select set_config('profilesync.now', $1, false), set_config('profilesync.actor', $2, false)",
			dayOfEdits+"T12:00:00Z", actor)
		require.NoError(t, err)
		_, err = conn.Exec(t.Context(), statement, code)
		require.NoError(t, err)
	}
	edit("u-4711", "update profile set phone = '0113 496 0001' where code = $1")
	edit("u-4712", "update profile set phone = '0113 496 0002' where code = $1")
	edit("u-4711", `insert into opening_period (code, day, opens, closes)
		values ($1, 'mon', '09:00', '17:00'), ($1, 'tue', '09:00', '18:00')`)
	edit("u-4711", "delete from opening_period where code = $1")
	s.exits(0, "hold", "add", code, "--field", "address", "--until", "2027-03-01", "--reason", "moving house", "--actor", "u-9")

	s = base.on(dayOfUndo)
	d := s.serve()
	s.waitUntilPushed()
	x.showPhone(code, "0113 496 0002")
	r := &transcript{t: t}
	undo := func(exit int, args ...string) {
		r.says(s, exit, append([]string{"profile", "undo", code}, args...)...)
	}
	undo(0, "phone", "--actor", "u-3", "--reason", "the old number still works")
	undo(1, "phone", "--actor", "u-3")
	undo(0, "name", "--actor", "u-3")
	undo(1, "name")
	undo(0, "opening-times", "--actor", "u-3")
	undo(1, "address")
	undo(1, "website")
	undo(1, "phone", "--change", "1")
	undo(2, "fax")
	undo(1, "ers-services")
	s.waitUntilPushed()
	x.showPhone(code, "0113 496 0001")
	name := s.field(code, "name")
	x.until("the website shows the former name", func() bool { return x.onWebsite(code).Name == name })
	d.stop()
	x.awaitDoS()
	s.exits(0, "drift")

	r.says(s, 3, "reconcile", "--files", renamedFrom(t, "edispensary_"+dayOfUndo+".csv", 14), "--wait", "--actor", "u-1")
	require.Equal(t, name, s.field(code, "name"), "the next listing does not apply it again")
	require.Equal(t, []string{code}, codesOfWaiting(s))
	again := s.reconcile(0, renamedFrom(t, "edispensary_"+dayOfUndo+".csv", 14), dayOfUndo)
	require.Zero(t, again.Changes, "and one after it finds nothing")
	r.says(s, 0, "profile", "why", code, "phone")
	r.says(s, 0, "profile", "why", code, "name")
	r.says(s, 0, "profile", "why", code, "opening-times")
	r.says(s, 0, "profile", "why", code, "postcode")
	for _, at := range []string{dayOfListing, dayOfChange, dayOfEdits, dayOfUndo, dayOfEdits + "T11:59:59Z"} {
		r.says(s, 0, "profile", "show", code, "--at", at)
	}
	r.says(s, 1, "profile", "show", code, "--at", "2026-02-22")
	r.says(s, 2, "profile", "show", code, "--at", "2026-02-27")
	r.says(s, 2, "profile", "show", code, "--at", "yesterday")
	text := masked(r.text.String())
	r.text.Reset()
	fmt.Fprint(&r.text, text)
	r.is("why.golden")
}

func renamedFrom(t *testing.T, name string, n int) string {
	t.Helper()
	rows := edited(readRows(t, madeUp(t, "edispensary", 60)), func(_ int, row []string) []string {
		if n > 0 && row[12] == "ACTIVE" {
			row[1] = "QUITE ANOTHER CHEMIST"
			n--
		}
		return row
	})
	return writeRows(t, name, rows, "\r\n")
}

func codesOfWaiting(s *site) (codes []string) {
	for _, w := range s.waiting() {
		codes = append(codes, w.Code)
	}
	return codes
}

// A value that a single record of the register brought is told from that of a listing.
func TestWhyNamesADelta(t *testing.T) {
	t.Parallel()
	r := newRegister(t)
	s := r.at("2026-03-02T09:00:00Z")
	s.exits(0, "reconcile", "--report", "edispensary", "--wait", "--actor", "u-1")
	require.NoError(t, r.Advance(profile.NewDate(2026, 3, 3)))
	code := one[string](s, "select min(code) from profile where status = 'open'")
	s.edit(code, "name", "Somebody's Own Name")
	s = r.at("2026-03-03T09:00:00Z")
	s.exits(0, "reconcile", "--ods", code, "--wait", "--actor", "u-1")
	steps := list[whyStep](t, s.exits(0, "profile", "why", code, "name", "--format", "json"))
	last := steps[len(steps)-1]
	require.Equal(t, "changed", last.Kind)
	require.Equal(t, 2, last.Run)
	require.Contains(t, last.Text, "run 2, a delta of ods (report api), on 2026-03-03,")
	require.Contains(t, last.Text, "somebody had edited what the register owns")
}

// whyStep is a step of `profile why`.
type whyStep struct {
	Field  string    `json:"field"`
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"`
	Text   string    `json:"text"`
	Change int       `json:"change"`
	Run    int       `json:"run"`
	Sink   string    `json:"sink"`
	Number int64     `json:"number"`
}
