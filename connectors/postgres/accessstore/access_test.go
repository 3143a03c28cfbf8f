package accessstore_test

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	verbs = []string{"read", "reconcile", "administer"}
	ann   = accessstore.By{Actor: "ann", Person: true, Verbs: verbs}
	bob   = accessstore.By{Actor: "bob", Person: true, Verbs: verbs, Request: "R1"}
	never time.Time
)

func hash(first byte) accessstore.Hash { return accessstore.Hash{0: first} }

func TestALivingTokenHasItsNameAlone(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	store := accessstore.New(db.DB)
	require.NoError(t, store.AddToken(t.Context(), "nightly", hash(1), []string{"read", "reconcile"}, never, ann))
	err := store.AddToken(t.Context(), "nightly", hash(2), []string{"read"}, never, bob)
	require.ErrorContains(t, err, "there is a token nightly already")
	holder, err := store.HolderOf(t.Context(), hash(1))
	require.NoError(t, err)
	require.Equal(t, accessstore.Holder{Actor: "token:nightly", Verbs: []string{"read", "reconcile"}}, holder)
	_, err = store.HolderOf(t.Context(), hash(2))
	require.ErrorIs(t, err, postgres.ErrNotFound)

	require.NoError(t, store.RevokeToken(t.Context(), "nightly", bob))
	require.NoError(t, store.AddToken(t.Context(), "nightly", hash(3), []string{"read"}, never, ann), "a revoked one frees its name")
	actions, err := store.Actions(t.Context(), accessstore.ActionFilter{Most: 10})
	require.NoError(t, err)
	var audited []string
	for _, a := range actions {
		require.True(t, a.Person)
		require.False(t, a.Ended.IsZero())
		audited = append(audited, a.Actor+" "+a.Operation+" "+a.Subject+" "+string(a.Outcome)+" "+a.Request)
	}
	require.Equal(t, []string{"ann add-token nightly done ", "ann add-token nightly done "}, audited,
		"what a request does, it has begun to audit itself")
}

// Nobody makes a token for what they may not do, and a token stands for whoever made it.
func TestATokenMayNoMoreThanItsMaker(t *testing.T) {
	t.Parallel()
	store := accessstore.New(pgtest.New(t).DB)
	err := store.AddToken(t.Context(), "more", hash(1), []string{"read", "approve", "people"}, never, ann)
	require.Equal(t, accessstore.LackedError{Actor: "ann", Verbs: []string{"approve", "people"}}, err)
	_, err = store.HolderOf(t.Context(), hash(1))
	require.ErrorIs(t, err, postgres.ErrNotFound)

	byToken := accessstore.By{Actor: "token:first", Verbs: verbs}
	require.NoError(t, store.AddToken(t.Context(), "first", hash(2), verbs, never, ann))
	require.NoError(t, store.AddToken(t.Context(), "second", hash(3), verbs, never, byToken))
	require.NoError(t, store.RevokeToken(t.Context(), "second", bob))
	require.NoError(t, store.AddToken(t.Context(), "second", hash(4), verbs, never, bob))
	for actor, behind := range map[string][]string{
		"ann": {"ann"}, "token:first": {"token:first", "ann"}, "token:second": {"token:second", "token:first", "ann", "bob"},
		"token:no": {"token:no"},
	} {
		names, err := store.Behind(t.Context(), actor)
		require.NoError(t, err)
		require.ElementsMatch(t, behind, names)
	}
}

func TestATokenIsRevokedOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	store := accessstore.New(db.DB)
	require.NoError(t, store.AddToken(t.Context(), "nightly", hash(1), []string{"read"}, never, ann))
	require.NoError(t, store.RevokeToken(t.Context(), "nightly", ann))
	require.ErrorIs(t, store.RevokeToken(t.Context(), "nightly", bob), postgres.ErrNotFound)
	require.ErrorIs(t, store.RevokeToken(t.Context(), "other", bob), postgres.ErrNotFound)
	require.Equal(t, "ann", pgtest.One[string](db, "select revoked_by from access_token"))
	living, err := store.Tokens(t.Context(), false)
	require.NoError(t, err)
	require.Empty(t, living)
	all, err := store.Tokens(t.Context(), true)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.False(t, all[0].Valid)
}

// Whatever is wrong with a token, the answer is the same.
func TestATokenThatIsNoGoodIsNotFound(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	store := accessstore.New(db.DB)
	require.NoError(t, store.AddToken(t.Context(), "revoked", hash(1), []string{"read"}, never, ann))
	require.NoError(t, store.RevokeToken(t.Context(), "revoked", ann))
	require.NoError(t, store.AddToken(t.Context(), "expired", hash(2), []string{"read"}, time.Now().Add(-time.Second), ann))
	_, unknown := store.HolderOf(t.Context(), hash(9))
	require.ErrorIs(t, unknown, postgres.ErrNotFound)
	for _, h := range []accessstore.Hash{hash(1), hash(2)} {
		_, err := store.HolderOf(t.Context(), h)
		require.EqualError(t, err, unknown.Error())
	}
	require.NoError(t, store.AddToken(t.Context(), "valid", hash(3), []string{"read"}, time.Now().Add(time.Hour), ann))
	holder, err := store.HolderOf(t.Context(), hash(3))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(time.Hour), holder.Expires, time.Minute)
}

func TestTheDayOfTheLastUseOnlyMovesOn(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	store := accessstore.New(db.DB)
	require.NoError(t, store.AddToken(t.Context(), "nightly", hash(1), []string{"read"}, never, ann))
	use := func() {
		_, err := store.HolderOf(t.Context(), hash(1))
		require.NoError(t, err)
	}
	use()
	require.True(t, pgtest.One[bool](db, "select last_used = (now() at time zone 'Europe/London')::date from access_token"))
	db.Exec("update access_token set last_used = '2999-01-01'")
	use()
	require.True(t, pgtest.One[bool](db, "select last_used = '2999-01-01' from access_token"))

	db.Exec("update access_token set last_used = null")
	db.Exec("create function fails() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$")
	db.Exec("create trigger fails before update on access_token for each row execute function fails()")
	use() // it is good although its day cannot be written
}

// A request that was under way while its person signed out saves its session afterwards.
func TestASessionThatEndedIsNotSavedAgain(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	sessions := accessstore.New(db.DB).Sessions()
	soon := time.Now().Add(time.Hour)
	begins := accessstore.Of(t.Context(), "ann")
	require.NoError(t, sessions.CommitCtx(begins, "hash", []byte("ann"), soon))
	data, found, err := sessions.FindCtx(t.Context(), "hash")
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "ann", string(data))
	require.NoError(t, sessions.DeleteCtx(t.Context(), "hash"))
	require.NoError(t, sessions.CommitCtx(t.Context(), "hash", []byte("ann"), soon.AddDate(0, 0, 2)))
	_, found, err = sessions.FindCtx(t.Context(), "hash")
	require.NoError(t, err)
	require.False(t, found)
	require.NoError(t, sessions.DeleteCtx(t.Context(), "hash"))
	require.Zero(t, pgtest.One[int](db, "select sum(length(data)) from session"), "nothing of it is left")

	require.NoError(t, sessions.CommitCtx(begins, "old", []byte("bob"), time.Now().Add(-time.Second)))
	_, found, err = sessions.Find("old")
	require.NoError(t, err)
	require.False(t, found, "it has expired")
	require.NoError(t, sessions.Delete("old"))

	db.Exec("delete from session") // as housekeeping does a day later
	require.NoError(t, sessions.CommitCtx(t.Context(), "hash", []byte("ann"), soon))
	require.Zero(t, pgtest.One[int](db, "select count(*) from session"), "a long upload brings nothing back")
}

// Of requests of one page, the one that began first may be the last to extend their session.
func TestASessionIsNeverCutShort(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	sessions, soon := accessstore.New(db.DB).Sessions(), time.Now().Add(time.Hour)
	require.NoError(t, sessions.CommitCtx(accessstore.Of(t.Context(), "ann"), "hash", []byte("ann"), soon))
	require.NoError(t, sessions.CommitCtx(t.Context(), "hash", []byte("ann"), soon.Add(time.Minute)))
	require.NoError(t, sessions.CommitCtx(t.Context(), "hash", []byte("ann"), soon))
	require.WithinDuration(t, soon.Add(time.Minute), pgtest.One[time.Time](db, "select expires_at from session"), time.Second)
}

// Whoever administers signs somebody out everywhere.
func TestSessionsOfAPersonAreEnded(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	store := accessstore.New(db.DB)
	sessions, soon := store.Sessions(), time.Now().Add(time.Hour)
	for hash, actor := range map[string]string{"a": "u-1", "b": "u-1", "c": "u-2"} {
		require.NoError(t, sessions.CommitCtx(accessstore.Of(t.Context(), actor), hash, []byte(actor), soon))
	}
	list, err := store.SignedIn(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, "u-1 2", fmt.Sprint(list[0].Actor, " ", list[0].Sessions))
	require.NoError(t, store.EndSessions(t.Context(), "u-1", ann))
	for hash, there := range map[string]bool{"a": false, "b": false, "c": true} {
		_, found, err := sessions.FindCtx(t.Context(), hash)
		require.NoError(t, err)
		require.Equal(t, there, found, hash)
	}
	require.ErrorIs(t, store.EndSessions(t.Context(), "u-1", ann), postgres.ErrNotFound)
	done, err := store.Actions(t.Context(), accessstore.ActionFilter{Actor: "ann", Most: 9})
	require.NoError(t, err)
	require.Len(t, done, 1)
	require.Equal(t, "end-sessions u-1 done", done[0].Operation+" "+done[0].Subject+" "+string(done[0].Outcome))
}

// Actions are kept for 400 days, whoever would delete them, and no longer.
func TestActionsAreKeptFor400Days(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(`insert into action (at, actor, person, verb, operation, outcome, ended_at)
		select now() - interval '401 days', 'ann', true, 'approve', 'approve', 'forbidden', now() from generate_series(1, 5500)`)
	db.Exec(`insert into action (at, actor, person, verb, operation) values (now() - interval '399 days', 'ann', true, 'approve', 'approve')`)
	require.NoError(t, accessstore.New(db.DB).Prune(t.Context()))
	require.Equal(t, 1, pgtest.One[int](db, "select count(*) from action"))
	_, err := db.DB.Exec(t.Context(), "delete from action")
	require.ErrorContains(t, err, "it is the audit")
}

func TestAnOutcomeIsWrittenOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	store := accessstore.New(db.DB)
	a := accessstore.Action{Actor: "ann", Person: true, Verb: "approve", Operation: "approve-run", Subject: "7", Request: "R"}
	id, err := store.BeginAction(t.Context(), a)
	require.NoError(t, err)
	require.NoError(t, store.EndAction(t.Context(), id, accessstore.Refused))
	require.Error(t, store.EndAction(t.Context(), id, accessstore.Done))
	require.NoError(t, store.ForbidAction(t.Context(), a))
	list, err := store.Actions(t.Context(), accessstore.ActionFilter{Most: 1})
	require.NoError(t, err)
	require.Equal(t, accessstore.Forbidden, list[0].Outcome)
	list, err = store.Actions(t.Context(), accessstore.ActionFilter{Actor: "ann", Before: list[0].ID, Most: 9})
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, accessstore.Refused, list[0].Outcome)
	require.Equal(t, "7", list[0].Subject)
}

func TestActionsAreNotRewritten(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	store := accessstore.New(db.DB)
	_, err := store.BeginAction(t.Context(), accessstore.Action{Actor: "ann", Verb: "approve", Operation: "approve-run"})
	require.NoError(t, err)
	for _, statement := range []string{
		"update action set actor = 'bob'", "update action set outcome = 'done', ended_at = now(), subject = '8'", "delete from action",
		"truncate action", "delete from access_token",
	} {
		_, err := db.SQL.Exec(t.Context(), statement)
		require.ErrorContains(t, err, "is refused", statement)
	}
}

func TestAKeyIsClaimedOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	store := accessstore.New(db.DB)
	var claimed atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			mine, before, err := store.BeginKey(t.Context(), "ann", "k")
			if err == nil && mine {
				claimed.Add(1)
			}
			if err != nil || before.Status != 0 {
				t.Error(err, before)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 1, claimed.Load())
	mine, _, err := store.BeginKey(t.Context(), "bob", "k")
	require.NoError(t, err)
	require.True(t, mine, "everybody has keys of his own")
	db.Exec("update idempotency_key set at = now() - interval '25 hours'")
	mine, _, err = store.BeginKey(t.Context(), "ann", "k")
	require.NoError(t, err)
	require.True(t, mine, "a day later it means something else")
	require.NoError(t, store.ForgetKey(t.Context(), "ann", "k", false))
	mine, _, err = store.BeginKey(t.Context(), "ann", "k")
	require.NoError(t, err)
	require.True(t, mine, "it was forgotten")
}

func TestAKeyHasOneAnswer(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	store := accessstore.New(db.DB)
	_, begun, err := store.BeginKey(t.Context(), "ann", "k")
	require.NoError(t, err)
	first := accessstore.Answer{
		Digest: bytes.Repeat([]byte{1}, 32), Status: 201, ContentType: "text/plain", Location: "/runs/7", Body: []byte("seven"),
		Begun: begun.Begun,
	}
	require.NoError(t, store.AnswerKey(t.Context(), "ann", "k", first))
	db.Exec("update idempotency_key set leased_until = '-infinity'")
	require.NoError(t, store.AnswerKey(t.Context(), "ann", "k", accessstore.Answer{Digest: first.Digest, Status: 500}))
	require.NoError(t, store.ForgetKey(t.Context(), "ann", "k", false), "an answered one stays")
	mine, before, err := store.BeginKey(t.Context(), "ann", "k")
	require.NoError(t, err)
	require.False(t, mine)
	require.Equal(t, first, before)
}

// The key of a request that was cut off is claimed again when its process is gone, and not
// before. What the process kept to itself until then comes too late.
func TestAKeyOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	store := accessstore.New(db.DB)
	begin := func() (bool, accessstore.Answer) {
		mine, before, err := store.BeginKey(t.Context(), "ann", "k")
		require.NoError(t, err)
		return mine, before
	}
	_, first := begin()
	require.False(t, first.Begun.IsZero())
	require.False(t, first.Again)
	db.Exec("update idempotency_key set process = 'gone-1'")
	for _, state := range []string{
		"insert into process (name) values ('gone-1')", "update process set ended_at = now()", // its sessions may still write
	} {
		db.Exec(state)
		mine, before := begin()
		require.False(t, mine, state)
		require.Zero(t, before.Status)
	}
	db.Exec("update process set cleared_at = now()")
	mine, again := begin()
	require.True(t, mine)
	require.Equal(t, first.Begun, again.Begun, "the same request")
	require.True(t, again.Again)
	mine, _ = begin()
	require.False(t, mine, "only one begins it again")

	db.Exec("update idempotency_key set process = 'other-2'")
	late := accessstore.Answer{Digest: bytes.Repeat([]byte{1}, 32), Status: 500}
	require.NoError(t, store.AnswerKey(t.Context(), "ann", "k", late))
	require.NoError(t, store.ForgetKey(t.Context(), "ann", "k", false))
	require.Equal(t, 1, pgtest.One[int](db, "select count(*) from idempotency_key where status is null"))

	db.Exec("update idempotency_key set leased_until = now() - interval '1 second'")
	mine, _ = begin()
	require.True(t, mine, "the answer could not be kept, and the process lives")

	require.NoError(t, store.ForgetKey(t.Context(), "ann", "k", true))
	mine, again = begin()
	require.True(t, mine, "at once")
	require.Equal(t, first.Begun, again.Begun, "still the same request: its first process may have begun it")
	require.True(t, again.Again)
	mine, _ = begin()
	require.False(t, mine)
}

func TestEverythingOldIsPruned(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(`insert into session (token_hash, data, expires_at)
		select 's' || n, '', now() - interval '1 hour' from generate_series(1, 5500) n`)
	db.Exec(`insert into session (token_hash, data, expires_at) values ('living', 'x', now() + interval '1 hour')`)
	require.NoError(t, accessstore.New(db.DB).Prune(t.Context()))
	require.Equal(t, 1, pgtest.One[int](db, "select count(*) from session"))
}
