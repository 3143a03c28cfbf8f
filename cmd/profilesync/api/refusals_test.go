package api

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// Nobody does what he may not, and nothing begins that cannot be recorded.
func TestWhoMayDoWhat(t *testing.T) { //nolint:paralleltest // newWorld sets variables
	w := newWorld(t)
	bodies := map[string]string{
		"make-plan-of-file": "x", "start-run-of-file": "x", "wait-case": `{"for": "x", "until": "2026-06-10"}`,
		"set-aside-case": `{"reason": "x", "until": "2026-06-10"}`, "reset-listing": `{"to": "2026-06-01", "reason": "x"}`,
		"retry-pushes": `{"codes": ["FAA00"]}`, "add-hold": `{"code": "FAA00", "field": "phone", "reason": "x"}`,
		"approve-ahead": `{"digest": "x", "last_day": "2026-06-10"}`, "set-profile-kind": `{"kind": "clinic", "reason": "x"}`,
		"say-closed": `{"reason": "x"}`, "confirm-closed": `{"reason": "x"}`, "take-closed-back": `{"reason": "x"}`,
		"reactivate-account": `{"reason": "x"}`, "leave-account": `{"reason": "x"}`, "stop-mail": `{"reason": "x"}`,
		"add-registered-service": `{"id": "1", "site": "R00A1"}`, "import-register": "x", "add-token": `{"name": "x", "verbs": ["read"]}`,
	}
	for id, o := range w.operations {
		verb := guard.Verb(fmt.Sprint(o.Extensions["x-verb"]))
		c := call{id: id, body: bodies[id], odd: true}
		if o.RequestBody != nil && c.body == "" {
			c.body = "{}"
		}
		c.path = strings.Repeat("1 ", len(inPath.FindAllString(o.path, -1)))
		c.status = http.StatusUnauthorized
		w.as(guard.Principal{}).do(c)

		c.status = http.StatusForbidden
		before := len(w.recorded())
		without := guard.Principal{Name: "eve"}
		for _, v := range guard.Verbs() {
			if v != verb {
				without.Verbs = append(without.Verbs, v)
			}
		}
		refused := w.as(without).do(c)
		require.Contains(t, refused.text, "needs the verb "+string(verb), id)
		recorded := w.recorded()[before:]
		if verb == guard.Read {
			require.Empty(t, recorded, id)
			continue
		}
		require.Len(t, recorded, 1, id)
		require.True(t, strings.HasPrefix(recorded[0], "eve "+string(verb)+" "+id), recorded[0])

		if slicesHas(o, operation.KeyHeader) {
			c.status, c.noKey = http.StatusBadRequest, true
			require.Contains(t, w.as(cid).do(c).text, operation.KeyHeader, id)
		}
	}
	w.lost = true
	before := pgtest.One[int](w.db, "select count(*) from hold")
	w.db.Exec("insert into profile (code, name, type) values ('FAA00', 'Chemist', 'pharmacy')")
	w.as(cid).do(call{id: "add-hold", body: `{"code": "FAA00", "field": "phone", "reason": "x"}`, status: http.StatusServiceUnavailable})
	require.Equal(t, before, pgtest.One[int](w.db, "select count(*) from hold"), "what is not recorded is not done")
}

func slicesHas(o place, header string) bool {
	for _, p := range o.Parameters {
		if p.Value.Name == header {
			return true
		}
	}
	return false
}

// What is recorded is ids: no text of a caller, and nothing about people.
func TestWhatIsRecordedIsIDs(t *testing.T) { //nolint:paralleltest // newWorld sets variables
	w := newWorld(t)
	w.db.Exec("insert into profile (code, name, type) values ('FAA00', 'Chemist', 'pharmacy')")
	w.as(cid)
	w.do(call{id: "add-hold", body: `{"code": "FAA00", "field": "phone", "reason": "Jane Canary said so"}`})
	w.do(call{id: "undo-field", path: "FAA00 Jane.Canary@example.nhs.uk", body: `{"reason": "Jane Canary"}`, status: 422})
	w.do(call{id: "make-plan", body: `{"codes": ["Jane Canary"]}`, status: 422})
	w.do(call{id: "approve", body: `{"run": 7, "field": "status"}`, status: 404})
	require.Equal(t, []string{
		"cid approve add-hold FAA00 phone", "cid approve undo-field FAA00/?", "cid reconcile make-plan ods", "cid approve approve 7 status",
	}, w.recorded())
}

// Wrong requests are answered in plain words, with the name of what is wrong.
func TestWrongRequestsAreNamed(t *testing.T) { //nolint:paralleltest // newWorld sets variables
	w := newWorld(t)
	w.as(cid)
	for _, c := range []struct {
		call
		text string
	}{
		{call{id: "list-pushes", query: "state=bogus", odd: true, status: 422}, `"location":"query.state"`},
		{call{id: "list-runs", query: "limit=501", odd: true, status: 422}, `"location":"query.limit"`},
		{call{id: "list-runs", query: "bogus=1", odd: true, status: 422}, `unknown query parameter`},
		{call{id: "list-runs", query: "cursor=bogus", status: 422}, `read the list from its beginning`},
		{call{id: "list-waiting", query: "report=bogus", status: 422}, `"location":"report"`},
		{call{id: "start-run", body: `{"report": "bogus"}`, status: 422}, `report: `},
		{call{id: "start-run", body: `{"reports": "etr"}`, odd: true, status: 422}, `body.reports`},
		{call{id: "start-run", body: `{`, odd: true, status: 400}, ``},
		{
			call{id: "make-plan-of-file", query: "name=edispensary_1.csv&as_of=2026-06-04", body: "x", status: 422},
			`as_of 2026-06-04: that day has not come yet`,
		},
		{call{id: "make-plan-of-file", query: "name=edispensary_1.csv&rehearse=true", body: "x", status: 422}, `give it with as_of`},
		{call{id: "make-plan-of-file", query: "name=edispensary_1.csv&as_of=2026-06-01", body: "no listing", status: 409}, `edispensary_1.csv`},
		{call{id: "start-run-of-file", query: "name=nonsense.csv&as_of=2026-06-01", body: "x", status: 422}, `nonsense`},
		{call{id: "add-hold", body: `{"code": "FZZ99", "field": "phone", "reason": "x"}`, status: 404}, `FZZ99`},
	} {
		require.Contains(t, w.do(c.call).text, c.text, c.id+" "+c.query+" "+c.body)
	}
	answer, err := http.Get(w.url + "/api/v1/bogus")
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
	require.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"))
}

// A file that is too large is refused, and nothing of it is kept.
func TestAFileThatIsTooLargeIsRefused(t *testing.T) { //nolint:paralleltest // newWorld sets variables
	w := newWorld(t)
	w.as(ann)
	large := strings.Repeat("x", 1<<20+1)
	query := "name=edispensary_1.csv&as_of=2026-06-01"
	require.Contains(t, w.do(call{id: "start-run-of-file", query: query, body: large, status: 413}).text, "larger than 1 MiB")
	require.Contains(t, w.do(call{id: "make-plan-of-file", query: query, body: large, status: 413}).text, "PROFILESYNC_FILE_LIMIT_MIB")
	w.do(call{id: "make-plan", body: `{"report": "` + large + `"}`, status: 413})
	require.Equal(t, []int{0, 0}, []int{
		pgtest.One[int](w.db, "select count(*) from upload"), pgtest.One[int](w.db, "select count(*) from run"),
	})
}

// A setting that demands another person for an approval holds here, too.
func TestAnotherPersonApproves(t *testing.T) { //nolint:paralleltest // newWorld sets variables
	w := newWorld(t, "APPROVAL_BY_ANOTHER=true")
	w.as(cid)
	for day, number := range []int{1, 2, 3} {
		query := fmt.Sprintf("name=edispensary_%d.csv&as_of=2026-06-%02d", number, day+1)
		w.do(call{id: "start-run-of-file", query: query, body: listing(t, number)})
		w.work()
	}
	refused := w.do(call{id: "approve", body: `{"all": true}`, status: 403})
	require.Contains(t, refused.text, "asked for by cid: another person has to approve it")
	w.db.Exec(`insert into access_token (name, hash, verbs, created_by)
		values ('first', sha256('1'), '{administer}', 'cid'), ('second', sha256('2'), '{approve}', 'token:first')`)
	second := guard.Principal{Name: "token:second", Verbs: []guard.Verb{guard.Approve}}
	refused = w.as(second).do(call{id: "approve", body: `{"all": true}`, status: 403})
	require.Contains(t, refused.text, "asked for by cid", "a token stands for whoever made it")
	w.as(bea).do(call{id: "approve", body: `{"all": true}`})
}

// Pages neither skip nor repeat what was there before, whatever is added meanwhile.
func TestPagesAreContinuous(t *testing.T) {
	t.Parallel()
	rows := []int{9, 8, 7, 6, 5, 4, 3, 2, 1}
	load := func(int) ([]int, error) { return rows, nil }
	var seen []int
	in := operation.Paging{Limit: 2}
	for added := 10; ; added++ {
		got, err := operation.Paged(in, func(n int) string { return fmt.Sprint(n) }, load)
		require.NoError(t, err)
		seen = append(seen, got.Body.Items...)
		if got.Body.Next == "" {
			break
		}
		in.Cursor, rows = got.Body.Next, append([]int{added}, rows...)
	}
	require.Equal(t, []int{9, 8, 7, 6, 5, 4, 3, 2, 1}, seen)
	empty, err := operation.Paged(
		operation.Paging{Limit: 2},
		func(n int) string { return fmt.Sprint(n) },
		func(int) ([]int, error) { return nil, nil },
	)
	require.NoError(t, err)
	require.Equal(t, []int{}, empty.Body.Items)
	_, err = operation.Paged(
		operation.Paging{Limit: 2},
		func(n int) string { return fmt.Sprint(n) },
		func(int) ([]int, error) { return nil, io.EOF },
	)
	require.ErrorIs(t, err, io.EOF)
}

// A plan waits for its turn, and for a run of its source, and then says that it did not get it.
func TestPlansDoNotWaitForEver(t *testing.T) { //nolint:paralleltest // newWorld sets variables
	w := newWorld(t)
	lock, err := w.db.DB.Connect(t.Context())
	require.NoError(t, err)
	defer lock.Close()
	_, err = lock.Exec(t.Context(), "select pg_advisory_lock(hashtextextended('profilesync.run.ods', 0))")
	require.NoError(t, err)
	w.patience = 100 * time.Millisecond
	w.serve(Options{})
	busy := w.as(ann).do(call{id: "make-plan", body: `{"report": "edispensary"}`, status: http.StatusServiceUnavailable})
	require.Contains(t, busy.text, "a run is being worked")
}

// Where something was done before something failed, the answer says both.
func TestWhatWasDoneBeforeAFailureIsSaid(t *testing.T) { //nolint:paralleltest // newWorld sets variables
	w := newWorld(t)
	w.db.Exec("create function fails() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$")
	w.db.Exec("create trigger fails before insert on run for each row when (new.report = 'ebranchs') execute function fails()")
	half := w.as(ann).do(call{id: "start-run", body: `{}`})
	require.Equal(t, http.StatusAccepted, half.status)
	require.Equal(t, 2, half.count("items"), half.text)
	require.Equal(t, "500", half.say("failed.status"))
	require.Contains(t, half.say("failed.detail"), "start-run failed")
	require.Equal(t, 2, pgtest.One[int](w.db, "select count(*) from run"))
}

// An operation is stopped when its time is over, and says so.
func TestAnOperationEnds(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	set := &operation.Set{API: humago.New(mux, config("v0")), Log: slog.New(slog.DiscardHandler)}
	slow := operation.Route{
		ID: "slow", Method: http.MethodGet, Path: "/slow", Verb: guard.Read, Summary: "Wait", Within: 20 * time.Millisecond,
	}
	operation.Add(set, slow, func(ctx context.Context, _ *struct{}) (*operation.Body[string], error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	r := httptest.NewRequestWithContext(guard.With(t.Context(), ann), http.MethodGet, operation.Base+"/slow", nil)
	out := httptest.NewRecorder()
	mux.ServeHTTP(out, r)
	require.Equal(t, http.StatusInternalServerError, out.Code)
	require.Contains(t, out.Body.String(), "it took longer than 18ms and was stopped")
}
