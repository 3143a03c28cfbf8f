package httpx

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRedirectsStayOnTheirHost(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the key went to another host")
	}))
	t.Cleanup(other.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/near":
			http.Redirect(w, r, "/here", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		default:
			_, _ = io.WriteString(w, r.Header.Get("Apikey"))
		}
	}))
	t.Cleanup(server.Close)
	client := New(Options{Burst: 100, Limits: Limits{PerSecond: 1000}})
	for path, refused := range map[string]bool{"/away": true, "/near": false, "/round": true} {
		req := get(t, server.URL+path)
		req.Header.Set("Apikey", "k")
		resp, err := client.Do(req)
		if refused {
			require.ErrorIs(t, err, errRedirect, path)
			continue
		}
		require.NoError(t, err, path)
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, "k", string(text))
	}
}

func TestTLSFloor(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	client := New(Options{TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS10}, Limits: Limits{Attempts: 1}})
	_, err := client.Do(get(t, server.URL)) //nolint:bodyclose // an error has no response
	require.ErrorContains(t, err, "protocol version")
}

func TestNetworkErrorsHideSecrets(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	client := New(Options{Limits: Limits{Attempts: 1}})
	_, err := client.Do(get(t, server.URL+"/x?apikey=hush")) //nolint:bodyclose // an error has no response
	require.ErrorContains(t, err, "apikey=hidden")
	require.NotContains(t, err.Error(), "hush")
}

func TestSafeURL(t *testing.T) {
	t.Parallel()
	address, err := url.Parse("https://user:pw@ods.test/fhir?access_token=a&lastChangeDate=gt2026-01-01#f")
	require.NoError(t, err)
	require.Equal(t, "https://ods.test/fhir?access_token=hidden&lastChangeDate=gt2026-01-01", SafeURL(address))
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-5": 0, "0": 0, " 30 ": 30 * time.Second, "99999999999": 24 * time.Hour,
		"Wed, 01 Apr 2026 12:01:00 GMT": time.Minute,
		"Wed, 01 Apr 2026 11:00:00 GMT": 0,
	} {
		require.Equal(t, want, retryAfter(header, now), header)
	}
}

func TestFetchRetriesABodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls == 1 {
			w.Header().Set("Content-Length", "100")
		}
		_, _ = io.WriteString(w, "whole")
	}))
	t.Cleanup(server.Close)
	client := New(Options{Limits: Limits{PerSecond: 1000, Backoff: time.Millisecond}})
	answer, err := client.Fetch(get(t, server.URL))
	require.NoError(t, err)
	require.Equal(t, "whole", string(answer.Body))
	require.Equal(t, 200, answer.Status)
	require.Equal(t, 2, calls)

	_, err = New(Options{Limits: Limits{PerSecond: 1000, Backoff: time.Millisecond, MaxBytes: 3}}).Fetch(get(t, server.URL))
	require.ErrorIs(t, err, ErrTooLarge)
	require.Equal(t, 3, calls, "a larger answer is not requested again")
}
