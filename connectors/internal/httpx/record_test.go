//nolint:bodyclose // the answers are made up in memory, and errors have none
package httpx

import (
	"errors"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// about asks for a record, once.
func about(t *testing.T, client *Client, record string) error {
	t.Helper()
	ctx := t.Context()
	if record != "" {
		ctx = WithRecord(ctx, record)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://ods.test/"+record, http.NoBody)
	require.NoError(t, err)
	resp, err := client.Do(req)
	if err == nil {
		require.NoError(t, resp.Body.Close())
	}
	return err
}

// poisonous is a server that always gives a bad answer about some records.
func poisonous(bad transport, records ...string) *answers {
	return play(func(req *http.Request) (*http.Response, error) {
		for _, record := range records {
			if req.URL.Path == "/"+record {
				return bad(req)
			}
		}
		return status(200)(req)
	})
}

// A few records that always fail do not stop the others, however often they are
// asked for.
func TestAFewBadRecordsDoNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]transport{"500": status(500), "no answer": hang} {
		synctest.Test(t, func(t *testing.T) {
			poison := []string{"FA001", "FA002", "FA003", "FA004"}
			client := New(Options{
				Transport: poisonous(bad, poison...), Limits: Limits{PerSecond: 1e6, Attempts: 3, Trip: 5, Timeout: time.Second},
			})
			for range 20 {
				for _, record := range poison {
					require.NotErrorIs(t, about(t, client, record), ErrOpen, name)
				}
			}
			require.NoError(t, about(t, client, "FA999"), name)
			// among others, many more may fail
			for i := range 100 {
				require.NotErrorIs(t, about(t, client, poison[i%4]), ErrOpen)
				require.NoError(t, about(t, client, "FB"+strconv.Itoa(i)))
			}
		})
	}
}

// However many neighbours fail in a row, the breaker stays closed while the system
// answers about another record, and opens when it no longer does.
func TestManyNeighboursThatFailDoNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]transport{"500": status(500), "no answer": hang} {
		synctest.Test(t, func(t *testing.T) {
			down := false
			server := play(func(req *http.Request) (*http.Response, error) {
				if down || req.URL.Path != "/GOOD" {
					return bad(req)
				}
				return status(200)(req)
			})
			client := New(Options{
				Transport: server, Limits: Limits{PerSecond: 1e6, Attempts: 1, Trip: 5, Timeout: time.Second},
			})
			require.NoError(t, about(t, client, "GOOD"))
			for i := range 50 {
				require.NotErrorIs(t, about(t, client, "FA"+strconv.Itoa(i)), ErrOpen, name)
			}
			require.Len(t, server.seen, 1+50+10, "it is asked after every five")
			down = true
			for i := range 5 {
				require.NotErrorIs(t, about(t, client, "FB"+strconv.Itoa(i)), ErrOpen, name)
			}
			require.ErrorIs(t, about(t, client, "FC"), ErrOpen, name)
			down = false
			<-time.After(time.Minute)
			require.NoError(t, about(t, client, "GOOD"), "it closes when it is up again")
		})
	}
}

// Failures that are not a record's are not excused by one that succeeds.
func TestAGoodRecordExcusesNoConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := play(status(200), broken(errors.New("connection refused")))
		client := New(Options{Transport: server, Limits: Limits{PerSecond: 1e6, Attempts: 1, Trip: 5}})
		require.NoError(t, about(t, client, "GOOD"))
		for i := range 5 {
			require.NotErrorIs(t, about(t, client, "FA"+strconv.Itoa(i)), ErrOpen)
		}
		require.ErrorIs(t, about(t, client, "FB"), ErrOpen)
		require.Len(t, server.seen, 6)
	})
}

func TestManyBadRecordsOpenTheBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := play(status(500))
		client := New(Options{Transport: server, Limits: Limits{PerSecond: 1e6, Attempts: 1, Trip: 5}})
		for i := range 5 {
			require.NotErrorIs(t, about(t, client, "FA"+strconv.Itoa(i)), ErrOpen)
		}
		require.ErrorIs(t, about(t, client, "FA0"), ErrOpen)
		require.Len(t, server.seen, 5)
	})
}

// A record counts again when it has succeeded: the next outage is noticed too.
func TestARecordThatSucceededCountsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := New(Options{
			Transport: play(status(500), status(500), status(200), status(200), status(500)),
			Limits:    Limits{PerSecond: 1e6, Attempts: 1, Trip: 3},
		})
		for _, record := range []string{"A", "B", "A", "B", "A", "B"} {
			require.NotErrorIs(t, about(t, client, record), ErrOpen)
		}
		require.NotErrorIs(t, about(t, client, "C"), ErrOpen)
		require.ErrorIs(t, about(t, client, "A"), ErrOpen)
	})
}

// Connections that fail say something about the system, whatever record they were
// for, and so do failures without a record.
func TestFailuresWithoutAnswerOrRecordOpenTheBreaker(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  transport
		record string
	}{
		"connections": {broken(errors.New("connection refused")), "FA001"},
		"no record":   {status(500), ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			client := New(Options{Transport: play(c.fault), Limits: Limits{PerSecond: 1e6, Attempts: 1, Trip: 5}})
			for range 5 {
				require.NotErrorIs(t, about(t, client, c.record), ErrOpen, name)
			}
			require.ErrorIs(t, about(t, client, c.record), ErrOpen, name)
		})
	}
}

func TestRecordsThatFailAreForgottenInTime(t *testing.T) {
	t.Parallel()
	var f failing
	for i := range maxFailing + 5 {
		req, err := http.NewRequestWithContext(WithRecord(t.Context(), strconv.Itoa(i)), http.MethodGet, "http://ods.test/", http.NoBody)
		require.NoError(t, err)
		f.note(req, &StatusError{Status: 500})
	}
	require.Len(t, f.records, 5)
}
