package wiring

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/profilesync/profilesync/connectors/dos"
	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/jobs/pushjobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

const pharmacies = 11_161 // as many as England had in 2024

func pharmacyCode(n int) profile.ODSCode { return profile.ODSCode(fmt.Sprintf("F%04X", n)) }

// oddDoS is DoS with answers that make no sense about some codes, and none about others.
type oddDoS struct {
	*dostest.Server

	poison, malformed map[profile.ODSCode]bool
}

// malform spoils an answer, each in its own way.
var malform = []func(body string) string{
	func(body string) string { return strings.Replace(body, `"end":"17:00"`, `"end":null`, 1) },
	func(body string) string { return strings.Replace(body, `"id":"`, `"number":"`, 1) },
	func(string) string { return "<html>down for maintenance</html>" },
	func(body string) string { return strings.Replace(body, `"serviceCount":1`, `"serviceCount":2`, 1) },
	func(body string) string { return strings.Replace(body, `"phone":`, `"telephone":`, 1) },
}

func (o oddDoS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	code := profile.ODSCode(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
	switch {
	case o.poison[code]:
		w.WriteHeader(http.StatusInternalServerError)
	case o.malformed[code]:
		kept := httptest.NewRecorder()
		o.Handler().ServeHTTP(kept, r)
		_, _ = fmt.Fprint(w, malform[int(code[4])%len(malform)](kept.Body.String()))
	default:
		o.Handler().ServeHTTP(w, r)
	}
}

// newOddDoS returns DoS with every pharmacy as it should be, and 50 codes of each odd
// kind: those without an answer are neighbours, the others are spread.
func newOddDoS(t *testing.T) oddDoS {
	t.Helper()
	o := oddDoS{
		dostest.New(dostest.Options{APIKey: "key", User: "reader", Password: "hush"}),
		make(map[profile.ODSCode]bool), make(map[profile.ODSCode]bool),
	}
	for n := range pharmacies {
		o.AddService(dostest.Service{
			ODSCode: pharmacyCode(n).String(), Address: "1 High Street$Leeds", Postcode: "LS1 1AA", Phone: "01134960000",
			Weekly: "mon 09:00-17:00",
		})
	}
	for i := range 50 {
		o.poison[pharmacyCode(3010+i)] = true
		o.malformed[pharmacyCode(7+i*200)] = true
	}
	require.Len(t, o.poison, 50)
	require.Len(t, o.malformed, 50)
	return o
}

// pushedPharmacies fills the database with pharmacies that DoS has accepted.
func pushedPharmacies(t *testing.T) (*pgtest.Database, *pushstore.Store) {
	t.Helper()
	db := pgtest.New(t)
	db.Exec("set profilesync.run = '1'")
	db.Exec(`insert into profile (code, name, type, address, postcode, phone)
		select 'F' || lpad(upper(to_hex(n)), 4, '0'), 'Pharmacy', 'pharmacy', '{1 High Street,Leeds}', 'LS1 1AA', '0113 496 0000'
		from generate_series(0, $1 - 1) n`, pharmacies)
	db.Exec("insert into opening_period (code, day, opens, closes) select code, 'mon', '09:00', '17:00' from profile")
	db.Exec("insert into route (sink, route) values ('dos', 'change-event')")
	db.Exec("insert into push (code, sink, route, state) select code, 'dos', 'change-event', 'accepted' from profile")
	db.Exec("analyze")
	return db, pushstore.New(db.DB)
}

// Answers of DoS that make no sense about 50 pharmacies, and none about 50 others,
// stop nothing else: all other pharmacies are checked and mended, those are named, and
// the route is never paused.
func TestADriftCheckGoesOnPastOddAnswers(t *testing.T) {
	t.Parallel()
	odd := newOddDoS(t)
	server := httptest.NewServer(odd)
	t.Cleanup(server.Close)
	options := dos.Options{
		Events: dos.EventOptions{URL: server.URL, Key: func() (string, error) { return "key", nil }},
		Read:   dos.ReadOptions{URL: server.URL, User: "reader", Password: func() (string, error) { return "hush", nil }},
	}
	options.Events.Limits.PerSecond, options.Read.Limits.PerSecond = 1e6, 1e6
	options.Read.Limits.Backoff = time.Millisecond
	sink, err := dos.New(options)
	require.NoError(t, err)
	db, store := pushedPharmacies(t)

	var differing []profile.ODSCode
	for n := 1; n < pharmacies; n += 60 {
		if code := pharmacyCode(n); !odd.poison[code] && !odd.malformed[code] {
			require.Equal(t, 1, odd.Change(code.String(), func(s *dostest.Service) { s.Phone = "0999" }))
			differing = append(differing, code)
		}
	}
	today := profile.NewDate(2026, 11, 29)
	checker := pushjobs.DriftChecker{
		Name: push.SinkDoS, Directory: sink, Guard: runs.DefaultGuard(), Progress: func(int) {},
		Begin: func(ctx context.Context, name push.Sink, codes []profile.ODSCode, actor string) (pushjobs.DriftCheck, error) {
			return store.BeginDrift(ctx, name, codes, actor, today)
		},
	}
	result, err := checker.Check(t.Context(), nil, true, "test")
	require.NoError(t, err)
	require.Equal(t, push.DriftDone, result.State, result.Reason)
	named := map[profile.ODSCode]bool{}
	parts := 0
	for _, u := range result.Unreadable {
		named[u.Code] = true
		require.NotContains(t, u.Reason, "maintenance")
		if u.Part != "" && strings.Contains(u.Part, "(type 13)") {
			parts++
		}
	}
	for code := range odd.poison {
		require.True(t, named[code], "%s always answers 500", code)
	}
	for code := range odd.malformed {
		require.True(t, named[code], "%s makes no sense", code)
	}
	require.Len(t, named, 100)
	require.Positive(t, parts)
	require.Equal(t, pharmacies-100+parts, result.Checked, "all others, and the other fields of those with one odd field")
	require.Equal(t, []int{len(differing), 0, len(differing)}, []int{result.Drifted, result.Missing, result.Repaired})
	require.Equal(t, pharmacies-100-len(differing), pgtest.One[int](db, "select count(*) from push where seen_at is not null"))
	require.Equal(t, 100, pgtest.One[int](db, "select count(*) from drift where field = 'unreadable'"))

	require.Equal(t, len(differing), repairAll(t, db, store, sink, today), "each repair is accepted")
	require.NoError(t, odd.Drain(t.Context()))
	for _, code := range differing {
		require.Equal(t, "01134960000", odd.Services(code.String())[0].Phone, code)
	}
	require.Zero(t, pgtest.One[int](db, "select count(*) from route where paused <> '' or paused_at is not null"))
	again, err := checker.Check(t.Context(), differing, false, "test")
	require.NoError(t, err)
	require.Equal(t, push.DriftResult{Check: again.Check, Sink: push.SinkDoS, State: push.DriftDone, Checked: len(differing)}, again)
}

// repairAll works the wanted pushes as job 1 and returns how many DoS accepted.
func repairAll(t *testing.T, db *pgtest.Database, store *pushstore.Store, sink *dos.Sink, today profile.Date) int {
	t.Helper()
	db.Exec("update push set job_id = 1, due_at = null where state = 'wanted'")
	pusher := pushjobs.NewPusher(pushjobs.PusherOptions{
		Name: push.SinkDoS, Sink: sink, Store: store, Today: func() profile.Date { return today }, ProbeEvery: time.Minute,
		Log: slog.New(slog.DiscardHandler), Pushed: func(push.Sink, push.Outcome) {},
	})
	var group errgroup.Group
	group.SetLimit(16)
	for _, code := range pgtest.All[string](db, "select code from push where job_id = 1") {
		group.Go(func() error {
			_, err := pusher.Push(t.Context(), profile.ODSCode(code), false, 1)
			return err
		})
	}
	require.NoError(t, group.Wait())
	return pgtest.One[int](db, "select count(*) from push_attempt where answer = 'accepted'")
}
