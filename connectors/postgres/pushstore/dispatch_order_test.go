package pushstore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// noted returns which pushes were wanted since the last call, and resets them.
func (w *world) noted() []string {
	w.Helper()
	codes := pgtest.All[string](w.Database, "select code from push where wanted_at > '-infinity' and sink = 'dos' order by code")
	w.Exec("update push set wanted_at = '-infinity' where wanted_at > '-infinity'")
	return codes
}

// many creates n profiles whose changes have all been read.
func many(t *testing.T, n int) *world {
	t.Helper()
	w := newWorld(t)
	w.Exec(`insert into profile (code, name, type) select 'FA' || lpad(i::text, 5, '0'), 'A', 'pharmacy'
		from generate_series(0, $1::int - 1) i`, n)
	w.dispatch()
	w.round(sinkRoutes(), func(ctx context.Context, d *pushstore.Dispatch) error { return d.Enrol(ctx) })
	w.noted()
	return w
}

func TestATransactionThatStaysOpen(t *testing.T) {
	t.Parallel()
	w := many(t, 3)
	read := func() []string {
		w.dispatch()
		return w.noted()
	}
	early := func() int { return pgtest.One[int](w.Database, "select count(*) from dispatched_early") }
	slow := pgtest.Connect(t, w.URL)
	tx, err := slow.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "update profile set phone = '111' where code = 'FA00000'")
	require.NoError(t, err)

	w.Exec("update profile set phone = '222' where code = 'FA00001'")
	require.Equal(t, []string{"FA00001"}, read(), "an open transaction delays no others")
	require.Positive(t, early())
	require.Empty(t, read(), "nothing is read twice")
	w.Exec("update profile set phone = '333' where code = 'FA00002'")
	require.Equal(t, []string{"FA00002"}, read())
	require.NoError(t, tx.Commit(t.Context()))
	require.Equal(t, []string{"FA00000"}, read(), "the transaction that committed last has the lowest number")
	require.Empty(t, read())
	require.Eventually(t, func() bool { // transactions of other databases hold the horizon back too
		require.Empty(t, read())
		return early() == 0
	}, 30*time.Second, 10*time.Millisecond, "changes read early are forgotten once the horizon passes them")
}

func TestASavepointIsPartOfItsTransaction(t *testing.T) {
	t.Parallel()
	w := many(t, 3)
	w.Exec(`begin; update profile set phone = '111' where code = 'FA00000';
		savepoint a; update profile set phone = '111' where code = 'FA00001'; release a;
		savepoint b; update profile set phone = '111' where code = 'FA00002'; rollback to b; commit`)
	w.dispatch()
	require.Equal(t, []string{"FA00000", "FA00001"}, w.noted())
}

// editors are connections whose transactions may stay open, each with profiles
// of its own, and the edits that were committed but not yet read.
type editors struct {
	*world
	conns  [3]*pgx.Conn
	open   [3]pgx.Tx
	edits  [3][]string
	unread []string
	serial int
}

// act takes one step for an editor: an edit, a commit or a rollback.
func (e *editors) act(t require.TestingT, i, what int) {
	ctx := e.Context()
	switch {
	case what < 3:
		if e.open[i] == nil {
			tx, err := e.conns[i].Begin(ctx)
			require.NoError(t, err)
			e.open[i] = tx
		}
		e.serial++
		code := fmt.Sprintf("FA%05d", 3*what+i)
		_, err := e.open[i].Exec(ctx, "update profile set phone = $1 where code = $2", fmt.Sprint(1000+e.serial), code)
		require.NoError(t, err)
		e.edits[i] = append(e.edits[i], code)
	case e.open[i] == nil:
	case what == 3:
		require.NoError(t, e.open[i].Commit(ctx))
		e.unread = append(e.unread, e.edits[i]...)
		e.open[i], e.edits[i] = nil, nil
	default:
		require.NoError(t, e.open[i].Rollback(ctx))
		e.open[i], e.edits[i] = nil, nil
	}
}

// read requires exactly the edits that were committed since the last read.
func (e *editors) read(t require.TestingT) {
	slices.Sort(e.unread)
	e.dispatch()
	require.Equal(t, slices.Compact(e.unread), append([]string(nil), e.noted()...))
	e.unread = nil
}

func TestEveryChangeIsReadOnceInAnyOrderOfCommits(t *testing.T) {
	t.Parallel()
	e := &editors{world: many(t, 9)}
	for i := range e.conns {
		e.conns[i] = pgtest.Connect(t, e.URL)
	}
	rapid.Check(t, func(t *rapid.T) {
		for _, step := range rapid.SliceOfN(rapid.IntRange(0, 3*6-1), 1, 25).Draw(t, "steps") {
			if step/3 == 5 {
				e.read(t)
			} else {
				e.act(t, step%3, step/3)
			}
		}
		e.read(t)
		for i := range e.open {
			e.act(t, i, 3+i%2)
		}
		e.read(t)
	})
}

func TestTwoDispatchersAndManyWriters(t *testing.T) {
	t.Parallel()
	const writers, each = 4, 100
	w := many(t, writers*each)
	w.Exec("create table noted (code text, sink text)")
	w.Exec("grant insert on noted to public")
	w.Exec(`create function note() returns trigger language plpgsql as
		$$ begin insert into noted values (new.code, new.sink); return null; end $$`)
	w.Exec("create trigger note after update on push for each row when (new.wanted_at <> old.wanted_at) execute function note()")

	var writing, reading sync.WaitGroup
	done, failed := make(chan struct{}), make(chan error, writers+2)
	for i := range writers {
		conn := pgtest.Connect(t, w.URL)
		writing.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			for next := 0; next < each; {
				n := min(1+random.IntN(5), each-next)
				if err := editOnce(t.Context(), conn, i*each+next, n, random.IntN(4) > 0); err != nil {
					failed <- err
					return
				}
				next += n
			}
		})
	}
	for range 2 {
		reading.Go(func() {
			for {
				_, err := w.store.WithDispatch(t.Context(), sinkRoutes(), func(d *pushstore.Dispatch) error {
					return d.ReadChanges(t.Context(), day(1), editDelay)
				})
				if err != nil {
					failed <- err
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	w.dispatch()
	require.Empty(t, failed)
	const changed = "select code from change where field = 'phone' order by code"
	require.NotEmpty(t, pgtest.All[string](w.Database, changed))
	for _, sink := range push.Sinks() {
		require.Equal(t, pgtest.All[string](w.Database, changed), pgtest.All[string](w.Database,
			"select code from noted where sink = $1 order by code", string(sink)))
	}
}

// editOnce edits n profiles in one transaction.
func editOnce(ctx context.Context, conn *pgx.Conn, from, n int, commit bool) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	for i := range n {
		if _, err := tx.Exec(ctx, "update profile set phone = '111' where code = $1", fmt.Sprintf("FA%05d", from+i)); err != nil {
			return err
		}
	}
	if commit {
		return tx.Commit(ctx)
	}
	return tx.Rollback(ctx)
}

// All writers of several pushes lock them in the same order, and no number is
// given twice.
func TestWritersOfManyPushesDoNotBlockEachOther(t *testing.T) {
	t.Parallel()
	const profiles, times = 60, 60
	w := many(t, profiles)
	w.Exec("set profilesync.run = '1'")
	ctx, store := t.Context(), w.store
	codes := func() []profile.ODSCode {
		shuffled := make([]profile.ODSCode, profiles)
		for to, from := range rand.Perm(profiles) {
			shuffled[to] = profile.ODSCode(fmt.Sprintf("FA%05d", from))
		}
		return shuffled
	}
	w.Exec("update push set job_id = 99")
	var mu sync.Mutex
	given, twice := map[string]bool{}, 0
	last := map[push.Sink]map[profile.ODSCode]int64{push.SinkDoS: {}, push.SinkWebsite: {}}
	stage := func(sink push.Sink) error {
		staged := make([]push.Staged, profiles)
		for i, code := range codes() {
			staged[i] = push.Staged{Code: code, Job: 99, Last: last[sink][code]}
		}
		numbers, err := store.StagePushes(ctx, sink, staged)
		mu.Lock()
		defer mu.Unlock()
		for i, number := range numbers {
			code := staged[i].Code
			last[sink][code] = number
			key := fmt.Sprint(code, number)
			if given[key] {
				twice++
			}
			given[key] = true
		}
		return err
	}
	work := []func() error{
		func() error { return stage(push.SinkDoS) },
		func() error { return stage(push.SinkWebsite) },
		func() error {
			outcomes := make([]push.Outcome, profiles)
			for i, code := range codes() {
				outcomes[i] = push.Outcome{Code: code, Job: 98, Route: "change-event", State: push.Accepted}
			}
			_, err := store.RecordOutcomes(ctx, push.SinkDoS, outcomes, nothingToComplete)
			return err
		},
		func() error {
			_, err := store.ForcePushes(ctx, codes(), push.Sinks(), false, "jo")
			return err
		},
		func() error {
			_, err := w.SQL.Exec(ctx, "update profile set phone = '0113 ' || version")
			return err
		},
		func() error {
			_, err := store.WithDispatch(ctx, sinkRoutes(), func(d *pushstore.Dispatch) error { return d.ReadChanges(ctx, day(1), editDelay) })
			return err
		},
	}
	var running sync.WaitGroup
	failed := make(chan error, len(work))
	for _, do := range work {
		running.Go(func() {
			for range times {
				if err := do(); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	running.Wait()
	close(failed)
	for err := range failed {
		require.NoError(t, err)
	}
	require.Zero(t, twice)
	require.Len(t, given, 2*profiles*times)
}
