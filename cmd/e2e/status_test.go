package e2e

import (
	"encoding/json"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// shownStatus is the object of `status`, spelt out here so that a renamed key in the
// code is noticed.
type shownStatus struct {
	At      time.Time `json:"at"`
	Sources []struct {
		Source   string    `json:"source"`
		Report   string    `json:"report"`
		AsOf     string    `json:"as_of"`
		AgeDays  int       `json:"age_days"`
		ReadAt   time.Time `json:"read_at"`
		Records  int       `json:"records"`
		NextPull time.Time `json:"next_pull"`
	} `json:"sources"`
	Waits struct {
		Cases struct {
			Open     int       `json:"open"`
			Overdue  int       `json:"overdue"`
			Waiting  int       `json:"waiting"`
			SetAside int       `json:"set_aside"`
			Since    time.Time `json:"since"`
		} `json:"cases"`
		Withheld struct {
			Rows  int       `json:"rows"`
			Runs  int       `json:"runs"`
			Since time.Time `json:"since"`
		} `json:"withheld"`
		Closures struct {
			Said  int       `json:"said"`
			Since time.Time `json:"since"`
		} `json:"closures"`
		Pushes struct {
			Waiting int       `json:"waiting"`
			Since   time.Time `json:"since"`
		} `json:"pushes"`
	} `json:"waits"`
	Sinks []struct {
		Sink        string    `json:"sink"`
		Configured  bool      `json:"configured"`
		Wanted      int       `json:"wanted"`
		WantedSince time.Time `json:"wanted_since"`
		Refused     int       `json:"refused"`
		Waiting     int       `json:"waiting"`
		Held        int       `json:"held"`
		Paused      []struct {
			Route string    `json:"route"`
			Why   string    `json:"why"`
			Since time.Time `json:"since"`
		} `json:"paused"`
		Drift *struct {
			At       time.Time `json:"at"`
			Checked  int       `json:"checked"`
			Missing  int       `json:"missing"`
			Profiles int       `json:"profiles"`
			Fields   int       `json:"fields"`
			Alarm    bool      `json:"alarm"`
			Failed   bool      `json:"failed"`
		} `json:"drift"`
	} `json:"sinks"`
	Letters struct {
		State   string    `json:"state"`
		Since   time.Time `json:"since"`
		Until   time.Time `json:"until"`
		Waiting int       `json:"waiting"`
		Refused int       `json:"refused"`
	} `json:"letters"`
	Report struct {
		Day       string    `json:"day"`
		At        time.Time `json:"at"`
		Rows      int       `json:"rows"`
		Delivered int       `json:"delivered"`
		Next      time.Time `json:"next"`
	} `json:"report"`
	Schema struct {
		Is     int `json:"is"`
		Needed int `json:"needed"`
	} `json:"schema"`
	Current bool           `json:"schema_current"`
	Daemons []shownProcess `json:"daemons"`
	Silent  []shownProcess `json:"silent"`
}

type shownProcess struct {
	Name      string    `json:"name"`
	StartedAt time.Time `json:"started_at"`
	SeenAt    time.Time `json:"seen_at"`
}

func (s *site) status(code int) shownStatus {
	s.t.Helper()
	found := objects[shownStatus](s.t, s.exits(code, "status", "--format", "json").out)
	require.Len(s.t, found, 1, "one object")
	return found[0]
}

// screen is the table with every instant, day, age and name of a process made the same.
func (s *site) screen(code int) string {
	s.t.Helper()
	text := s.exits(code, "status").out
	for line := range strings.SplitSeq(text, "\n") {
		require.LessOrEqual(s.t, utf8.RuneCountInString(line), 80, line)
	}
	require.LessOrEqual(s.t, strings.Count(text, "\n"), 31)
	for _, same := range []struct{ pattern, by string }{
		{`\d{4}-\d\d-\d\d \d\d:\d\d`, "YYYY-MM-DD HH:MM"},
		{`\d+ (seconds?|minutes?)`, "N seconds"},
		{`\d+ days `, "N days "},
		{` {2,}`, "  "}, // a column is as wide as what was replaced
		{`[\w.-]+-\d+-[A-Z0-9]{8} since`, "NAME since"},
		{`schema( +)\d+`, "schema${1}N"},
		{` +\n`, "\n"},
	} {
		text = regexp.MustCompile(same.pattern).ReplaceAllString(text, same.by)
	}
	return text
}

func TestStatusOfAHealthyInstallation(t *testing.T) {
	t.Parallel()
	s, _ := newStockedSite(t, 20)
	d := s.serve()
	s.waitUntilPushed()
	s.exits(0, "drift")
	n := len(s.codes())

	status := s.status(0)
	require.True(t, status.Current)
	require.Equal(t, status.Schema.Needed, status.Schema.Is)
	require.Len(t, status.Daemons, 1)
	require.Equal(t, d.processNow(), status.Daemons[0].Name)
	require.Empty(t, status.Silent, "the command itself is none")
	require.Equal(t, "edispensary", status.Sources[0].Report)
	require.Equal(t, madeUpDay, status.Sources[0].AsOf)
	require.Positive(t, status.Sources[0].AgeDays)
	require.Positive(t, status.Sources[0].Records)
	for _, source := range status.Sources {
		require.Equal(t, "05:00", source.NextPull.In(london(t)).Format("15:04"), source.Report)
		require.Positive(t, time.Until(source.NextPull))
	}
	require.Len(t, status.Sinks, 2)
	for _, sink := range status.Sinks {
		require.True(t, sink.Configured)
		require.Zero(t, sink.Wanted+sink.Refused+sink.Waiting+sink.Held+len(sink.Paused))
		require.NotNil(t, sink.Drift)
		require.Equal(t, n, sink.Drift.Checked)
		require.Zero(t, sink.Drift.Fields)
	}
	require.Equal(t, "off", status.Letters.State)
	require.Empty(t, status.Report.Day)
	require.Equal(t, "06:30", status.Report.Next.In(london(t)).Format("15:04"))
	isGolden(t, "testdata/status_healthy.golden", s.screen(0))
	d.stop()

	require.Empty(t, s.status(0).Daemons)
	require.Empty(t, s.status(0).Silent, "it said that it ends")
}

func TestStatusNamesADaemonThatDied(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := s.serve()
	name := d.processNow()
	require.NoError(t, d.cmd.Process.Signal(syscall.SIGKILL))
	require.True(t, d.wait(t).killed)
	require.Eventually(t, func() bool { return len(s.status(0).Daemons) == 0 }, patience, 100*time.Millisecond)
	require.Eventually(t, func() bool { return len(s.status(0).Silent) == 1 }, patience, 500*time.Millisecond, "unseen for 10 seconds")
	require.Equal(t, name, s.status(0).Silent[0].Name)
	require.Contains(t, s.screen(0), "NONE is alive")
}

func TestStatusExitsWith3WhileSomethingWaitsForAPerson(t *testing.T) {
	t.Parallel()
	s, _ := newStockedSite(t, 20)
	d := s.serve()
	s.waitUntilPushed()
	d.stop()
	d = s.with("DOS_API_KEY=an-old-key").serve()
	codes := s.codes()
	s.edit(codes[0], "phone", "0113 496 0001")
	s.eventually(1, "select count(*) from route where sink = 'dos' and route = 'change-event' and paused = 'unauthorized'")
	d.stop()
	s.exits(0, "cases", "look")
	s.exits(0, "closure", "say", codes[1], "--reason", "boarded up")

	status := s.status(3)
	require.Equal(t, "change-event", status.Sinks[0].Paused[0].Route)
	require.Equal(t, "unauthorized", status.Sinks[0].Paused[0].Why)
	require.Equal(t, 1, status.Sinks[0].Wanted)
	require.False(t, status.Sinks[0].WantedSince.IsZero())
	require.Equal(t, 1, status.Waits.Closures.Said)
	require.Positive(t, status.Waits.Cases.Open)
	require.False(t, status.Waits.Cases.Since.IsZero())
	require.Contains(t, s.exits(3, "status").err, "next: `profilesync cases list`")
	isGolden(t, "testdata/status_waiting.golden", s.screen(3))
	require.NotContains(t, s.exits(3, "status", "--format", "json").out, "boarded up", "no text by a person")
}

func TestStatusCountsWhatIsWithheld(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.reconcile(0, madeUp(t, "edispensary", 40), madeUpDay)
	s.reconcile(3, madeUp(t, "edispensary", 20), "2026-02-24")
	status := s.status(3)
	require.Equal(t, s.count("select count(*) from plan_row where waits"), status.Waits.Withheld.Rows)
	require.Equal(t, 1, status.Waits.Withheld.Runs)
	require.WithinDuration(t, time.Now(), status.Waits.Withheld.Since, time.Hour)
	require.Contains(t, s.exits(3, "status").err, "`profilesync runs waiting`")
}

func TestStatusOfAnOldSchemaSaysSoAndNothingElse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("delete from schema_version where version_id = (select max(version_id) from schema_version)")
	o := s.exits(1, "status")
	require.Regexp(t, `^schema  \d+, too old: this program needs \d+ \(profilesync migrate\)\n$`, o.out)
	require.Contains(t, o.err, "profilesync migrate")
	var status map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(s.exits(1, "status", "--format", "json").out), &status))
	require.JSONEq(t, "false", string(status["schema_current"]))
}

func london(t *testing.T) *time.Location {
	t.Helper()
	place, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	return place
}
