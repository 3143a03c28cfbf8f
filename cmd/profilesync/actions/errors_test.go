package actions

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func TestKindsOfErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		kind Kind
	}{
		{io.EOF, Failed}, {errNobody, Failed}, {invalid("until", " %s: that day has passed", "2026-06-01"), Invalid},
		{postgres.Wrap(postgres.ErrNotFound, "run 7"), Missing}, {postgres.NotFoundError("there is no plan P7"), Missing},
		{runs.Conflictf("run %d withheld nothing", 7), Conflict}, {runs.NothingWaits(runs.Selection{Run: 7}, nil, 0), Conflict},
		{runs.DecidedError{Run: 7}, Conflict}, {runs.NotKept(7), Conflict}, {runs.AlreadyApplied(7, 8), Conflict},
		{runs.SamePersonError{Run: 7, Name: "ann"}, Forbidden}, {&profile.RefusedError{Name: "etr.csv", Why: "no rows"}, Conflict},
		{history.RefusedError("it is held"), Conflict}, {history.NothingLeftError("phone"), Conflict},
		{postgres.Wrap(casestore.ErrMoved, "deciding"), Conflict}, {settings.Error{Err: errors.New("no key")}, Unset},
		{unset("DoS is not configured"), Unset}, {fmt.Errorf("x: %w", conflict("it has ended")), Conflict},
	} {
		require.Equal(t, c.kind, KindOf(c.err), "%v", c.err)
	}
	wrong := invalid("until", ": %w", io.EOF)
	require.EqualError(t, wrong, "until: EOF")
	require.ErrorIs(t, wrong, io.EOF)
}

// Nothing is done for nobody.
func TestNobodyIsRefused(t *testing.T) {
	t.Parallel()
	a := &Actions{}
	_, err := a.Scopes(t.Context(), Request{})
	require.ErrorIs(t, err, errNobody)
	_, err = a.Approve(t.Context(), Decision{All: true})
	require.ErrorIs(t, err, errNobody)
	_, err = a.AddHold(t.Context(), Hold{})
	require.ErrorIs(t, err, errNobody)
	require.ErrorIs(t, a.RemoveHold(t.Context(), 7), errNobody)
	_, err = a.Names(t.Context(), nil)
	require.Equal(t, Forbidden, KindOf(err))
}
