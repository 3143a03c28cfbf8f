package spool_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/spool"
)

// long is more bytes than the buffers between two sockets hold.
const long = 24 << 20

var errMissing = errors.New("no such report")

// server serves a long text at /long, and others that fail. Its own timeouts
// are shorter than a slow reader needs.
type server struct {
	*httptest.Server

	text   []byte
	failed *atomic.Int32 // texts that could not be made
}

func serve(t *testing.T, l spool.Limits) server {
	t.Helper()
	s := server{text: make([]byte, long), failed: new(atomic.Int32)}
	_, _ = rand.NewChaCha8([32]byte{}).Read(s.text)
	files := spool.New(spool.Options{
		Dir: t.TempDir(), AtOnce: 2, Within: time.Minute, Keep: time.Minute, MaxBytes: 2 * long,
		Failed: func(context.Context, string, error) { s.failed.Add(1) },
	})
	t.Cleanup(func() { require.NoError(t, files.Close()) })
	l.Missing = errMissing
	readers := spool.NewReaders(l)
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		readers.Serve(w, r, func(ctx context.Context) (*spool.File, error) {
			return files.Open(ctx, r.URL.Path, func(ctx context.Context, to io.Writer) error {
				switch r.URL.Path {
				case "/missing":
					return errMissing
				case "/broken":
					return errors.New("the database is gone")
				case "/slow":
					return makeWhenClosed(nil)(ctx, to)
				case "/late":
					<-time.After(600 * time.Millisecond)
				}
				_, err := to.Write(s.text)
				return err
			})
		})
	}))
	s.Config.ReadTimeout, s.Config.WriteTimeout = 200*time.Millisecond, 300*time.Millisecond
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// patient returns limits that no test exceeds.
func patient() spool.Limits {
	return spool.Limits{Most: 4, Wait: time.Minute, Stall: time.Minute, Within: time.Minute, Yield: time.Minute}
}

// answer is a response, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (s server) ask(t *testing.T, method, path string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, http.NoBody)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := s.Client().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{resp.StatusCode, resp.Header, body}
}

// reader requests the long text, and does not read it yet.
func (s server) reader(t *testing.T) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	tcp := conn.(*net.TCPConn)
	_, err = io.WriteString(tcp, "GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	return tcp
}

func TestReadersGetTheWholeTextItsHeadOrAPart(t *testing.T) {
	t.Parallel()
	s := serve(t, patient())
	got := s.ask(t, http.MethodGet, "/long")
	require.Equal(t, 200, got.status)
	require.True(t, bytes.Equal(s.text, got.body))
	require.Equal(t, "text/csv; charset=utf-8", got.header.Get("Content-Type"))
	got = s.ask(t, http.MethodHead, "/long")
	require.Equal(t, 200, got.status)
	require.Equal(t, strconv.Itoa(long), got.header.Get("Content-Length"))
	require.Empty(t, got.body)
	got = s.ask(t, http.MethodGet, "/long", "Range", "bytes=100-199")
	require.Equal(t, http.StatusPartialContent, got.status)
	require.True(t, bytes.Equal(s.text[100:200], got.body))
}

func TestAHeadRequestIsAnsweredEvenIfTheTextTakesLongToMake(t *testing.T) {
	t.Parallel()
	require.Equal(t, 200, serve(t, patient()).ask(t, http.MethodHead, "/late").status, "it takes longer than the server's write timeout")
}

func TestErrorsSayWhetherToTryAgain(t *testing.T) {
	t.Parallel()
	limits := patient()
	limits.Wait = 500 * time.Millisecond // more than the server's own timeouts
	for path, want := range map[string]struct {
		status int
		again  string
		failed int32
	}{
		"/missing": {404, "", 1},
		"/broken":  {503, "10", 1},
		"/slow":    {503, "10", 0}, // it is still being made
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := serve(t, limits)
			got := s.ask(t, http.MethodGet, path)
			require.Equal(t, want.status, got.status)
			require.Equal(t, want.again, got.header.Get("Retry-After"))
			require.Contains(t, got.header.Get("Content-Type"), "text/plain")
			require.Equal(t, want.failed, s.failed.Load())
		})
	}
}

func TestAStalledReaderIsDisconnectedAndItsPlaceIsFreed(t *testing.T) {
	t.Parallel()
	limits := patient()
	limits.Most, limits.Stall = 1, 3*time.Second
	s := serve(t, limits)
	got := s.ask(t, http.MethodHead, "/long")
	require.Equal(t, 200, got.status, "the text is made")
	idle := s.reader(t)
	_, err := io.CopyN(io.Discard, idle, 100)
	require.NoError(t, err, "it has the place")
	got = s.ask(t, http.MethodHead, "/long")
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	require.Equal(t, "10", got.header.Get("Retry-After"))
	require.Eventually(t, func() bool {
		got := s.ask(t, http.MethodHead, "/long")
		return got.status == http.StatusOK
	}, 10*time.Second, 10*time.Millisecond, "the place is free again")
	taken, _ := io.Copy(io.Discard, idle)
	require.Less(t, taken, int64(long), "it was disconnected")
}

// Must hold: 32 readers that never read keep nobody from reading.
func TestReadersThatNeverReadLoseTheirPlacesToOthers(t *testing.T) {
	t.Parallel()
	const readers = 32
	limits := patient()
	limits.Most, limits.Yield = readers, time.Second
	s := serve(t, limits)
	require.Equal(t, 200, s.ask(t, http.MethodHead, "/long").status, "the text is made")
	var idle []*net.TCPConn
	for range readers {
		conn := s.reader(t)
		_, err := io.CopyN(io.Discard, conn, 100)
		require.NoError(t, err, "it has a place")
		idle = append(idle, conn)
	}
	began := time.Now()
	for range readers / 4 { // one after the other, each with a whole text
		require.Eventually(t, func() bool {
			got := s.ask(t, http.MethodGet, "/long")
			return got.status == http.StatusOK && bytes.Equal(s.text, got.body)
		}, 10*time.Second, 100*time.Millisecond)
	}
	require.Less(t, time.Since(began), limits.Stall, "not because they stalled for too long")
	cut := 0
	for _, conn := range idle {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
		if n, err := io.Copy(io.Discard, conn); err != nil || n < long {
			cut++
		}
	}
	require.Equal(t, 1, cut, "one place is enough for readers that come one after the other")
}

func TestASlowReaderGetsEverything(t *testing.T) {
	t.Parallel()
	limits := patient()
	limits.Stall = 4 * time.Second
	s := serve(t, limits)
	began := time.Now()
	resp, err := http.ReadResponse(bufio.NewReader(s.reader(t)), nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	pace := time.NewTicker(100 * time.Millisecond)
	defer pace.Stop()
	var got bytes.Buffer
	for range 48 {
		_, err := io.CopyN(&got, resp.Body, long/48)
		require.NoError(t, err)
		<-pace.C
	}
	require.True(t, bytes.Equal(s.text, got.Bytes()))
	require.Greater(t, time.Since(began), limits.Stall, "it took longer than the stall limit and the server's own timeouts")
}

func TestAReaderThatTakesTooLongIsDisconnected(t *testing.T) {
	t.Parallel()
	limits := patient()
	limits.Within = 500 * time.Millisecond
	s := serve(t, limits)
	conn := s.reader(t)
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	var got int64
	for {
		n, err := io.CopyN(io.Discard, conn, 64<<10) // 6 MB a second
		got += n
		if err != nil {
			break
		}
		<-pace.C
	}
	require.Less(t, got, int64(long))
}
