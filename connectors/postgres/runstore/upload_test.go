package runstore_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func TestUploadRoundTrip(t *testing.T) {
	t.Parallel()
	const piece = 256 << 10
	w := newWorld(t)
	random := rand.NewChaCha8([32]byte{})
	for name, size := range map[string]int{
		"empty": 0, "short": 10, "exact": piece, "one more": piece + 1, "several": 3*piece + 17,
	} {
		content := make([]byte, size)
		_, _ = random.Read(content)
		id, err := w.store.StoreUpload(t.Context(), name, iotest.HalfReader(bytes.NewReader(content)))
		require.NoError(t, err)
		stored, file, err := w.store.OpenUpload(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, name, stored)
		got, err := io.ReadAll(iotest.OneByteReader(io.LimitReader(file, 100)))
		require.NoError(t, err)
		rest, err := io.ReadAll(file)
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, append(got, rest...)), name)
	}
}

func TestUploadOfABrokenFileLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.store.StoreUpload(t.Context(), "x.csv", iotest.ErrReader(errors.New("disk gone")))
	require.ErrorContains(t, err, "disk gone")
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from upload"))
}

func TestUploadsEndWithTheirRun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fails error
		state runs.State
	}{
		"done": {nil, runs.RunDone}, "failed": {errors.New("cut short"), runs.RunFailed},
		"refused": {&profile.RefusedError{Name: "x.csv", Why: "no report"}, runs.RunRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			upload, err := w.store.StoreUpload(t.Context(), "x.csv", bytes.NewReader([]byte("x")))
			require.NoError(t, err)
			kept, err := w.store.StoreUpload(t.Context(), "y.csv", bytes.NewReader([]byte("y")))
			require.NoError(t, err)
			id := w.begin(runs.Run{Kind: runs.RunListing, AsOf: day(1), Upload: upload}, nil)
			w.read(id, pull{fails: c.fails})
			require.Equal(t, c.state, w.work(id).State)
			_, _, err = w.store.OpenUpload(t.Context(), upload)
			require.ErrorIs(t, err, postgres.ErrNotFound)
			require.Equal(t, []int64{kept}, pgtest.All[int64](w.Database, "select distinct upload_id from upload_chunk"))
		})
	}
}
