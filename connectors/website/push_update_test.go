package website_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/connectors/website"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// TestAnotherVersion: an update of another version than the one it was made for is a
// conflict, and no PUT is sent.
func TestAnotherVersion(t *testing.T) {
	t.Parallel()
	server, sink := simulated(t)
	receipt, err := sink.Push(t.Context(), delivery("FA123", 1, ""))
	require.NoError(t, err)
	conflict := func(version string, status int) {
		t.Helper()
		before := len(server.Ledger())
		_, err := sink.Push(t.Context(), delivery("FA123", 2, version))
		e := refused(t, err)
		require.Equal(t, push.AnswerConflict, e.Answer)
		require.Equal(t, status, e.Status)
		require.Contains(t, e.Reason, "profile FA123: ")
		require.Len(t, server.Ledger(), before+1)
		require.Equal(t, http.MethodGet, server.Ledger()[before].Method)
	}
	conflict(`"old"`, 200)
	conflict("unquoted", 200)
	require.NoError(t, server.Change("FA123", "name", "Another"))
	conflict(receipt.Version, 200)
	require.NoError(t, server.Remove("FA123"))
	conflict(receipt.Version, 410)
	server.Wipe()
	conflict(receipt.Version, 404)
	require.Len(t, server.Effects(), 1)
}

// TestChangedBetweenReadingAndWriting: the PUT carries the entity tag that was read,
// so a change in between is not overwritten.
func TestChangedBetweenReadingAndWriting(t *testing.T) {
	t.Parallel()
	server, sink := simulated(t)
	receipt, err := sink.Push(t.Context(), delivery("FA123", 1, ""))
	require.NoError(t, err)
	server.Fault(simulate.Fault{
		Match: func(r *http.Request) bool { return r.Method == http.MethodPut },
		Do:    func() { require.NoError(t, server.Change("FA123", "document", `{"Latitude": 51.5}`)) },
	})
	_, err = sink.Push(t.Context(), delivery("FA123", 2, receipt.Version))
	e := refused(t, err)
	require.Equal(t, push.AnswerConflict, e.Answer)
	require.Equal(t, 412, e.Status)
	require.Contains(t, string(server.States("FA123")[0].Document), "51.5")

	d := delivery("FA123", 2, strings.Trim(shownNow(t, sink).Version, `"`)) // unquoted is the same tag
	_, err = sink.Push(t.Context(), d)
	require.NoError(t, err)
	require.Contains(t, string(server.States("FA123")[0].Document), "51.5")
}

// shownNow reads FA123 through the write API.
func shownNow(t *testing.T, sink *website.Sink) push.Shown {
	t.Helper()
	shown, err := sink.Show(t.Context(), "FA123", profile.Pharmacy)
	require.NoError(t, err)
	return shown
}

// TestAnUpdateThatCannotBeRead sends nothing.
func TestAnUpdateThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault simulate.Fault
		want  push.Answer
	}{
		"unauthorized": {simulate.Of(simulate.Unauthorized), push.AnswerUnauthorized},
		"html":         {simulate.Of(simulate.HTML), push.AnswerUnclear},
		"no etag":      {simulate.Of(simulate.NoETag), push.AnswerUnclear},
		"a long wait":  {simulate.Fault{Names: []simulate.Name{simulate.Throttled}, RetryAfter: 3600}, push.AnswerLater},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, sink := simulated(t)
			receipt, err := sink.Push(t.Context(), delivery("FA123", 1, ""))
			require.NoError(t, err)
			server.Fault(row.fault)
			_, err = sink.Push(t.Context(), delivery("FA123", 2, receipt.Version))
			require.Equal(t, row.want, refused(t, err).Answer)
			require.Equal(t, http.MethodGet, server.Ledger()[1].Method)
			require.Len(t, server.Ledger(), 2)
			_, err = sink.Push(t.Context(), delivery("FA123", 2, receipt.Version))
			require.NoError(t, err)
		})
	}
	server, sink := simulated(t)
	receipt, err := sink.Push(t.Context(), delivery("FA123", 1, ""))
	require.NoError(t, err)
	require.NoError(t, server.Change("FA123", "document", `{"LastUpdatedDates": "yesterday"}`))
	_, err = sink.Push(t.Context(), delivery("FA123", 2, shownNow(t, sink).Version))
	e := refused(t, err)
	require.Equal(t, push.AnswerUnclear, e.Answer)
	require.Contains(t, e.Reason, "current document")
	bad := delivery("FA123", 2, receipt.Version)
	bad.Values.Set(profile.FieldOpeningTimes, "mon")
	before := len(server.Ledger())
	_, err = sink.Push(t.Context(), bad)
	require.Equal(t, push.AnswerRefused, refused(t, err).Answer)
	require.Len(t, server.Ledger(), before, "no request at all")
}

// TestVanishedLists: a list that became null is found, even if only the search was
// used, and put back.
func TestVanishedLists(t *testing.T) {
	t.Parallel()
	server, sink := simulated(t)
	d := delivery("FA123", 1, "")
	d.Values.Set(profile.FieldFacilities, "Wheelchair access: Yes")
	_, err := sink.Push(t.Context(), d)
	require.NoError(t, err)
	route, _ := sink.Route(profile.Pharmacy)
	day := profile.NewDate(2026, time.November, 22)
	for f, list := range map[profile.Field]string{
		profile.FieldEmail: "Contacts", profile.FieldOpeningTimes: "OpeningTimes", profile.FieldFacilities: "Facilities",
		profile.FieldServices: "Services",
	} {
		require.NoError(t, server.Change("FA123", "document", `{"`+list+`": null, "UecServices": null}`))
		found := push.Differences(route, d.Values, showFA123(t, sink), day)
		require.Len(t, found, 1, list)
		require.Equal(t, f, found[0].Field)
		d.Sequence++
		d.Key, d.Version = list, shownNow(t, sink).Version
		_, err := sink.Push(t.Context(), d)
		require.NoError(t, err)
		require.Empty(t, push.Differences(route, d.Values, shownNow(t, sink), day))
	}
}
