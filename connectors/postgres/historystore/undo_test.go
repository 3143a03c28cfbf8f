package historystore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/historystore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// world is a database with one pharmacy, of which the register knows, and run 1.
type world struct {
	*pgtest.Database

	store *historystore.Store
}

func newWorld(t *testing.T) world {
	t.Helper()
	db := pgtest.New(t)
	db.Exec(`insert into profile (code, name, type, address, postcode, icb, region)
		values ('FA001', 'A', 'pharmacy', '{1 High Street}', 'LS1 1AA', 'QWO', 'Y63')`)
	db.Exec(`insert into run (kind, source, report, as_of, actor, state)
		values ('listing', 'ods', 'edispensary', '2026-03-01', 'u-1', 'done')`)
	db.Exec("insert into listing (source, report, as_of, records, etag) values ('ods', 'edispensary', '2026-03-01', 1, 'tag')")
	db.Exec(`insert into upstream_record (source, report, code, raw_hash, facts, facts_hash, rules_version, settled)
		values ('ods', 'edispensary', 'FA001', '\x01', '{}', '\x01', 1, true)`)
	return world{db, historystore.New(db.DB)}
}

// writes writes in one transaction, as an actor and perhaps a run.
func (w world) writes(actor, run string, statements ...string) {
	w.Helper()
	require.NoError(w, pgx.BeginFunc(w.Context(), w.SQL, func(tx pgx.Tx) error {
		_, err := tx.Exec(w.Context(), "select set_config('profilesync.actor', $1, true), set_config('profilesync.run', $2, true),"+
			" set_config('profilesync.report', 'edispensary', true), set_config('profilesync.reason', 'as ever', true)", actor, run)
		for _, statement := range statements {
			if err == nil {
				_, err = tx.Exec(w.Context(), statement)
			}
		}
		return err
	}))
}

func (w world) undo(f profile.Field, change int64) (history.Reversal, error) {
	return w.store.Undo(w.Context(), historystore.Wanted{
		Code: "FA001", Field: f, Change: change, Actor: "u-9", Reason: "wrong", Today: profile.NewDate(2026, 3, 2),
	})
}

func (w world) refuses(f profile.Field, change int64, want string) {
	w.Helper()
	before := pgtest.One[int](w.Database, "select count(*) from change")
	_, err := w.undo(f, change)
	require.ErrorContains(w, err, want)
	require.Equal(w, before, pgtest.One[int](w.Database, "select count(*) from change"), "nothing is changed")
}

func (w world) marks() []string {
	return pgtest.All[string](w.Database, "select concat_ws(' ', field, verdict, value, run_id, actor) from mark order by field")
}

func TestWhatARunWroteIsMarkedAndLookedAtAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes("u-1", "1", "update profile set address = '{2 Low Road}', postcode = 'LS2 2BB', name = 'B' where code = 'FA001'")
	require.True(t, pgtest.One[bool](w.Database, "select settled from upstream_record"), "a run settles what it writes")

	back, err := w.undo(profile.FieldPostcode, 0)
	require.NoError(t, err)
	require.Len(t, back.Changes, 2, "an address and its postcode are one fact")
	require.Equal(t, "1 High Street|LS1 1AA|B",
		pgtest.One[string](w.Database, "select concat_ws('|', array_to_string(address, ','), postcode, name) from profile"))
	require.Equal(t, []string{"address undone 2 Low Road 1 u-9", "postcode undone LS2 2BB 1 u-9"}, w.marks())
	require.False(t, pgtest.One[bool](w.Database, "select settled from upstream_record"), "the next listing compares it")
	require.Empty(t, pgtest.One[string](w.Database, "select etag from listing"), "and is read, even if it is the same")
	require.Equal(t, []string{"address u-9 wrong", "postcode u-9 wrong"}, pgtest.All[string](w.Database,
		"select concat_ws(' ', field, actor, run_id, reason) from change where actor = 'u-9' order by field"), "no run, but a person")

	w.refuses(profile.FieldAddress, 0, "u-9 took change")
	w.refuses(profile.FieldAddress, back.Changes[0], "nothing is left to undo")
	_, err = w.undo(profile.FieldName, 0)
	require.NoError(t, err)
	require.Len(t, w.marks(), 3)
}

func TestAClosureIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes("u-1", "1", "update profile set status = 'closed' where code = 'FA001'")
	_, err := w.undo(profile.FieldStatus, 0)
	require.NoError(t, err)
	require.Equal(t, "open", pgtest.One[string](w.Database, "select status from profile"))
	require.Equal(t, []string{"status undone closed 1 u-9"}, w.marks())
	w.refuses(profile.FieldStatus, 0, "nothing is left to undo")
}

func TestWhatEditorsOwnIsPutBackAsAnEdit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes("u-2", "", "update profile set phone = '0113 496 0001', hidden = true where code = 'FA001'")
	for _, f := range []profile.Field{profile.FieldPhone, profile.FieldHidden} {
		_, err := w.undo(f, 0)
		require.NoError(t, err)
		w.refuses(f, 0, "nothing is left to undo")
	}
	require.Equal(t, "f", pgtest.One[string](w.Database, "select concat(phone, hidden) from profile"))
	require.Empty(t, w.marks())
	require.True(t, pgtest.One[bool](w.Database, "select settled from upstream_record"))
	w.writes("u-2", "", "update profile set phone = '0113 496 0002' where code = 'FA001'")
	_, err := w.undo(profile.FieldPhone, 0)
	require.NoError(t, err, "what was changed since can be taken back again")
}

func TestAnUndoOfOneFieldIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	number := func() int64 { return pgtest.One[int64](w.Database, "select max(id) from change") }
	w.refuses(profile.FieldName, 0, "as it was when the profile was created")
	w.writes("u-2", "", "update profile set phone = '0113 496 0001' where code = 'FA001'")
	older := number()
	w.writes("u-3", "", "update profile set phone = '0113 496 0002' where code = 'FA001'")
	w.refuses(profile.FieldPhone, older, fmt.Sprintf("change %d is not the newest of phone: change %d of", older, number()))
	w.refuses(profile.FieldEmail, older, "is not one of email of FA001")
	w.refuses(profile.FieldERSServices, 0, "profilesync runs undo")

	w.Exec("insert into hold (code, field, until, reason, actor) values ('FA001', 'phone', '2026-03-02', 'flooded', 'u-4')")
	w.refuses(profile.FieldPhone, 0, "phone is held by u-4: flooded")
	w.Exec("update hold set until = '2026-03-01'")
	w.Exec("insert into hold (code, field, reason, actor) values ('FA001', 'postcode', 'moving', 'u-4')")
	w.writes("u-1", "1", "update profile set address = '{2 Low Road}' where code = 'FA001'")
	w.refuses(profile.FieldAddress, 0, "postcode is held by u-4: moving")
	w.Exec("update hold set removed_at = now(), removed_by = 'u-4'")

	w.writes("u-1", "1", "update profile set name = 'B' where code = 'FA001'")
	w.Exec("select pg_advisory_lock(hashtextextended('profilesync.run.ods', 0))")
	w.refuses(profile.FieldName, 0, "a run of the register is working")
	_, err := w.undo(profile.FieldPhone, number()-2)
	require.NoError(t, err, "what editors own has nothing to do with it; the hold has ended")
	w.Exec("select pg_advisory_unlock_all()")
	w.Exec("update run set state = 'running', planned = true")
	w.refuses(profile.FieldName, 0, "a run of the register is working") // killed while it applied: it will go on
	w.Exec("update run set state = 'done'")
	_, err = w.undo(profile.FieldName, 0)
	require.NoError(t, err)
	_, err = w.store.Undo(t.Context(), historystore.Wanted{Code: "FA999", Field: profile.FieldName, Actor: "u-9"})
	require.ErrorContains(t, err, "not found")
}

func TestTheUndoOfARunIsNotTakenBackByField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec(`insert into run (kind, source, report, as_of, actor, state, parent_id)
		values ('undo', 'ods', 'edispensary', '2026-03-01', 'u-1', 'done', 1)`)
	w.writes("u-1", "1", "update profile set name = 'B' where code = 'FA001'")
	w.writes("u-1", "2", "update profile set name = 'A' where code = 'FA001'")
	w.refuses(profile.FieldName, 0, "run 2 took the change of run 1 back: nothing is left to undo")
}

func TestAChangeIsTakenBackOnceHoweverManyAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes("u-2", "", "update profile set phone = '0113 496 0001' where code = 'FA001'")
	errs := make([]error, 4)
	var all sync.WaitGroup
	for n := range errs {
		all.Go(func() { _, errs[n] = w.undo(profile.FieldPhone, 0) })
	}
	all.Wait()
	done := 0
	for _, err := range errs {
		var nothing history.NothingLeftError
		if err == nil {
			done++
		} else {
			require.ErrorAs(t, err, &nothing)
		}
	}
	require.Equal(t, 1, done)
	require.Equal(t, 1, pgtest.One[int](w.Database, "select count(*) from change where actor = 'u-9'"))
}

// Whatever was saved at once, the undo of one of its facts gives that fact as it was
// before, and leaves every other.
func TestAnUndoGivesWhatStoodBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec("insert into profile (code, name, type) values ('FA002', 'Other', 'pharmacy')")
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	undone := map[profile.Field]int{}
	for range 400 {
		was, audit, err := w.store.Profile(t.Context(), "FA001")
		require.NoError(t, err)
		var rule *pgconn.PgError
		err = pgx.BeginFunc(t.Context(), w.SQL, func(tx pgx.Tx) error {
			for range 1 + random.IntN(3) {
				edit := strings.NewReplacer("{code}", "'FA001'", "{other}", "'FA002'", "{n}", strconv.Itoa(random.IntN(1000)))
				if _, err := tx.Exec(t.Context(), edit.Replace(edits[random.IntN(len(edits))])); err != nil {
					return err
				}
			}
			return nil
		})
		if errors.As(err, &rule) && rule.Code == "23514" {
			continue
		}
		require.NoError(t, err)
		edited, since, err := w.store.Profile(t.Context(), "FA001")
		require.NoError(t, err)
		if len(since) == len(audit) {
			continue
		}
		f, err := profile.ParseField(since[len(audit)+random.IntN(len(since)-len(audit))].Field)
		require.NoError(t, err)
		_, err = w.undo(f, 0)
		if f == profile.FieldERSServices {
			require.ErrorAs(t, err, new(history.RefusedError))
			continue
		}
		if errors.As(err, new(history.NothingLeftError)) {
			require.Contains(t, err.Error(), "ended where it began")
			continue
		}
		require.NoError(t, err)
		now, _, err := w.store.Profile(t.Context(), "FA001")
		require.NoError(t, err)
		requireOnlyBack(t, f, was, edited, now)
		undone[f]++
	}
	require.Greater(t, len(undone), 8, "of many fields: %v", undone)
}

func requireOnlyBack(t *testing.T, f profile.Field, was, edited, now history.Standing) {
	t.Helper()
	before, between, after := was.Whole(), edited.Whole(), now.Whole()
	for _, g := range profile.Fields() {
		if g.Fact() == f.Fact() {
			require.Equal(t, before.Get(g), after.Get(g), "%s is as it was", g)
		} else {
			require.Equal(t, between.Get(g), after.Get(g), "%s stays", g)
		}
	}
}
