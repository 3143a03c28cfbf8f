package statuscommands

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/standing"
	"github.com/profilesync/profilesync/cmd/profilesync/trials"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// `go test ./cmd/profilesync/statuscommands -update` rewrites the golden files.
var update = flag.Bool("update", false, "rewrite the golden files")

// now is a Thursday morning.
var now = time.Date(2026, time.November, 19, 9, 20, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// healthy has everything that the production settings have.
func healthy() standing.Standing {
	s := standing.Standing{
		At: now, Schema: postgres.SchemaVersion{Is: 36, Needed: 36}, Current: true,
		Letters: standing.Letters{State: "sending"},
		Report: standing.Report{
			Day: profile.NewDate(2026, time.November, 18), At: ago(170 * time.Minute), Rows: 217, Delivered: 3, Next: now.Add(21 * time.Hour),
		},
		Daemons: []standing.Process{
			{Name: "sync-a-311-ABCDEFGH", StartedAt: ago(90 * time.Hour), SeenAt: now},
			{Name: "sync-b-97-HGFEDCBA", StartedAt: ago(89 * time.Hour), SeenAt: now},
		},
	}
	for _, report := range []string{"api", "edispensary", "epraccur", "ebranchs", "egdpprac", "eoptsite", "etr", "ets"} {
		s.Sources = append(s.Sources, standing.Source{
			Source: profile.SourceODS, Report: report, AsOf: profile.NewDate(2026, time.November, 19), ReadAt: ago(4 * time.Hour),
			Records: 11161, NextPull: now.Add(20 * time.Hour),
		})
	}
	s.Sources[0].Records = 0
	s.Sources = append(s.Sources, standing.Source{
		Source: profile.SourceERS, Report: "services", AsOf: profile.NewDate(2026, time.November, 18), AgeDays: 1, ReadAt: ago(3 * time.Hour),
		Records: 39500, NextPull: now.Add(20 * time.Hour),
	})
	for _, name := range push.Sinks() {
		s.Sinks = append(s.Sinks, standing.Sink{
			Name: name, Configured: true, Drift: &standing.Drift{At: ago(7 * time.Hour), Checked: 23456},
		})
	}
	return s
}

// waiting has something of everything that waits, or is wrong.
func waiting() standing.Standing {
	s := healthy()
	s.Sources[1].AsOf, s.Sources[1].AgeDays = profile.NewDate(2026, time.November, 12), 7
	s.Sources[2].ReadAt = ago(50 * time.Hour)
	s.Sources[7] = standing.Source{Source: profile.SourceODS, Report: "ets", NextPull: now.Add(20 * time.Hour)}
	s.Waits = standing.Waits{
		Cases:    watchstore.CasesNow{Open: 12, Overdue: 1, Waiting: 2, SetAside: 1, Since: ago(9 * 24 * time.Hour)},
		Withheld: watchstore.WithheldNow{Rows: 54, Runs: 1, Since: ago(4 * time.Hour)},
		Closures: watchstore.ClosuresNow{Said: 1, Since: ago(3 * 24 * time.Hour)},
		Pushes:   standing.Pushes{Waiting: 2, Since: ago(90 * time.Minute)},
	}
	dos, website := &s.Sinks[0], &s.Sinks[1]
	dos.Wanted, dos.Since, dos.Refused, dos.Waiting, dos.Held = 1024, ago(40*time.Minute), 3, 2, 1
	dos.Paused = []standing.Paused{
		{Route: "change-event", Why: "unauthorized", Since: ago(40 * time.Minute)}, {Route: "fhir", Why: "down", Since: ago(5 * time.Minute)},
	}
	dos.Drift.Alarm, dos.Drift.Profiles, dos.Drift.Fields, dos.Drift.Missing = true, 3000, 9123, 7
	website.Drift.Profiles, website.Drift.Fields = 1, 2
	s.Letters = standing.Letters{State: "stopped", Since: ago(26 * time.Hour), Waiting: 412, Refused: 3}
	s.Daemons = []standing.Process{}
	s.Silent = []standing.Process{{Name: "sync-a-311-ABCDEFGH", StartedAt: ago(90 * time.Hour), SeenAt: ago(4 * time.Minute)}}
	return s
}

// isGolden compares a screen with its golden file.
func isGolden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}

func TestTheScreenIsGolden(t *testing.T) {
	t.Parallel()
	first := standing.Standing{
		At: now, Schema: postgres.SchemaVersion{Is: 36, Needed: 36}, Current: true, Letters: standing.Letters{State: "off"},
		Sources: []standing.Source{{Source: profile.SourceODS, Report: "etr", NextPull: now.Add(20 * time.Hour)}},
		Report:  standing.Report{Next: now.Add(21 * time.Hour)},
	}
	for _, name := range push.Sinks() {
		first.Sinks = append(first.Sinks, standing.Sink{Name: name})
	}
	for name, s := range map[string]standing.Standing{
		"healthy": healthy(), "waiting": waiting(), "first": first,
		"old-schema": {Schema: postgres.SchemaVersion{Is: 35, Needed: 36}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var screen bytes.Buffer
			show(commands.NewPrinter(&screen, "table"), s)
			isGolden(t, name, screen.String())
			lines := strings.Split(strings.TrimSuffix(screen.String(), "\n"), "\n")
			require.LessOrEqual(t, len(lines), 31, "it is one screen")
			for _, line := range lines {
				require.LessOrEqual(t, utf8.RuneCountInString(line), 80, line)
			}
		})
	}
}

func TestOnlyWhatWaitsForAPersonAwaits(t *testing.T) {
	t.Parallel()
	require.False(t, healthy().Waits.Any())
	require.False(t, standing.Waits{Cases: watchstore.CasesNow{Waiting: 2, SetAside: 1}}.Any(), "somebody looks after these")
	for want, w := range map[string]standing.Waits{
		"cases list":      {Cases: watchstore.CasesNow{Open: 1}, Withheld: watchstore.WithheldNow{Rows: 1}},
		"runs waiting":    {Withheld: watchstore.WithheldNow{Rows: 1}},
		"push list":       {Pushes: standing.Pushes{Waiting: 1}},
		"closure list":    {Closures: watchstore.ClosuresNow{Said: 1}},
		"--state waits`":  {Pushes: standing.Pushes{Waiting: 1}},
		"`profilesync ca": {Cases: watchstore.CasesNow{Open: 1}},
	} {
		require.True(t, w.Any(), want)
		require.Contains(t, next(w), want)
	}
}

func TestTheTableOfTrialsIsGolden(t *testing.T) {
	t.Parallel()
	var screen bytes.Buffer
	commands.NewPrinter(&screen, "table").Print(nil, "TRIAL | RESULT | DETAIL, AND WHAT TO DO", rowsOf([]trials.Trial{
		{Name: "database", Result: trials.OK, Detail: "PostgreSQL 15.8, 7 of 100 connections are used"},
		{
			Name:   "clock",
			Result: trials.Warning,
			Detail: "this machine is 3.2s ahead of the database",
			Todo:   "see to it that both machines follow a time server",
		},
		{Name: "e-RS", Result: trials.NotSet, Detail: "e-RS is not asked (PROFILESYNC_ERS_CREDENTIALS)"},
		{
			Name:   "website",
			Result: trials.Failed,
			Detail: "website: unauthorized (401)",
			Todo:   "put the right key into PROFILESYNC_WEBSITE_API_KEY",
		},
	}))
	isGolden(t, "trials", screen.String())
}
