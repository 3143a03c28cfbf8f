package admin_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
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
	return listenWith(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "served") }), hosts...)
}

func listenWith(t *testing.T, served http.Handler, hosts ...string) (address string) {
	t.Helper()
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
		for _, line := range []string{"GET /reports/x", "OPTIONS *"} {
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
			require.NoError(t, err)
			_, err = io.WriteString(conn, line+" HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
			require.NoError(t, err)
			answer, err := io.ReadAll(conn)
			require.NoError(t, err)
			require.NoError(t, conn.Close())
			status, _, _ := strings.Cut(strings.TrimPrefix(string(answer), "HTTP/1.1 "), " ")
			require.Equal(t, strconv.Itoa(want), status, "%s of %q: %s", line, host, answer)
			require.Equal(t, want == 200, strings.HasSuffix(string(answer), "served"), host)
		}
	}
}

// Must hold: whoever says nothing, says it slowly, or asks again and again, keeps nobody
// from being answered, however many they are.
func TestConnectionsThatSayNothingDoNotKeepOthersOutForLong(t *testing.T) {
	t.Parallel()
	const many = 2000 // of whom 256 are served at the same time
	for name, say := range map[string]string{
		"nothing": "", "slowly": "GET / HTTP/1.1\r\nHost:", "again": "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := listen(t)
			conns := make([]net.Conn, many)
			for i := range conns {
				conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
				require.NoError(t, err)
				t.Cleanup(func() { conn.Close() })
				_, _ = io.WriteString(conn, say) // it may be closed already
				conns[i] = conn
			}
			began := time.Now()
			for range 3 {
				body, err := get(t.Context(), "http://"+address)
				require.NoError(t, err)
				require.Equal(t, "served", body)
			}
			require.Less(t, time.Since(began), 5*time.Second)
			require.NoError(t, conns[0].SetReadDeadline(time.Now().Add(4*time.Second)))
			_, err := io.Copy(io.Discard, conns[0])
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the first was closed: connections are limited")
		})
	}
}

// A connection whose request is being answered is never closed for a newcomer.
func TestWhoIsAnsweredKeepsTheConnection(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	address := listenWith(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(entered)
			<-leave
		}
		_, _ = io.WriteString(w, "served")
	}))
	answered := make(chan string, 1)
	go func() {
		body, err := get(t.Context(), "http://"+address+"/slow")
		answered <- fmt.Sprint(body, err)
	}()
	<-entered
	for range 600 {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close() })
	}
	body, err := get(t.Context(), "http://"+address)
	require.NoError(t, err)
	require.Equal(t, "served", body)
	close(leave)
	require.Equal(t, "served<nil>", strings.ReplaceAll(<-answered, " ", ""))
}
