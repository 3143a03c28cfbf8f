package qualitystore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/quality"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is a database with its store of quality checks.
type world struct {
	*pgtest.Database

	store *qualitystore.Store
}

// newWorld has pharmacies FA000 to FA003, each with an accepted push to DoS, and a
// surgery.
func newWorld(t *testing.T) *world {
	t.Helper()
	db := pgtest.New(t)
	db.Exec(`insert into profile (code, name, type, icb) select 'FA00' || i, 'Pharmacy ' || i, 'pharmacy', 'QAA' from generate_series(0, 3) i
		union all select 'A00001', 'Surgery', 'gp-practice', 'QBB'`)
	db.Exec(`insert into push (code, sink, route, state, accepted_at)
		select code, 'dos', 'change-event', 'accepted', now() - interval '1 hour' from profile`)
	return &world{db, qualitystore.New(db.DB)}
}

func (w *world) begins(codes ...profile.ODSCode) *qualitystore.Check {
	w.Helper()
	check, err := w.store.Begin(w.Context(), codes, "jo")
	require.NoError(w, err)
	return check
}

// found is one finding of a pharmacy.
func found(code profile.ODSCode, kind quality.Kind, detail string) quality.Checked {
	f := quality.Finding{Code: code, Kind: kind, Service: "service 1 (type 13)", Detail: detail}
	return quality.Checked{Code: code, Findings: []quality.Finding{f}}
}

// ends ends a check, and returns the result and what is new.
func (w *world) ends(check *qualitystore.Check, all ...quality.Checked) (quality.Result, []quality.Finding) {
	w.Helper()
	result, fresh, err := check.End(w.Context(), quality.Result{State: quality.Done, Checked: len(all)}, all)
	require.NoError(w, err)
	require.Len(w, fresh, result.New)
	return result, fresh
}

// lasting lists what lasts, as code, kind and detail.
func (w *world) lasting() (lines []string) {
	w.Helper()
	list, err := w.store.Findings(w.Context(), qualitystore.Filter{Most: 100})
	require.NoError(w, err)
	for _, f := range list {
		lines = append(lines, fmt.Sprintf("%s %s %s", f.Code, f.Kind, f.Detail))
	}
	return lines
}

func TestPagesToCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec("update push set accepted_at = now() - interval '14 minutes' where code = 'FA001'")
	w.Exec("update push set state = 'refused' where code = 'FA002'")
	w.Exec("update push set state = 'no-route' where code = 'FA003'")
	check := w.begins()
	codes, settled, err := check.Page(t.Context(), "", 2)
	require.NoError(t, err)
	require.Equal(t, []profile.ODSCode{"FA000", "FA001"}, codes)
	require.Equal(t, map[profile.ODSCode]bool{"FA000": true, "FA001": false}, settled, "DoS has a quarter of an hour")
	codes, settled, err = check.Page(t.Context(), "FA001", 2)
	require.NoError(t, err)
	require.Equal(t, []profile.ODSCode{"FA002"}, codes, "also what was refused")
	require.False(t, settled["FA002"])
	for state, change := range map[string]string{
		"due": "due_at = now()", "carried": "job_id = 7", "unclear": "unclear = true", "never accepted": "accepted_at = null",
	} {
		w.Exec("update push set due_at = null, job_id = null, unclear = false, accepted_at = now() - interval '1 hour' where code = 'FA000'")
		w.Exec("update push set " + change + " where code = 'FA000'")
		codes, settled, err = w.begins("FA000", "A00001").Page(t.Context(), "", 9)
		require.NoError(t, err)
		require.Equal(t, []profile.ODSCode{"FA000"}, codes)
		require.False(t, settled["FA000"], state)
	}
}

func TestFindingsLastUntilTheyAreGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	result, fresh := w.ends(w.begins(), found("FA000", quality.OpenAllHours, "a"), found("FA001", quality.GoneButActive, "b"))
	require.Len(t, fresh, 2)
	require.Equal(t, quality.Finding{Code: "FA000", Kind: quality.OpenAllHours, Service: "service 1 (type 13)", Detail: "a"}, fresh[0])
	require.Equal(t, quality.Result{Check: result.Check, State: quality.Done, Checked: 2, Open: 2, New: 2}, result)
	w.Exec("update quality_finding set first_seen = first_seen - interval '1 day', last_seen = last_seen - interval '1 day'")

	result, _ = w.ends(w.begins(), found("FA000", quality.OpenAllHours, "other words"), quality.Checked{Code: "FA001"})
	require.Equal(t, quality.Result{Check: result.Check, State: quality.Done, Checked: 2, Open: 1, Gone: 1}, result)
	require.Equal(t, []string{"FA000 open-all-hours other words"}, w.lasting())
	list, err := w.store.Findings(t.Context(), qualitystore.Filter{Gone: true, Most: 100})
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, "Pharmacy 0", list[0].Name)
	require.Equal(t, quality.OwnerDoSLead, list[0].Owner)
	require.InDelta(t, 24*time.Hour, list[0].LastSeen.Sub(list[0].FirstSeen), float64(time.Minute), "it is still the first")
	require.True(t, list[0].Gone.IsZero())
	require.WithinDuration(t, time.Now(), list[1].Gone, time.Minute)

	result, fresh = w.ends(w.begins(), found("FA000", quality.OpenAllHours, "a"), found("FA001", quality.GoneButActive, "b"))
	require.Equal(t, 2, result.Open)
	require.Len(t, fresh, 1, "it has come back")
	require.EqualValues(t, "FA001", fresh[0].Code)
	result, _ = w.ends(w.begins(), found("FA000", quality.OpenAllHours, "a"), found("FA001", quality.GoneButActive, "b"))
	require.Equal(t, quality.Result{Check: result.Check, State: quality.Done, Checked: 2, Open: 2}, result, "a second check finds nothing")
}

func TestWhatCannotBeCheckedStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ends(w.begins(), found("FA000", quality.OpenAllHours, "a"), found("FA001", quality.OpenAllHours, "b"),
		found("FA002", quality.Contradiction, "c"), found("FA003", quality.OpenAllHours, "d"))
	partly := quality.Checked{Code: "FA001", Unchecked: []quality.Kind{quality.Contradiction}}
	unread := quality.Checked{Code: "FA000", Unchecked: quality.Kinds(), Unreadable: "500"}
	noSite := quality.Checked{Code: "FA002", Unchecked: []quality.Kind{quality.Contradiction}}
	result, _ := w.ends(w.begins("FA000", "FA001", "FA002"), unread, partly, noSite)
	require.Equal(t, 1, result.Gone)
	require.Equal(t, 2, result.Open, "of these")
	require.Equal(t, []string{"FA000 open-all-hours a", "FA003 open-all-hours d", "FA002 contradiction c"}, w.lasting())
	w.Exec("update push set state = 'no-route' where code = 'FA003'")
	w.ends(w.begins(), unread, noSite)
	require.Equal(t, []string{"FA000 open-all-hours a", "FA002 contradiction c"}, w.lasting(), "it is no pharmacy in DoS any more")
}

// A check that dies half way has stored nothing, and neither does one that fails or
// finds that DoS shows too little.
func TestOnlyACheckThatIsDoneStores(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ends(w.begins(), found("FA000", quality.OpenAllHours, "a"))
	died := w.begins()
	_, _, err := died.Page(t.Context(), "", 9)
	require.NoError(t, err)
	for _, state := range []quality.State{quality.Failed, quality.Alarm} {
		result, fresh, err := w.begins().End(t.Context(), quality.Result{State: state, Reason: "why"},
			[]quality.Checked{found("FA001", quality.OpenAllHours, "b")})
		require.NoError(t, err)
		require.Empty(t, fresh)
		require.Equal(t, 1, result.Open)
	}
	require.Equal(t, []string{"FA000 open-all-hours a"}, w.lasting())
	require.Equal(t, []string{"done", "running", "failed why", "alarm why"},
		pgtest.All[string](w.Database, "select concat_ws(' ', state, nullif(reason, '')) from quality_check order by id"))
}

func TestACheckEndsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	check := w.begins()
	w.ends(check, found("FA000", quality.OpenAllHours, "a"))
	_, _, err := check.End(t.Context(), quality.Result{State: quality.Done}, nil)
	require.ErrorContains(t, err, "it has ended already")
	require.Equal(t, []string{"FA000 open-all-hours a"}, w.lasting())
}

func TestAnOlderCheckChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ends(w.begins(), found("FA000", quality.OpenAllHours, "a"), found("FA001", quality.OpenAllHours, "b"))
	older, newer := w.begins(), w.begins()
	w.ends(newer, found("FA000", quality.OpenAllHours, "newer"))
	result, _ := w.ends(older, found("FA001", quality.OpenAllHours, "older"))
	require.Zero(t, result.New+result.Gone)
	require.Equal(t, []string{"FA000 open-all-hours newer"}, w.lasting())
}

func TestListsOfFindings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ends(w.begins(), found("FA000", quality.OpenAllHours, "a"), found("FA001", quality.Contradiction, "b"),
		found("FA002", quality.PostcodeUnknown, "c"), found("FA003", quality.OpenAllHours, "d"))
	for name, test := range map[string]struct {
		filter qualitystore.Filter
		want   []profile.ODSCode
	}{
		"all, by kind": {qualitystore.Filter{Most: 9}, []profile.ODSCode{"FA000", "FA003", "FA002", "FA001"}},
		"a few":        {qualitystore.Filter{Most: 1}, []profile.ODSCode{"FA000"}},
		"kind":         {qualitystore.Filter{Kind: quality.OpenAllHours, Most: 9}, []profile.ODSCode{"FA000", "FA003"}},
		"owner":        {qualitystore.Filter{Owner: quality.OwnerServiceDesk, Most: 9}, []profile.ODSCode{"FA002"}},
		"code":         {qualitystore.Filter{Code: "FA001", Most: 9}, []profile.ODSCode{"FA001"}},
	} {
		list, err := w.store.Findings(t.Context(), test.filter)
		require.NoError(t, err)
		var codes []profile.ODSCode
		for _, f := range list {
			codes = append(codes, f.Code)
		}
		require.Equal(t, test.want, codes, name)
	}
}

func TestWatchedFindings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	watched := func() watchstore.Watched {
		watched, err := watchstore.New(w.DB).Watch(t.Context())
		require.NoError(t, err)
		return watched
	}
	require.Empty(t, watched().Quality, "never checked")
	w.ends(w.begins(), found("FA000", quality.OpenAllHours, "a"), found("FA001", quality.Contradiction, "b"),
		found("FA002", quality.OpenAllHours, "c"))
	w.ends(w.begins("FA002"))
	w.begins()
	require.Equal(t, []watchstore.OpenFindings{
		{Kind: quality.Contradiction, Owner: quality.OwnerPharmacy, Findings: 1},
		{Kind: quality.OpenAllHours, Owner: quality.OwnerDoSLead, Findings: 1},
	}, watched().Findings)
	open, err := w.store.CountOpen(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, open)
	last := watched().Quality
	require.Len(t, last, 1)
	require.Equal(t, quality.Done, last[0].State)
	require.Less(t, last[0].Age, time.Minute)
}

func TestPruning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ends(w.begins(), found("FA000", quality.OpenAllHours, "a"), found("FA001", quality.OpenAllHours, "b"),
		found("FA002", quality.OpenAllHours, "c"))
	w.ends(w.begins(), found("FA000", quality.OpenAllHours, "a"))
	w.Exec(`update quality_finding set gone_at = gone_at - interval '2 days', first_seen = first_seen - interval '3 days'
		where code <> 'FA002'`)
	w.Exec("update quality_check set started_at = now() - interval '2 days' where id = (select min(id) from quality_check)")
	require.NoError(t, w.store.Prune(t.Context(), time.Now().AddDate(0, 0, -1)))
	require.Equal(t, []string{"FA000", "FA002"}, pgtest.All[string](w.Database, "select code from quality_finding order by code"))
	require.Equal(t, 1, pgtest.One[int](w.Database, "select count(*) from quality_check"))
}

func TestALostAnswerAboutQualityChecks(t *testing.T) {
	t.Parallel()
	pgtest.RequireOnce(t, map[string]pgtest.LostAnswer{
		"ending": {Statement: "EndFindings", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := newWorld(t)
			w.ends(w.begins(), found("FA000", quality.OpenAllHours, "a"))
			return pgtest.Write{
				Database: w.Database, Try: func() error { // as a job that fails does
					check, err := w.store.Begin(t.Context(), nil, "jo")
					if err != nil {
						return err
					}
					_, _, err = check.End(t.Context(), quality.Result{State: quality.Done},
						[]quality.Checked{found("FA001", quality.OpenAllHours, "b")})
					return err
				},
				Rows: "select concat_ws(' ', code, kind, service, about, detail, gone_at is null, first_check) from quality_finding",
			}
		}},
	})
}
