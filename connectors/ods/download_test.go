package ods_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// quick are limits without a wait.
var quick = httpx.Limits{PerSecond: 10_000, Backoff: time.Millisecond}

func downloads(t *testing.T, handler http.HandlerFunc) *ods.Downloads {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	d, err := ods.NewDownloads(ods.DownloadOptions{URL: server.URL, Limits: quick})
	require.NoError(t, err)
	return d
}

func TestPull(t *testing.T) {
	t.Parallel()
	d := downloads(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/getReport" || r.URL.RawQuery != "report=epraccur" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("ETag", `"v1"`)
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, line(practice()))
	})
	listing, etag, err := d.Pull(t.Context(), "epraccur", "")
	require.NoError(t, err)
	require.Equal(t, `"v1"`, etag)
	require.Len(t, rowsOf(t, listing), 1)
	require.NoError(t, listing.Close())
	_, etag, err = d.Pull(t.Context(), "epraccur", etag)
	require.ErrorIs(t, err, ods.ErrNotModified)
	require.Equal(t, `"v1"`, etag)
	_, _, err = d.Pull(t.Context(), "epraccur", `"v0"`)
	require.NoError(t, err)
}

func TestPullCommissioners(t *testing.T) {
	t.Parallel()
	d := downloads(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"v1"`)
		switch r.URL.RawQuery {
		case "report=eccg":
			_, _ = io.WriteString(w, listOf(subICB("52R", "QT1", "Y60")))
		case "report=epraccur":
			_, _ = io.WriteString(w, line(with(practice(), 13, "ACTIVE", 15, "52R", 26, "RO76")))
		}
	})
	known, etag, err := d.PullCommissioners(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, `"v1"`, etag)
	require.Equal(t, 1, known.Count())
	_, etag, err = d.PullCommissioners(t.Context(), etag)
	require.ErrorIs(t, err, ods.ErrNotModified)
	require.Equal(t, `"v1"`, etag)
	listing, _, err := d.Pull(t.Context(), "epraccur", "", ods.WithCommissioners(known))
	require.NoError(t, err)
	require.Equal(t, [2]string{"QT1", "Y60"}, stateOf(recordsOf(t, listing)[0]))
	require.NoError(t, listing.Close())
}

func TestPullErrors(t *testing.T) {
	t.Parallel()
	for _, code := range []int{400, 405} {
		d := downloads(t, func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":"Missing report query parameter"}`, code)
		})
		_, _, err := d.Pull(t.Context(), "etr", "")
		status, ok := errors.AsType[*httpx.StatusError](err)
		require.True(t, ok)
		require.True(t, status.Permanent())
		require.ErrorContains(t, err, "report etr")
	}
	_, _, err := downloads(t, http.NotFound).Pull(t.Context(), "succ", "")
	require.ErrorContains(t, err, "want one of")
	_, err = ods.NewDownloads(ods.DownloadOptions{URL: "ods.test"})
	require.Error(t, err)
}

func TestPullOfATruncatedBody(t *testing.T) {
	t.Parallel()
	whole := strings.Repeat(line(practice()), 10)
	for _, sent := range []string{whole[:len(whole)/2], strings.Repeat(line(practice()), 5)} {
		d := downloads(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			_, _ = io.WriteString(w, sent)
		})
		_, _, err := d.Pull(t.Context(), "epraccur", "")
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	}
}

func TestPullOfSomethingElse(t *testing.T) {
	t.Parallel()
	d := downloads(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>maintenance</html>") })
	_, _, err := d.Pull(t.Context(), "epraccur", "")
	_, ok := errors.AsType[*profile.RefusedError](err)
	require.True(t, ok, "%v", err)
}
