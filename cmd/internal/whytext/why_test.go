package whytext_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/whytext"
	"github.com/profilesync/profilesync/connectors/postgres/historystore"
	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var start = time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC)

const (
	eyes      = `{"name": "Eyes", "external_id": "12"}`
	eyeClinic = `{"name": "Eye clinic", "external_id": "12"}`
	parking   = `{"name": "Parking", "value": "yes"}`
	toilet    = `{"name": "Toilet", "value": "no"}`
)

// audit is what was written of the profile.
var audit = []history.Change{
	{Field: history.Created, New: "A", Actor: "u-1", Run: 1, Transaction: "1"},
	{Field: "name", Old: "A", New: "B", Actor: "u-1", Run: 3, Transaction: "2"},
	{Field: "name", Old: "B", New: "C", Actor: "u-2", Transaction: "3"},
	{Field: "name", Old: "C", New: "B", Actor: "u-1", Run: 4, Transaction: "4"},
	{Field: "name", Old: "B", New: "A", Actor: "u-1", Run: 5, Transaction: "5"},
	{Field: "phone", New: "0113 496 0001", Actor: "u-2", Transaction: "6"},
	{Field: "facilities", New: parking, Actor: "u-2", Role: "profilesync_editor", Transaction: "6"},
	{Field: "facilities", New: toilet, Actor: "u-2", Role: "profilesync_editor", Transaction: "6"},
	{Field: "facilities", Old: parking, Actor: "u-2", Role: "u-2", Transaction: "7"},
	{Field: "ers-services", New: eyes, Actor: "u-1", Run: 6, Transaction: "8"},
	{Field: "ers-services", Old: eyes, New: eyeClinic, Actor: "u-1", Run: 99, Transaction: "9"},
	{Field: "phone", Old: "0113 496 0001", Actor: "u-9", Transaction: "10"},
	{Field: "kind", New: "hospital", Actor: "u-9", Reason: "wards\non two floors", Transaction: "11"},
	{Field: "fax", New: "of another version", Actor: "u-9", Transaction: "12"},
}

// explained is a profile that has seen everything.
func explained() historystore.Explained {
	told := historystore.Explained{Told: history.Told{
		Now:       history.Standing{Code: "R1A01"},
		TakenBack: []history.TakenBack{{Change: 6, Transaction: "10", Actor: "u-9", Reason: "a wrong number", At: start}},
	}}
	told.Now.Values.Set(profile.FieldName, "A")
	told.Now.Values.Set(profile.FieldKind, "hospital")
	told.Now.Values.Set(profile.FieldStatus, "open")
	told.Now.Parts = []history.Part{{Field: profile.FieldFacilities, JSON: toilet}, {Field: profile.FieldERSServices, JSON: eyeClinic}}
	for n, c := range audit {
		c.ID, c.At = int64(n+1), start.Add(time.Duration(n+1)*time.Minute)
		told.Changes = append(told.Changes, c)
	}
	addRuns(&told)
	addClosures(&told)
	addSinks(&told)
	return told
}

func column(r history.Run, f profile.Field) string {
	if f == profile.FieldName {
		return "column 2 of " + r.Layout
	}
	return ""
}

func addRuns(told *historystore.Explained) {
	day := profile.NewDate(2026, 3, 28)
	listing := func(id runs.ID, days int) history.Run {
		return history.Run{
			ID: id, Kind: runs.RunListing, Source: "ods", Report: "edispensary", Layout: "dse", AsOf: day.AddDays(days), Actor: "u-1",
			At: start.AddDate(0, 0, days),
		}
	}
	told.Runs = map[runs.ID]history.Run{
		1: {ID: 1, Kind: runs.RunListing, Source: "ods", Report: "edispensary", Layout: "dse", AsOf: day, Actor: "u-1", At: start},
		2: listing(2, 0),
		3: {ID: 3, Kind: runs.RunApprove, Source: "ods", Report: "edispensary", AsOf: day, Actor: "u-3", Parent: 2, At: start},
		4: {ID: 4, Kind: runs.RunDelta, Source: "ods", Report: "api", AsOf: day, Actor: "u-1", At: start},
		5: {ID: 5, Kind: runs.RunUndo, Source: "ods", Report: "api", AsOf: day, Actor: "u-4", Parent: 3, At: start},
		6: {ID: 6, Kind: runs.RunDelta, Source: "ers", Report: "services", AsOf: day, Actor: "u-1", At: start},
		7: listing(7, 1),
		8: listing(8, 2),
	}
	second := told.Runs[2]
	second.At = start.Add(90 * time.Second)
	told.Runs[2] = second
	name := func(run runs.ID) historystore.Planned { return historystore.Planned{Run: run, Field: "name"} }
	told.Reasons = map[historystore.Planned]runs.Reason{name(4): runs.BecauseDrift}
	told.Withheld = []historystore.Withheld{
		{Planned: name(2), Old: "A", New: "B", Reason: runs.MassChange, Decision: runs.Approved, In: 3, By: "u-3", At: start},
		{Planned: name(7), Old: "A", New: "X", Reason: runs.MassChange, Decision: runs.Rejected, By: "u-3", At: start.Add(25 * time.Hour)},
		{Planned: name(8), Old: "A", New: "Y", Reason: runs.MassChange, Decision: runs.Withdrawn},
		{Planned: name(8), Old: "A", New: "Z", Reason: runs.WasUndone, Waits: true},
	}
	told.Holds = []history.Hold{
		{Field: "name", Until: profile.NewDate(2026, 4, 1), Reason: "to be\nasked", Actor: "u-5", At: start.AddDate(0, 0, 3)},
		{Field: "phone", Reason: "flooded", Actor: "u-5", At: start.AddDate(0, 0, 3), Removed: start.AddDate(0, 0, 4), RemovedBy: "u-6"},
		{Sink: push.SinkWebsite, Reason: "rings them", Actor: "u-5", At: start.AddDate(0, 0, 4)},
	}
}

func addClosures(told *historystore.Explained) {
	at := func(days int) time.Time { return start.AddDate(0, 0, days) }
	told.Closures = []historystore.ClosureStep{
		{Step: historystore.ClosureSaid, By: "u-7", Reason: "the shop\nis empty", At: at(1)},
		{Step: historystore.ClosureConfirmed, By: "u-8", Reason: "rang the board", At: at(2), Successor: "R1A02"},
		{Step: historystore.ClosureTakenBack, By: "u-7", Reason: "it is open", At: at(3)},
		{Step: historystore.ClosureConfirmed, By: "u-8", Reason: "it is not", At: at(4)},
	}
}

func addSinks(told *historystore.Explained) {
	later := start.AddDate(0, 0, 5)
	told.Pushes = []historystore.Push{
		{
			Sink: push.SinkDoS, Route: "change-event", State: push.Accepted, Number: 12, AcceptedNumber: 12, Sent: map[string]string{"name": "A"},
			SentAt: later, Accepted: later.Add(time.Second), SeenAt: later.Add(time.Minute), LeftOut: map[string]string{"phone": "no digits"},
		},
		{
			Sink: push.SinkWebsite, Route: "profile", State: push.Wanted, Reason: "unread", Number: 13, AcceptedNumber: 11, Unclear: true,
			Sent: map[string]string{"name": "B"}, SentAt: later, Accepted: start, SeenAt: start,
		},
	}
	told.Drift = []historystore.Drift{
		{Sink: push.SinkDoS, Entry: "service 1", Field: "name", Want: "A", Shown: "a b", At: later.Add(time.Hour)},
		{Sink: push.SinkDoS, Field: "phone", Want: "", Shown: "0113", At: later.Add(time.Hour)},
	}
}

func lines(steps []whytext.Step) string {
	var text strings.Builder
	for _, s := range steps {
		at := "-"
		if !s.At.IsZero() {
			at = s.At.Format("02 15:04:05")
		}
		fmt.Fprintf(&text, "%s | %s | %s | %d | %d | %d | %s\n", s.Field, at, s.Kind, s.Change, s.Run, s.Number, s.Text)
	}
	return text.String()
}

func TestTheChainBehindEachValue(t *testing.T) {
	t.Parallel()
	text := lines(whytext.Of(explained(), profile.NoField, column))
	file := filepath.Join("testdata", "why.golden")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), text, "run go test ./cmd/internal/whytext -update")
}

func TestTheChainOfOneFieldIsThatOfAll(t *testing.T) {
	t.Parallel()
	told := explained()
	all := map[string][]whytext.Step{}
	for _, s := range whytext.Of(told, profile.NoField, column) {
		all[s.Field] = append(all[s.Field], s)
	}
	ofSinks := all[""]
	require.Len(t, ofSinks, 1, "a hold for a sink is told once")
	delete(all, "")
	require.Len(t, all, 6, "those that have, or had, a value")
	for name, steps := range all {
		f, err := profile.ParseField(name)
		require.NoError(t, err)
		one := slices.DeleteFunc(whytext.Of(told, f, column), func(s whytext.Step) bool { return s.Kind == whytext.WasHeld && s.Sink != "" })
		require.Equal(t, steps, one, name)
	}
	email := lines(whytext.Of(told, profile.FieldEmail, column))
	require.True(t, strings.HasPrefix(email, "email | - | stands | 0 | 0 | 0 | nothing; editors own it (editor)\n"), email)
}

// An approval comes after what it approves, and a change after the one that it follows,
// whatever their clocks say.
func TestStepsStandInTheOrderInWhichTheyWereWritten(t *testing.T) {
	t.Parallel()
	told := explained()
	for n := range told.Changes {
		told.Changes[n].At = start.Add(-time.Duration(n) * time.Hour)
	}
	var changes []int64
	for _, s := range whytext.Of(told, profile.FieldName, column) {
		if s.Kind == whytext.WasCreated || s.Kind == whytext.WasChanged {
			changes = append(changes, s.Change)
		}
	}
	require.Equal(t, []int64{1, 2, 3, 4, 5}, changes)
}

func TestHowAPushStands(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]historystore.Push{
		"a push is wanted, and not sent yet":       {State: push.Wanted},
		"the push was refused: no such, number":    {State: push.Refused, Reason: "no such\nnumber"},
		"the push waits for a person":              {State: push.Waits},
		"the push is held by a person":             {State: push.Held},
		"there is no route for this type":          {State: push.NoRoute},
		"number 3, the last one sent, does not st": {State: push.Accepted, Number: 3},
		"accepted number 4":                        {State: push.Accepted, Number: 3, AcceptedNumber: 4, Sent: map[string]string{"name": "A"}},
		"whether number 3 was taken is not known":  {State: push.Wanted, Number: 3, Unclear: true, Sent: map[string]string{"name": "A"}},
	} {
		p.Sink = push.SinkDoS
		told := historystore.Explained{Told: history.Told{Changes: []history.Change{{ID: 1, Field: history.Created, New: "A"}}}}
		told.Now.Values.Set(profile.FieldName, "A")
		told.Pushes = []historystore.Push{p}
		steps := whytext.Of(told, profile.FieldName, column)
		require.Contains(t, lines(steps), "dos: "+want)
		for _, s := range steps {
			require.NotContains(t, s.Text, "\n", "one line")
		}
	}
}
