package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

func TestPruningKeepsTheNewestEntryOfASchedule(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	ctx, now := t.Context(), time.Now()
	require.NoError(t, w.DB.WithLedger(ctx, func(l *postgres.Ledger) error {
		for _, age := range []int{500, 450, 1} {
			if err := l.Record(ctx, "daily", now.AddDate(0, 0, -age), 0); err != nil {
				return err
			}
		}
		return l.Record(ctx, "rare", now.AddDate(0, 0, -600), 0)
	}))
	require.NoError(t, w.DB.Prune(ctx, now.AddDate(0, 0, -400)))
	require.Equal(t, []string{"daily", "rare"}, pgtest.All[string](w, "select name from schedule_run order by name"),
		"each continues from its newest")
}
