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

func TestAListingWithBadRecordsIsAlwaysRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	orgs := with(pharmacies(200), 1, func(o *org) { o.Bad = true })
	require.Equal(t, 1, w.look(1, orgs, true).Rejected)
	require.Equal(t, 1, w.look(2, orgs, true).Rejected)
}
