package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func TestPruningKeepsWhatIsNeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.listing(1, pharmacies(3))
	old, err := w.store.StoreUpload(ctx, "left-by-a-killed-command.csv", strings.NewReader("x"))
	require.NoError(t, err)
	w.Exec("update upload set created_at = now() - interval '2 days'")
	_, err = w.store.StoreUpload(ctx, "just-stored.csv", strings.NewReader("x"))
	require.NoError(t, err)
	now := time.Now()
	require.NoError(t, w.store.WithLedger(ctx, func(l *postgres.Ledger) error {
		for _, age := range []int{500, 450, 1} {
			if err := l.Record(ctx, "daily", now.AddDate(0, 0, -age), 0); err != nil {
				return err
			}
		}
		return l.Record(ctx, "rare", now.AddDate(0, 0, -600), 0)
	}))

	audited := w.audited()
	require.NoError(t, w.store.Prune(ctx, now.AddDate(0, 0, -400)))
	require.Equal(t, []string{"just-stored.csv"}, pgtest.All[string](w.Database, "select name from upload"), "upload %d is gone", old)
	require.Equal(t, []string{"daily", "rare"}, pgtest.All[string](w.Database,
		"select name from schedule_run order by name"), "each goes on from its newest")
	require.Equal(t, 3, pgtest.One[int](w.Database, "select count(*) from plan_row"))

	require.NoError(t, w.store.Prune(ctx, now.Add(time.Hour)))
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from plan_row"))
	require.Equal(t, audited, w.audited(), "the audit is for good")
	require.Equal(t, runs.ChangeCounts{}, w.listing(2, pharmacies(3)).Changes)
}

func TestWatermarksOnlyGrow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, until := range []int{10, 12, 11} {
		session, err := w.store.LockOrganisations(t.Context())
		require.NoError(t, err)
		run := runs.Run{Kind: runs.RunDelta, Source: profile.SourceODS, Report: "api", AsOf: day(12), Actor: "test"}
		require.NoError(t, session.BeginPlan(t.Context(), run, nil))
		require.NoError(t, session.MoveWatermark(t.Context(), "changes", day(until)))
		require.NoError(t, session.Seal(t.Context(), runs.NewSummary(run), runs.Stamp{}))
		session.Close()
	}
	until, err := w.store.Watermark(t.Context(), profile.SourceODS, "changes")
	require.NoError(t, err)
	require.Equal(t, day(12), until)
}
