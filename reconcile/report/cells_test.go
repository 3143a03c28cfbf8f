package report_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/report"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// changes draws rows of the audit, including some that no trigger would write.
func changes() *rapid.Generator[report.AuditedChange] {
	fields := []string{"name", "address", "opening-times", "dated-opening-times", "services", "service-texts", "profile", "unknown"}
	values := rapid.Ptr(rapid.OneOf(
		rapid.String(), rapid.SampledFrom([]string{"", "{}", "null", "[]", `{"day": "mon"}`, `{"date": 7}`, `{"name": "A", "value": "B"}`}),
	), true)
	times := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, "at"), 0).In(profile.London())
	})
	standings := rapid.Custom(func(t *rapid.T) report.PushStanding {
		return report.PushStanding{State: rapid.SampledFrom(push.States()).Draw(t, "state"), Accepted: times.Draw(t, "accepted")}
	})
	return rapid.Custom(func(t *rapid.T) report.AuditedChange {
		return report.AuditedChange{
			ID: rapid.Int64().Draw(t, "id"), Field: rapid.SampledFrom(fields).Draw(t, "field"),
			Old: values.Draw(t, "old"), New: values.Draw(t, "new"), At: times.Draw(t, "at"), Later: rapid.Bool().Draw(t, "later"),
			Type: rapid.SampledFrom(profile.OrgTypes()).Draw(t, "type"), Account: people.KindLead,
			Kind: rapid.SampledFrom([]runs.Kind{runs.RunListing, runs.RunApprove}).Draw(t, "kind"), RunAt: times.Draw(t, "run at"),
			DoS: standings.Draw(t, "dos"), Website: standings.Draw(t, "website"),
		}
	})
}

// Whatever the audit holds, each cell parses as the kind of its column.
func TestCellsHaveTheKindOfTheirColumn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cells := changes().Draw(t, "change").Cells(today)
		for i, column := range report.ChangeColumns() {
			var err error
			switch {
			case column.Kind == report.CellNumber:
				_, err = strconv.ParseInt(cells[i], 10, 64)
			case column.Kind == report.CellDate:
				_, err = time.Parse(time.DateOnly, cells[i])
			case column.Kind == report.CellTime && cells[i] != "":
				require.True(t, strings.HasSuffix(cells[i], "Z"), cells[i])
				_, err = time.Parse(time.RFC3339, cells[i])
			}
			require.NoError(t, err, column.Name)
		}
	})
}

// Only a change that a sink accepted has a push time, and the push is never older
// than the change.
func TestOnlyAcceptedChangesHaveAPushTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		standing := report.PushStanding{
			State:    rapid.SampledFrom(append(push.States(), "")).Draw(t, "state"),
			Accepted: noon.Add(time.Duration(rapid.IntRange(0, 59).Draw(t, "accepted"))),
		}
		changed := noon.Add(time.Duration(rapid.IntRange(0, 59).Draw(t, "changed")))
		status, pushedAt := standing.Status(changed, rapid.Bool().Draw(t, "later"))
		hasTime := status == report.PushIsAccepted || status == report.PushIsSuperseded
		require.Equal(t, hasTime, !pushedAt.IsZero())
		if status == report.PushIsAccepted {
			require.False(t, pushedAt.Before(changed))
		}
	})
}

// The standings of the two sinks are not mixed up, neither in the row nor in Pushes.
func TestEachSinkHasItsOwnColumns(t *testing.T) {
	t.Parallel()
	accepted, pending := report.PushStanding{State: push.Accepted, Accepted: after}, report.PushStanding{State: push.Wanted}
	status := func(c report.AuditedChange) [4]string {
		row := cells(t, c)
		return [4]string{row["dos_push_status"], row["dos_pushed_at"], row["nhsuk_push_status"], row["nhsuk_pushed_at"]}
	}
	change := report.AuditedChange{Field: "phone", At: noon, DoS: accepted, Website: pending}
	require.Equal(t, [4]string{"ACCEPTED", "2026-11-20T13:00:00Z", "PENDING", ""}, status(change))
	change.DoS, change.Website = pending, accepted
	require.Equal(t, [4]string{"PENDING", "", "ACCEPTED", "2026-11-20T13:00:00Z"}, status(change))
	require.Equal(t, map[push.Sink]report.PushStanding{push.SinkDoS: pending, push.SinkWebsite: accepted}, change.Pushes())
}

// Times are written in UTC, whatever zone they come in.
func TestTimesAreInUTC(t *testing.T) {
	t.Parallel()
	summer := time.Date(2026, time.July, 1, 0, 30, 0, 0, profile.London())
	row := cells(t, report.AuditedChange{
		Field: "phone", At: summer, Kind: runs.RunApprove, RunAt: summer,
		DoS: report.PushStanding{State: push.Accepted, Accepted: summer},
	})
	for _, column := range []string{"changed_at", "approved_at", "dos_pushed_at"} {
		require.Equal(t, "2026-06-30T23:30:00Z", row[column], column)
	}
}

func TestOnlyIDsAreShownAsActors(t *testing.T) {
	t.Parallel()
	for actor, isID := range map[string]bool{
		"u-4711": true, "dos-lead-12": true, "a-b-c-1": true,
		"": false, "u-": false, "4711": false, "u-47x": false, "U-4711": false, "jane": false,
		"jane.smith-1": false, "jane@example.nhs.uk": false, "u-4711\njane": false, "u--1": false, "-1": false,
	} {
		row := cells(t, report.AuditedChange{Actor: actor, Kind: runs.RunApprove, Decided: actor})
		want := "operator"
		if isID {
			want = actor
		}
		require.Equal(t, want, row["changed_by"], "%q", actor)
		require.Equal(t, want, row["approved_by"], "%q", actor)
	}
}

// Whatever the audit holds as the actor, a report shows only ids.
func TestNoNameOfAPersonGetsIntoARow(t *testing.T) {
	t.Parallel()
	allowed := regexp.MustCompile(`^(operator|system|[a-z]+(-[a-z]+)*-[0-9]+)$`)
	rapid.Check(t, func(t *rapid.T) {
		change := report.AuditedChange{
			Field: "phone", Kind: runs.RunApprove, Run: runs.ID(rapid.Int64Range(0, 2).Draw(t, "run")),
			Actor: rapid.String().Draw(t, "actor"), Decided: rapid.StringMatching(`[a-z]{1,3}[-. @][0-9]?`).Draw(t, "decided"),
		}
		row := cells(t, change)
		require.Regexp(t, allowed, row["changed_by"])
		require.Regexp(t, allowed, row["approved_by"])
	})
}
