package admin_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/admin"
)

// listen runs a server that answers "served", for some hosts.
func listen(t *testing.T, hosts ...string) (address string) {
	t.Helper()
	served := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "served") })
	server, err := admin.Listen(t.Context(), admin.Options{Address: "127.0.0.1:0", Hosts: hosts, Log: discard()}, served)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	t.Cleanup(func() { cancel(); require.NoError(t, <-ended) })
	return server.Address()
}

func TestOnlyOurNamesAreServed(t *testing.T) {
	t.Parallel()
	address := listen(t, "profiles.example.org", "Other.Example.org:8443", "192.0.2.7")
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:8383": 200, "127.0.0.1": 200, "127.0.0.2:1": 200, "[::1]:8383": 200, "[::1]": 200, "localhost.": 200,
		"profiles.example.org": 200, "PROFILES.example.org.:443": 200, "other.example.org": 200, "192.0.2.7:80": 200,
		"evil.example": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "profiles.example.org.evil.example": 421,
		"x.profiles.example.org": 421, "192.0.2.8": 421, "0.0.0.0": 421, "2130706433": 421, "": 421,
	} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		require.NoError(t, err)
		_, err = io.WriteString(conn, "GET /reports/x HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
		require.NoError(t, err)
		answer, err := io.ReadAll(conn)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		status, _, _ := strings.Cut(strings.TrimPrefix(string(answer), "HTTP/1.1 "), " ")
		require.Equal(t, strconv.Itoa(want), status, "%q: %s", host, answer)
		require.Equal(t, want == 200, strings.HasSuffix(string(answer), "served"), host)
	}
}

// Callers beyond the limit wait, and are served as soon as those who say nothing are
// disconnected.
func TestConnectionsThatSayNothingDoNotKeepOthersOutForLong(t *testing.T) {
	t.Parallel()
	address := listen(t)
	for range 300 { // more than are served at the same time
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close() })
	}
	began := time.Now()
	body, err := get(t.Context(), "http://"+address)
	require.NoError(t, err)
	require.Equal(t, "served", body)
	require.Less(t, time.Since(began), 15*time.Second)
	require.Greater(t, time.Since(began), time.Second, "connections are limited")
}
