package runjobs

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

var errDatabase = errors.New("the database is gone")

// background counts what still works after it was told to stop.
type background struct{ begun, ended atomic.Int32 }

func (b *background) work() {
	b.begun.Add(1)
	<-time.After(time.Second)
	b.ended.Add(1)
}

// slowERS ends a request only a second after it was cancelled.
type slowERS struct {
	ServiceSource
	background
}

func (s *slowERS) Batch(ctx context.Context, _ string, ids []services.ID) ([]services.Answer, error) {
	if ids[0] == "0" {
		return []services.Answer{{ID: "0", Outcome: services.OutcomeAbsent}}, nil
	}
	<-ctx.Done()
	s.work()
	return nil, ctx.Err()
}

// failingServices has three batches, and keeps none.
type failingServices struct{ ServiceSession }

func (failingServices) BeginPull(context.Context, runs.Run) error { return nil }

func (failingServices) Entries(context.Context) iter.Seq2[[]services.Entry, error] {
	return func(yield func([]services.Entry, error) bool) {
		_ = yield([]services.Entry{{ID: "0", Credential: "a"}, {ID: "1", Credential: "b"}, {ID: "2", Credential: "c"}}, nil)
	}
}

func (failingServices) Keep(context.Context, []services.Sighting, []services.Answer, int, services.Entry) error {
	return errDatabase
}

func TestPullOfServicesLeavesNoRequestBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &slowERS{}
		planner := servicePlanner{
			Services: Services{Ahead: 3, Open: func() (ServiceSource, error) { return source, nil }},
			session:  failingServices{},
		}
		require.ErrorIs(t, planner.pull(t.Context()), errDatabase)
		require.EqualValues(t, 2, source.begun.Load())
		require.EqualValues(t, 2, source.ended.Load(), "requests that had ended when pull returned")
	})
}

// slowPull takes a second for each record.
type slowPull struct {
	Pull
	background
}

func (s *slowPull) Record(profile.Row) (profile.Record, error) {
	s.work()
	return profile.Record{}, nil
}

// failingDiffering has one chunk and then none.
type failingDiffering struct{ OrganisationSession }

func (failingDiffering) Compare(context.Context) (int, []profile.Row, error) { return 1, nil, nil }

func (failingDiffering) Differing(context.Context) iter.Seq2[[]runs.Candidate, error] {
	return func(yield func([]runs.Candidate, error) bool) {
		_ = yield([]runs.Candidate{{}}, nil) && yield(nil, errDatabase)
	}
}

func TestComparingLeavesNoDecodingBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pull := &slowPull{}
		planner := organisationPlanner{
			progress: func(context.Context, runs.ID, string, int, int) {}, session: failingDiffering{}, pulled: pull,
		}
		require.ErrorIs(t, planner.compareStaged(t.Context()), errDatabase)
		require.EqualValues(t, 1, pull.ended.Load(), "records that had been decoded when the pull may be closed")
	})
}
