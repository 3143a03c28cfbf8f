package console_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// The pages of jobs never show what a job was given, failed with or noted, nothing is
// changed by looking, and what is changed is audited; all of it is for who administers.
func TestJobsShowNothingAndAreForAdministrators(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	w.furnish()
	const secret = "zelda@canary.example"
	w.db.Exec(`insert into river.river_job (kind, queue, state, args, metadata, errors, max_attempts, attempt, attempted_at, finalized_at)
		select 'reconcile', 'default', s::river.river_job_state, jsonb_build_object('deep', jsonb_build_array($1::text)),
			jsonb_build_object('output', $1::text, 'x', jsonb_build_object('args', $1::text, 'river:log', jsonb_build_array($1::text))),
			array[jsonb_build_object('at', now(), 'attempt', 1, 'error', $1::text, 'trace', $1::text)], 3, 1, now(),
			case when s in ('discarded', 'cancelled', 'completed') then now() end
		from unnest('{available,discarded,cancelled,completed,retryable}'::text[]) s`, secret)
	w.db.Exec(`insert into river.river_queue (name, updated_at, metadata) values ('q', now(), jsonb_build_object('x', $1::text))`, secret)
	id := strconv.FormatInt(pgtest.One[int64](w.db, "select max(id) from river.river_job where state = 'discarded'"), 10)
	reads := []string{
		"/jobs/", "/jobs/jobs/" + id, "/jobs/api/jobs/" + id, "/jobs/api/queues", "/jobs/api/queues/q", "/jobs/api/states",
		"/jobs/api/features",
		"/jobs/api/autocomplete?facet=job_kind&match=r", "/jobs/api/autocomplete?facet=queue_name", "/jobs/api/health-checks/complete",
		"/jobs/api/version", "/jobs/api/jobs/cancel", "/jobs/api/jobs/delete?ids=" + id, "/jobs/api/jobs/retry", "/jobs/api/queues/q/pause",
	}
	for _, state := range []string{"available", "discarded", "cancelled", "completed", "retryable"} {
		reads = append(reads, "/jobs/api/jobs?limit=50&state="+state)
	}
	standing := func() string {
		return pgtest.One[string](w.db, `select (select md5(string_agg(j::text, '|' order by id)) from river.river_job j)
			|| (select md5(string_agg(q::text, '|' order by name)) from river.river_queue q)`)
	}
	before := standing()
	cid, others := w.as("cid"), []*browser{w.as("ann"), w.as("bea"), w.as("dot")}
	for _, path := range reads {
		require.NotContains(t, cid.open(path).raw, secret, path)
		require.Less(t, cid.status, http.StatusInternalServerError, path)
		for _, b := range others {
			require.Equal(t, http.StatusForbidden, b.open(path).status, path)
		}
	}
	require.Contains(t, cid.open("/jobs/api/jobs/"+id).raw, `"kind":"reconcile"`, "it is there")
	changes := map[string]string{
		"POST /jobs/api/jobs/cancel": `{"ids": ["` + id + `"]}`, "POST /jobs/api/jobs/delete": `{"ids": ["` + id + `"]}`,
		"POST /jobs/api/jobs/retry": `{"ids": ["` + id + `"]}`, "PUT /jobs/api/queues/q/pause": "", "PUT /jobs/api/queues/q/resume": "",
		"PATCH /jobs/api/queues/q": `{"concurrency": null}`,
	}
	ask := func(b *browser, change, body, origin string) *browser {
		method, path, _ := strings.Cut(change, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, w.url+path, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		return b.sendFrom(r, origin)
	}
	for change, body := range changes {
		for _, b := range others {
			require.Equal(t, http.StatusForbidden, ask(b, change, body, "").status, change)
		}
		require.Equal(t, http.StatusForbidden, ask(cid, change, body, "https://evil.example").status, change)
	}
	require.Equal(t, before, standing(), "nothing was changed by looking, or by who may not")
	ask(cid, "POST /jobs/api/jobs/retry", changes["POST /jobs/api/jobs/retry"], "").shows(http.StatusOK)
	require.NotEqual(t, before, standing())
	const audited = "select count(*)::int from action where operation = 'change-jobs' and actor = 'cid' and outcome = 'done'"
	require.Equal(t, 1, pgtest.One[int](w.db, audited))
}

// River fails at a limit of 0, so no odd one reaches it.
func TestLimitsOfJobs(t *testing.T) { //nolint:paralleltest // they would share two cores
	cid := newWorld(t).as("cid")
	for _, path := range []string{"/jobs/api/jobs", "/jobs/api/queues"} {
		for _, limit := range []string{"0", "-1", "1001", "99999999999999999999", "ten", "", "1.5", "20&limit=0"} {
			cid.open(path + "?limit=" + limit)
			require.Equal(t, http.StatusBadRequest, cid.status, "%s %s", path, limit)
			require.JSONEq(t, `{"message": "limit: want a whole number from 1 to 1000"}`, cid.raw)
		}
		for _, limit := range []string{"1", "1000"} {
			require.Equal(t, http.StatusOK, cid.open(path+"?limit="+limit).status, "%s %s", path, limit)
		}
	}
}
