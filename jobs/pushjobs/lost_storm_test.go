package pushjobs

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgproxy"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// throughProxy connects the store to the database through a proxy that can lose
// the replies to commits.
func (x *pushing) throughProxy(t *testing.T) *pgproxy.Proxy {
	t.Helper()
	line := pgproxy.New(t, x.conn.Config().ConnString())
	x.db = pgtest.OpenURL(t, line.URL())
	x.store.Store = pushstore.New(x.db)
	return line
}

// storm edits every profile over and over while workers push them.
type storm struct {
	*pushing
	editor *pgx.Conn
	edits  int
}

// edit gives every profile a new name.
func (s *storm) edit(ctx context.Context) error {
	s.edits++
	_, err := s.editor.Exec(ctx, "update profile set name = $1", fmt.Sprint("Edit ", s.edits))
	return err
}

// requeued waits until each push has a job again.
func (s *storm) requeued(ctx context.Context) error {
	pause := time.NewTicker(10 * time.Millisecond)
	defer pause.Stop()
	for {
		var withoutJob int
		err := s.editor.QueryRow(ctx, "select count(*) from push where job_id is null").Scan(&withoutJob)
		if err != nil || withoutJob == 0 {
			return err
		}
		<-pause.C
	}
}

// The replies to commits are lost, each time while every profile is edited
// again: the newest edit arrives, every delivery is made once, and nothing is
// left behind.
func TestLostAnswersLoseNoEdit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statement string
		rounds    int
		requeued  bool // before the caller learns that the reply is lost
	}{
		"settling": {"RecordOutcomes", 16, true}, "staging": {"StagePushes", 4, false}, "queueing": {"SetPushJobs", 4, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const profiles = 100 // each is edited three times a round
			s := &storm{pushing: newPushing(t)}
			delete(s.sinks, push.SinkWebsite)
			s.editor = pgtest.Connect(t, s.conn.Config().ConnString())
			line := s.throughProxy(t)
			s.workers = 16
			s.insert(t, profiles)
			s.start(t)
			s.eventually(t, profiles, accepted)
			for range c.rounds {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				lost := line.SwallowCommitAfter(c.statement, 2, func() {
					err := s.edit(ctx)
					if err == nil && c.requeued {
						err = s.requeued(ctx)
					}
					if err != nil {
						t.Error(err)
					}
				})
				_, err := s.conn.Exec(ctx, "update profile set phone = '0113 ' || version")
				require.NoError(t, err)
				require.Eventually(t, func() bool { return lost.Happened() == 2 }, time.Minute, 10*time.Millisecond)
				s.eventually(t, profiles, accepted)
				cancel()
				s.requireArrived(t, profiles)
			}
		})
	}
}

// requireArrived checks that the sink's own ledger holds the newest edit of
// every profile, and no delivery twice.
func (s *storm) requireArrived(t *testing.T, profiles int) {
	t.Helper()
	_, pushed := s.sinks[push.SinkDoS].log()
	newest, times := map[profile.ODSCode]push.Delivery{}, map[string]int{}
	for _, d := range pushed {
		times[d.Key]++
		if d.Sequence > newest[d.Code].Sequence {
			newest[d.Code] = d
		}
	}
	require.Len(t, newest, profiles)
	behind := 0
	for _, d := range newest {
		if d.Values.Get(fName) != fmt.Sprint("Edit ", s.edits) {
			behind++
		}
	}
	require.Zero(t, behind, "newest edits that were lost")
	require.Len(t, times, len(pushed), "no delivery twice")
	require.Zero(t, s.count(t, "select count(*) from (select from push_attempt group by code, sequence having count(*) > 1) x"))
	require.Zero(t, s.count(t, "select count(*) from push where asked <> answered"))
}
