package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/people"
)

// refused returns pgx's error if nothing listens.
func refused(t *testing.T) error {
	t.Helper()
	_, err := pgx.Connect(t.Context(), "postgres://profilesync@127.0.0.1:1/profilesync?sslmode=disable&connect_timeout=5")
	require.Error(t, err)
	return err
}

// late returns pgx's error if a server accepts and never answers.
func late(t *testing.T) error {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = pgx.Connect(ctx, "postgres://profilesync@"+listener.Addr().String()+"/profilesync?sslmode=disable")
	require.Error(t, err)
	return err
}

func onSocket(err error) error {
	return &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", err)}
}

func server(code string) error {
	return &pgconn.PgError{Severity: "FATAL", Code: code, Message: "the server says so"}
}

func TestOurErrorsOfALostDatabaseAreRecognised(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want lostness
	}{
		"refused":                  {refused(t), certainlyLost},
		"late to connect":          {late(t), certainlyLost},
		"reset":                    {onSocket(syscall.ECONNRESET), certainlyLost},
		"broken pipe":              {onSocket(syscall.EPIPE), certainlyLost},
		"cut off":                  {io.ErrUnexpectedEOF, certainlyLost},
		"closed":                   {pgconn.ErrConnClosed, certainlyLost},
		"shut down by a person":    {server("57P01"), certainlyLost},
		"crashed":                  {server("57P02"), certainlyLost},
		"starting up":              {server("57P03"), certainlyLost},
		"connection failure":       {server("08006"), certainlyLost},
		"late":                     {context.DeadlineExceeded, perhapsLost},
		"cancelled":                {context.Canceled, notLost},
		"a statement took long":    {server("57014"), notLost},
		"a session was idle":       {server("57P05"), notLost},
		"a constraint":             {server("23505"), notLost},
		"anything":                 {errors.New("connection refused"), notLost},
		"a website refused":        {&url.Error{Op: "Put", URL: "http://website/", Err: onSocket(syscall.ECONNREFUSED)}, notLost},
		"a website was late":       {&url.Error{Op: "Put", URL: "http://website/", Err: context.DeadlineExceeded}, notLost},
		"a mail service hung up":   {&people.MailError{Answer: people.MailRetry, Err: io.EOF}, notLost},
		"a register was not there": {unavailable{onSocket(syscall.ECONNREFUSED)}, notLost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, err := range []error{c.err, fmt.Errorf("reading: %w", c.err), errors.Join(errors.New("other"), c.err)} {
				got, _ := ourRecords{}.attribute(slog.Any("error", err))
				require.Equal(t, c.want, got, "%v", err)
			}
		})
	}
	got, _ := ourRecords{}.attribute(slog.String("error", "failed to connect to `user=x database=y`: connection refused"))
	require.Equal(t, notLost, got, "our own records hold errors, not texts")
}

// unavailable is the error of an outside system, as connectors return it.
type unavailable struct{ error }

func (u unavailable) Unwrap() error     { return u.error }
func (unavailable) Retryable() bool     { return true }
func (unavailable) Unauthorized() bool  { return false }
func (unavailable) Wait() time.Duration { return 0 }

// These are texts that the job queue logged in a real outage (river v0.51.1).
func TestTheQueuesErrorsOfALostDatabaseAreRecognised(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]lostness{
		"failed to connect to `user=x database=y`:\n\th:1 (::1): dial error: dial tcp [::1]:1: connect: connection refused":  certainlyLost,
		"failed to connect to `user=x database=y`: h:1 (::1): failed to receive message: timeout: context deadline exceeded": certainlyLost,
		"write failed: write tcp 127.0.0.1:40220->127.0.0.1:5432: write: broken pipe":                                        certainlyLost,
		"read tcp 127.0.0.1:40220->127.0.0.1:5432: read: connection reset by peer":                                           certainlyLost,
		"unexpected EOF":                           certainlyLost,
		"failed to receive message: EOF":           certainlyLost,
		"conn closed":                              certainlyLost,
		"error beginning transaction: conn closed": certainlyLost,
		"FATAL: terminating connection due to administrator command (SQLSTATE 57P01)":                               certainlyLost,
		"FATAL: the database system is shutting down (SQLSTATE 57P03)":                                              certainlyLost,
		"FATAL: the database system is starting up (SQLSTATE 57P03)":                                                certainlyLost,
		"error starting transaction: failed to connect to `user=x database=y`: 127.0.0.1:1 (127.0.0.1): dial error": certainlyLost,
		"write failed: write tcp 127.0.0.1:2->127.0.0.1:1: write: connection reset by peer":                         certainlyLost,
		"StandardPilot.JobGetAvailable timed out after 10s: timeout: context deadline exceeded":                     perhapsLost,
		"leadership.attemptReelect timed out after 5s: context deadline exceeded":                                   perhapsLost,
		"timeout: context deadline exceeded":                                                                        perhapsLost,
		"context canceled":                                                                                          notLost,
		"ERROR: canceling statement due to statement timeout (SQLSTATE 57014)":                                      notLost,
		"ERROR: duplicate key value violates unique constraint \"river_job\" (SQLSTATE 23505)":                      notLost,
	} {
		got, _ := queueRecords{}.attribute(slog.String("err", text))
		require.Equal(t, want, got, text)
		got, _ = queueRecords{}.attribute(slog.String("panic_val", text))
		require.Equal(t, notLost, got, "only errors")
	}
	got, _ := queueRecords{}.attribute(slog.Any("err", refused(t)))
	require.Equal(t, certainlyLost, got)
}

// outageLogs is one of our loggers and one of the queue's, in one outage.
type outageLogs struct {
	*outage

	t           *testing.T
	ours, queue *slog.Logger
	text        *bytes.Buffer
}

func newOutageLogs(t *testing.T) outageLogs {
	t.Helper()
	text := new(bytes.Buffer)
	plain := slog.New(slog.NewJSONHandler(text, nil))
	o := newOutage(plain, time.Now)
	return outageLogs{o, t, o.during(plain, ourRecords{}), o.during(plain, queueRecords{}), text}
}

// written returns the records since the last call: level, message and some
// attributes. What a timer has begun to write is written by then.
func (l outageLogs) written() (lines []string) {
	l.t.Helper()
	synctest.Wait()
	for decoder := json.NewDecoder(l.text); ; {
		var r struct {
			Level   string `json:"level"`
			Msg     string `json:"msg"`
			Away    string `json:"away"`
			First   string `json:"first"`
			Dropped *int   `json:"dropped"`
		}
		if err := decoder.Decode(&r); errors.Is(err, io.EOF) {
			return lines
		} else if err != nil {
			require.NoError(l.t, err)
		}
		line := []string{r.Level + " " + r.Msg}
		if r.First != "" {
			line = append(line, r.First)
		}
		if r.Dropped != nil {
			line = append(line, r.Away, fmt.Sprintf("%d dropped", *r.Dropped))
		}
		lines = append(lines, strings.Join(line, ", "))
	}
}

func TestAnOutageIsTwoLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, ctx := newOutageLogs(t), t.Context()
		gone := fmt.Errorf("reading: %w", io.ErrUnexpectedEOF)
		l.Answered()
		l.ours.WarnContext(ctx, "slow", "error", context.DeadlineExceeded)
		l.queue.ErrorContext(ctx, "BatchCompleter: Too many errors; giving up")
		require.Len(t, l.written(), 2, "nothing is lost yet")

		l.ours.ErrorContext(ctx, "dispatching", "error", gone)
		require.Equal(t, []string{"ERROR the database is unreachable, dispatching"}, l.written())
		for range 16 {
			<-time.After(time.Second)
			l.Lost(gone)
			l.ours.ErrorContext(ctx, "dispatching", "error", gone)
			l.ours.With("error", gone).WithGroup("g").WarnContext(ctx, "progress")
			l.queue.ErrorContext(ctx, "Producer: Error fetching jobs", "err", "timeout: context deadline exceeded")
			l.ours.WarnContext(ctx, "slow", "error", context.DeadlineExceeded)
			l.queue.ErrorContext(ctx, "BatchCompleter: Too many errors; giving up")
		}
		require.Empty(t, l.written())
		l.ours.InfoContext(ctx, "run ended", "error", gone)
		l.ours.WarnContext(ctx, "a website", "error", &url.Error{Err: io.EOF})
		l.queue.WarnContext(ctx, "Producer: Queue control notification dropped due to full buffer", "action", "pause")
		require.Len(t, l.written(), 3, "records that are not only about the database are written")

		l.Answered()
		l.ours.ErrorContext(ctx, "a stale connection", "error", pgconn.ErrConnClosed)
		for range 6 {
			<-time.After(time.Second)
			l.Answered()
		}
		require.Equal(t, []string{"WARN the database is reachable again, 16s, 81 dropped"}, l.written(),
			"the outage ends with the first answer")
		l.ours.ErrorContext(ctx, "later", "error", gone)
		require.Equal(t, []string{"ERROR the database is unreachable, later"}, l.written(), "another outage")
	})
}

func TestADatabaseThatIsLostAgainWasNotBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newOutageLogs(t)
		l.Lost(io.EOF)
		for range 5 { // it flaps
			<-time.After(2 * time.Second)
			l.Answered()
			<-time.After(2 * time.Second)
			l.Lost(io.EOF)
		}
		require.Equal(t, []string{"ERROR the database is unreachable"}, l.written())
		<-time.After(time.Second)
		l.Answered()
		<-time.After(time.Minute)
		require.Equal(t, []string{"WARN the database is reachable again, 21s, 0 dropped"}, l.written())
	})
}
