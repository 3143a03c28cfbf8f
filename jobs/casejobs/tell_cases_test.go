package casejobs_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/jobs/casejobs"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// store is a store of cases, and a calendar, that note what is asked of them.
type store struct {
	asked []string
	steps cases.Steps
	err   error
}

func (s *store) Look(context.Context, cases.Moment, []string) (cases.Steps, error) {
	s.asked = append(s.asked, "look")
	return s.steps, s.err
}

func (*store) Letters(context.Context, map[profile.ODSCode]bool, cases.Moment, bool) ([]cases.Letter, int, error) {
	return nil, 0, nil
}

func (s *store) Tell(_ context.Context, _ map[profile.ODSCode]bool, _ cases.Moment, digests bool) (added, untold int, err error) {
	s.asked = append(s.asked, map[bool]string{true: "tell all", false: "tell what is urgent"}[digests])
	return 0, 3, nil
}

func (*store) Holidays(context.Context) (days, vanished []people.Holiday, err error) {
	return nil, nil, nil
}

func keeper(s *store) (*casejobs.Keeper, *bytes.Buffer) {
	var log bytes.Buffer
	return &casejobs.Keeper{Store: s, Calendar: s, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))}, &log
}

// After days in which nobody looked, letters tell what stands now; where nobody can be
// told, the log says so.
func TestLettersTellWhatStandsNow(t *testing.T) {
	t.Parallel()
	s := &store{}
	k, log := keeper(s)
	_, _, err := k.Tell(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"look", "tell all"}, s.asked)
	require.Contains(t, log.String(), "cases=3")

	s = &store{err: errors.New("busy")}
	k, _ = keeper(s)
	_, _, err = k.Tell(t.Context())
	require.ErrorContains(t, err, "busy")
	require.Equal(t, []string{"look"}, s.asked, "tried again later")
}

// A look that changes nothing repeats no warning.
func TestThatNobodyCanBeToldIsSaidWhenSomethingChanges(t *testing.T) {
	t.Parallel()
	for _, ended := range [][]int64{nil, {7}} {
		k, log := keeper(&store{steps: cases.Steps{End: ended}})
		_, err := k.Look(t.Context())
		require.NoError(t, err)
		require.Equal(t, ended != nil, bytes.Contains(log.Bytes(), []byte("nobody can be told")))
	}
}
