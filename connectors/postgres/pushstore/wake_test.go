package pushstore_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// A dispatcher that woke itself would never rest.
func TestARoundWakesNoOther(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy)
	w.dispatch()
	listening, err := pgx.Connect(t.Context(), w.URL)
	require.NoError(t, err)
	defer func() { _ = listening.Close(context.WithoutCancel(t.Context())) }()
	_, err = listening.Exec(t.Context(), "listen profilesync_change")
	require.NoError(t, err)
	w.dispatch()
	w.dispatch()
	w.Exec("select pg_notify('profilesync_change', 'somebody')")
	told, err := listening.WaitForNotification(t.Context())
	require.NoError(t, err)
	require.Equal(t, "somebody", told.Payload)
}
