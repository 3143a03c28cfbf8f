package runstore_test

import (
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// stamped is a pull that knows the hash of its file.
type stamped struct{ pull }

func (s stamped) Stamp() runs.Stamp {
	digest := sha256.New()
	for _, o := range s.orgs {
		digest.Write(raw(o))
	}
	return runs.Stamp{Digest: profile.Hash(digest.Sum(nil)[:16])}
}

// look works a listing that knows the hash of its file. If it must not be read,
// reading it fails.
func (w *world) look(on int, orgs []org, mustRead bool) runs.Summary {
	w.Helper()
	p := pull{orgs: orgs}
	if !mustRead {
		p = pull{orgs: orgs, fails: errors.New("it was read")}
	}
	id := w.begin(runs.Run{Kind: runs.RunListing, AsOf: day(on)}, nil)
	w.mutex.Lock()
	w.pulls[id] = stamped{p}
	w.mutex.Unlock()
	return w.work(id)
}

func TestTheSameBytesAreALookWithoutAComparison(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	orgs := pharmacies(20)
	first := w.look(1, orgs, true)
	again := w.look(2, orgs, false)
	require.Equal(t, runs.RunDone, again.State, again.Error)
	require.Equal(t, first.Records, again.Records)
	require.Equal(t, first.Population, again.Population)
	require.Equal(t, day(2).String(), pgtest.One[string](w.Database, "select as_of::text from listing"))

	w.Exec("update profile set name = 'My shop' where code = 'FA0003'")
	require.Equal(t, 1, w.look(3, orgs, true).Changes.Update, "unsettled records are compared")
	require.Equal(t, runs.RunDone, w.look(3, orgs, false).State)

	w.Exec("update upstream_record set rules_version = 0, settled = false")
	require.Equal(t, 20, w.look(4, orgs, true).Records)
}

func TestTheSameBytesAreReadWhereSomethingIsOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.look(1, pharmacies(20), true)
	closing := with(pharmacies(20), 1, ended)
	require.Equal(t, 1, w.look(2, closing, true).PendingClose)
	require.Equal(t, 1, w.look(2, closing, false).PendingClose, "the same day does not count as a second sighting")
	require.Equal(t, 1, w.look(3, closing, true).Changes.Close, "the same bytes on another day do")
	require.Equal(t, runs.RunDone, w.look(4, closing, false).State)

	short := closing[:19]
	require.Equal(t, runs.RunDone, w.look(5, short, true).State)
	require.Equal(t, runs.RunDone, w.look(6, short, true).State, "the second listing without the missing one")
	require.Equal(t, []string{"missing-twice"}, pgtest.All[string](w.Database, "select flag from upstream_record where flag <> ''"))
	require.Equal(t, runs.RunDone, w.look(7, short, false).State)
}

// Runs that are no yardstick accept records too: the same bytes as before are then
// not what is accepted.
func TestTheSameBytesAreReadAfterAnythingElse(t *testing.T) {
	t.Parallel()
	orgs := pharmacies(40)
	for name, between := range map[string]func(w *world){
		"a short listing": func(w *world) {
			require.True(w, w.listing(2, with(orgs[:30], 3, renamed)).Short())
		},
		"a part of a listing": func(w *world) { w.delta(reportName, 2, with(orgs[:3], 3, renamed)) },
		"a listing that failed half way": func(w *world) {
			id := w.begin(runs.Run{Kind: runs.RunListing, AsOf: day(2)}, with(orgs, 3, renamed))
			w.hooks.afterChunk = func() error { return errors.New("the disk is full") }
			require.Equal(w, runs.RunFailed, w.work(id).State)
			w.hooks.afterChunk = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.look(1, orgs, true)
			w.Exec("update listing set etag = 'E1'")
			between(w)
			require.NotEqual(t, "Chemist 0", w.name("FA0000"))
			etag, err := w.store.LastETag(t.Context(), profile.SourceODS, reportName)
			require.NoError(t, err)
			require.Empty(t, etag)
			require.Equal(t, 3, w.look(3, orgs, true).Changes.Update)
			require.Equal(t, "Chemist 0", w.name("FA0000"))
			require.Equal(t, runs.RunDone, w.look(4, orgs, false).State, "now they are")
		})
	}
}

// What a short listing withheld is withdrawn by the bytes of before.
func TestTheSameBytesAfterAShortListingWithdrawWhatItWithheld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	orgs := pharmacies(40)
	w.look(1, orgs, true)
	short := w.look(2, orgs[:30], true)
	require.Len(t, w.waits(), 10)
	require.Equal(t, 10, w.look(3, orgs, true).Withdrawn)
	require.Empty(t, w.waits())
	_, err := w.store.CreateRun(t.Context(), approval(short, runs.Selection{}), nil)
	require.ErrorContains(t, err, "10 already withdrawn by run 3")
	require.Equal(t, "[2025-04-03 40]", w.accepted())
	require.Equal(t, runs.RunDone, w.look(4, orgs, false).State)
}

func TestAListingWithBadRecordsIsAlwaysRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	orgs := with(pharmacies(200), 1, func(o *org) { o.Bad = true })
	require.Equal(t, 1, w.look(1, orgs, true).Rejected)
	require.Equal(t, 1, w.look(2, orgs, true).Rejected)
}
