package calendar_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/calendar"
	"github.com/profilesync/profilesync/connectors/calendar/calendartest"
	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

var now = time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)

// start serves a list and reads it, each pull in one attempt.
func start(t *testing.T, o calendartest.Options) (*calendartest.Server, *calendar.Feed) {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return now }
	}
	server, address := calendartest.Start(t, o)
	feed, err := calendar.New(calendar.Options{URL: address, Attempts: 1})
	require.NoError(t, err)
	return server, feed
}

func yearsFrom(first, last int) (days []people.Holiday) {
	for year := first; year <= last; year++ {
		days = append(days, people.ComputedHolidays(year)...)
	}
	return days
}

func TestPull(t *testing.T) {
	t.Parallel()
	server, feed := start(t, calendartest.Options{})
	for range 3 {
		days, err := feed.Pull(t.Context())
		require.NoError(t, err)
		require.Equal(t, yearsFrom(2025, 2028), days)
		days[0].Title = "the caller's own"
	}
	entries := server.Ledger()
	require.Len(t, entries, 3)
	require.Equal(t, http.StatusOK, entries[0].Status)
	require.Equal(t, http.StatusNotModified, entries[1].Status)
	require.Equal(t, entries[0].ETag, entries[1].IfNoneMatch)
}

// TestPullSeesWhatChanged: a day proclaimed, one that vanished, and the new year.
func TestPullSeesWhatChanged(t *testing.T) {
	t.Parallel()
	at := now
	server, feed := start(t, calendartest.Options{Now: func() time.Time { return at }})
	known, err := feed.Pull(t.Context())
	require.NoError(t, err)

	jubilee := people.Holiday{Date: profile.NewDate(2027, time.June, 4), Title: "Jubilee"}
	boxing := profile.NewDate(2026, time.December, 28)
	server.Appear(jubilee)
	server.Vanish(boxing)
	feedNow, err := feed.Pull(t.Context())
	require.NoError(t, err)
	merged, appeared, vanished := people.MergeHolidays(known, feedNow, profile.DateIn(now, profile.London()))
	require.Equal(t, []people.Holiday{jubilee}, appeared)
	require.Len(t, vanished, 1)
	require.Equal(t, boxing, vanished[0].Date)
	require.False(t, people.NewCalendar(merged).IsWorkingDay(boxing))

	server.Restore()
	at = now.AddDate(1, 0, 0)
	days, err := feed.Pull(t.Context())
	require.NoError(t, err)
	require.Equal(t, yearsFrom(2026, 2029), days)
}

func TestPullSaysWhatWentWrong(t *testing.T) {
	t.Parallel()
	for want, name := range map[string]simulate.Name{
		"asking for the bank holidays: GET http://127.0.0.1": simulate.Error(500),
		"status 404":     simulate.Error(404),
		"EOF":            simulate.DroppedBefore,
		"unexpected EOF": simulate.Truncated,
		"reading the bank holidays: want an object of divisions: unexpected end": simulate.Garbled,
		"reading the bank holidays: want an object of divisions: invalid":        simulate.HTML,
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			server, feed := start(t, calendartest.Options{})
			fault := simulate.Of(name)
			server.Fault(fault)
			days, err := feed.Pull(t.Context())
			require.ErrorContains(t, err, want)
			require.Empty(t, days)

			days, err = feed.Pull(t.Context())
			require.NoError(t, err)
			require.Equal(t, yearsFrom(2025, 2028), days)

			// An earlier list does not stand in for one that cannot be read now.
			fault.Times = -1 // net/http repeats a request if a reused connection breaks
			server.Fault(fault)
			days, err = feed.Pull(t.Context())
			require.ErrorContains(t, err, want)
			require.Empty(t, days)
		})
	}
}

func TestPullRetriesTemporaryFailures(t *testing.T) {
	t.Parallel()
	server, address := calendartest.Start(t, calendartest.Options{})
	server.Fault(simulate.Of(simulate.Truncated))
	feed, err := calendar.New(calendar.Options{URL: address})
	require.NoError(t, err)
	_, err = feed.Pull(t.Context())
	require.NoError(t, err)
	require.Len(t, server.Ledger(), 2)
}

// answers serves the list without a network.
type answers func(*http.Request) (*http.Response, error)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

func TestPullRefusesOtherAnswers(t *testing.T) {
	t.Parallel()
	for want, status := range map[string]int{"status 304, want 200": 304, "status 204, want 200": 204} {
		feed, err := calendar.New(calendar.Options{Transport: answers(func(r *http.Request) (*http.Response, error) {
			require.Equal(t, calendar.URL, r.URL.String())
			require.Empty(t, r.Header.Get("If-None-Match"))
			return &http.Response{StatusCode: status, Header: http.Header{"Etag": {`"1"`}}, Body: http.NoBody, Request: r}, nil
		})})
		require.NoError(t, err)
		_, err = feed.Pull(t.Context())
		require.ErrorContains(t, err, want)
	}
}

func TestNewRefusesAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"www.gov.uk", "ftp://www.gov.uk/x", "https://user@www.gov.uk/x", "https://", "://"} {
		_, err := calendar.New(calendar.Options{URL: address})
		require.EqualError(t, err, "address of the bank holidays: want http(s)://host/path")
	}
}
