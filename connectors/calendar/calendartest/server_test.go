package calendartest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/calendar/calendartest"
	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

type list map[string]struct {
	Division string           `json:"division"`
	Events   []map[string]any `json:"events"`
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	return do(t, http.MethodGet, address, "")
}

func do(t *testing.T, method, address, body string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(content)
}

func listAt(t *testing.T, address string) (l list) {
	t.Helper()
	status, text := get(t, address)
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, json.Unmarshal([]byte(text), &l))
	return l
}

// TestListHasTheShapeOfTheRealOne: three divisions, every field, only observed
// days, and a note for substitutes.
func TestListHasTheShapeOfTheRealOne(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.December, 31, 23, 30, 0, 0, time.UTC)
	_, address := calendartest.Start(t, calendartest.Options{Now: func() time.Time { return at }, Back: -1, Ahead: 1})
	l := listAt(t, address)
	require.Len(t, l, 3)
	for name, division := range l {
		require.Equal(t, name, division.Division)
	}
	events := l["england-and-wales"].Events
	require.Len(t, events, 16)
	require.Equal(t, map[string]any{"title": "Good Friday", "date": "2026-04-03", "notes": "", "bunting": false}, events[1])
	require.Equal(t, map[string]any{"title": "Boxing Day", "date": "2026-12-28", "notes": "Substitute day", "bunting": true}, events[7])

	at = at.Add(time.Hour) // the next year in London
	require.Equal(t, "2027-01-01", listAt(t, address)["england-and-wales"].Events[0]["date"])
}

func TestControl(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)
	server, address := calendartest.Start(t, calendartest.Options{Now: func() time.Time { return now }, Back: -1, Ahead: -1})
	base := strings.TrimSuffix(address, calendartest.Path)
	dates := func() (dates []string) {
		for _, e := range listAt(t, address)["england-and-wales"].Events {
			dates = append(dates, e["date"].(string))
		}
		return dates
	}
	require.Len(t, dates(), 8)
	status, _ := do(t, http.MethodPost, base+"/control/vanish", `{"date":"2026-12-25"}`)
	require.Equal(t, http.StatusNoContent, status)
	status, _ = do(t, http.MethodPost, base+"/control/appear", `{"date":"2026-12-24","title":"Extra"}`)
	require.Equal(t, http.StatusNoContent, status)
	require.Equal(t, []string{"2026-12-24", "2026-12-28"}, dates()[6:])
	server.Appear(people.Holiday{Date: profile.NewDate(2026, time.December, 25), Title: "Back again"})
	require.Contains(t, dates(), "2026-12-25")
	status, _ = do(t, http.MethodPost, base+"/control/restore", "")
	require.Equal(t, http.StatusNoContent, status)
	require.Equal(t, []string{"2026-12-25", "2026-12-28"}, dates()[6:])

	for path, body := range map[string]string{"/control/vanish": `{}`, "/control/appear": `{"date":"2026-12-24"}`} {
		status, _ := do(t, http.MethodPost, base+path, body)
		require.Equal(t, http.StatusBadRequest, status, path)
	}
	for _, body := range []string{`{"names":["error-200"]}`, `{"share":2,"names":["dropped-before"]}`, `{}`, `{"colour":1}`, `x`} {
		status, _ := do(t, http.MethodPut, base+"/control/faults", body)
		require.Equal(t, http.StatusBadRequest, status, body)
	}
}

func TestFaultsAndLedger(t *testing.T) {
	t.Parallel()
	server, address := calendartest.Start(t, calendartest.Options{KeptEntries: 4})
	base := strings.TrimSuffix(address, calendartest.Path)
	status, _ := do(t, http.MethodPut, base+"/control/faults", `{"names":["error-503"]}`)
	require.Equal(t, http.StatusNoContent, status)
	server.Fault(simulate.Fault{Names: []simulate.Name{simulate.HTML}, Times: 2})
	for _, want := range []int{200, 200, 503, 503} {
		got, _ := get(t, address)
		require.Equal(t, want, got)
	}
	status, _ = do(t, http.MethodDelete, base+"/control/faults", "")
	require.Equal(t, http.StatusNoContent, status)
	got, _ := get(t, address)
	require.Equal(t, http.StatusOK, got)

	var faults []simulate.Name
	for _, e := range server.Ledger() {
		faults = append(faults, e.Fault)
	}
	require.Equal(t, []simulate.Name{"error-503", "error-503", ""}, faults) // the older half was forgotten
	_, text := get(t, base+"/ledger")
	require.Equal(t, 3, strings.Count(text, "\n"))

	server.Fault(simulate.Fault{Names: []simulate.Name{simulate.Error(500)}, Share: 0.5, Seed: 7, Times: -1})
	counts := map[int]int{}
	for range 40 {
		status, _ := get(t, address)
		counts[status]++
	}
	require.Greater(t, counts[200], 5)
	require.Greater(t, counts[500], 5)
	require.Panics(t, func() { server.Fault(simulate.Fault{}) })
}
