package casestore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
)

// estate is 300,000 open profiles with nothing wrong, as a year of work leaves them: every
// 50th shares its postcode with another one of its type and of another name. A few
// thousand show one sign of a closure, and as many had one confirmed or taken back.
const estate = `
set session_replication_role = replica;
insert into run (kind, source, report, as_of, actor, state, started_at, ended_at, summary)
	select case when n % 3 = 0 then 'delta' else 'listing' end, 'ods', case when n % 3 = 0 then 'api' else 'etr' || n % 4 end,
		current_date, 'schedule', 'done',
		now() - (20000 - n) * interval '25 minutes', now() - (20000 - n) * interval '25 minutes', '{"records": 300000, "withheld": []}'
	from generate_series(1, 20000) n;
insert into profile (code, name, type, icb, postcode)
	select 'F' || to_char(n, 'FM000000'), chr(65 + n % 26) || md5(n::text),
		(array['pharmacy', 'gp-practice', 'gp-branch', 'dental-practice'])[1 + n / 2 % 4],
		'Q' || to_char(n % 42, 'FM00'), case n % 50 when 0 then 'AB' || n when 1 then 'AB' || n - 1 else 'CD' || n end
	from generate_series(1, 300000) n;
insert into upstream_record (source, report, code, raw_hash, facts, facts_hash, rules_version, settled)
	select 'ods', 'etr0', code, '', '{}', '', 1, true from profile;
insert into change (code, field, new, actor, run_id, at, xid)
	select code, 'profile', name, 'schedule', 1, now() - interval '300 days', '1' from profile;
insert into change (code, field, old, new, actor, run_id, at, xid)
	select code, f, 'a', 'b', 'schedule', 19999, now() - interval '3 days', '1' from profile, unnest('{address,icb}'::text[]) f;
insert into plan_row (run_id, code, field, type, verb, old, new, reason, digest)
	select 1, code, '', type, 'create', '', '', 'upstream', '' from profile;
insert into push (code, sink, route, state, accepted_at)
	select code, s, 'profile', 'accepted', now() from profile, unnest('{dos,website}'::text[]) s;
insert into account (email, name, state, ended_at)
	select 'p' || n || '@example.org', 'P', case when n % 40 = 0 then 'deactivated' else 'active' end, case when n % 40 = 0 then now() end
	from generate_series(1, 200000) n;
insert into membership (account_id, code, role)
	select 1 + n % 199999, 'F' || to_char(1 + n % 300000, 'FM000000'), case when n < 300000 then 'account-manager' else 'editor' end
	from generate_series(0, 399999) n where not (n < 300000 and (1 + n % 199999) % 40 = 0);
insert into membership (account_id, code, role)
	select 1, code, 'account-manager' from profile p
	where not exists (select from membership m where m.code = p.code and m.role = 'account-manager');
insert into section_checked (code, section, at)
	select code, s, now() from profile, unnest('{contact,opening-times,services,facilities}'::text[]) s;
insert into dated_opening_period (code, date) select code, current_date + n from profile, generate_series(1, 2) n;
insert into letter (reference, kind, account_id, state, accepted_at, stage, quarter)
	select n::text, 'check-opening', 1 + n % 199999, case when n % 100 = 0 then 'bounced' else 'delivered' end,
		now() - interval '1 day' + n * interval '1 ms', 'opening', '2026-10-01'
	from generate_series(1, 400000) n;
insert into drift_check (sink, actor, whole, state, ended_at) values ('dos', 'schedule', true, 'done', now());
insert into drift (check_id, code, field, want, shown, given_up)
	select 1, code, 'phone', '1', '2', false from profile where code < 'F010000';
insert into quality_finding (code, kind, service, about, detail, owner, first_check, last_check, gone_at)
	select code, 'no-dos-place', '', '', '', 'dos-lead', 1, 1, now() from profile where code < 'F020000';
update account set last_active_at = now() - interval '10 days';
update section_checked set at = now() - interval '1 year' where right(code, 2) in ('01', '51');
insert into service (code, source, external_id, name, withdrawn)
	select code, 'ers', code, 'Feet', right(code, 2) = '02' from profile where right(code, 1) = '2';
update profile set status = 'closed' where right(code, 2) = '03';
insert into closure (code, said_by, reason, confirmed_by, confirmed_at, taken_back_by, taken_back_at)
	select code, 'u-1', 'it is empty', 'u-1', now(), case when status <> 'closed' then 'u-1' end, case when status <> 'closed' then now() end
	from profile where right(code, 2) in ('03', '04');
reset session_replication_role;`

// BenchmarkLook measures a look at 300,000 profiles with nothing wrong, which takes less
// than a second, and each file of signals alone, in milliseconds.
func BenchmarkLook(b *testing.B) {
	db := pgtest.New(b)
	db.Exec(estate)
	db.Exec("vacuum analyze")
	store, at := casestore.New(db.DB), cases.Moment{Now: time.Now(), Rules: people.DefaultCheckRules()}
	reports := []string{"ods etr0", "ods etr1", "ods etr2", "ods etr3"}
	for b.Loop() {
		began := time.Now()
		steps, err := store.Look(b.Context(), at, reports)
		require.NoError(b, err)
		require.True(b, steps.Empty(), "%d cases opened", len(steps.Open))
		require.Less(b, time.Since(began), time.Second)
	}
	db.Exec("set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set max_parallel_workers_per_gather = 0")
	args := pgx.NamedArgs{
		"reports": reports, "today": at.Today().Time(), "types": postgres.Texts(at.Rules.Types()),
		"quarterly": postgres.Texts(at.Rules.Quarterly()), "two_quarters": people.QuarterOn(at.Today()).Prev().Prev().First().Time(),
		"idle_since": at.Today().AddDays(-180).Time(),
	}
	names, err := filepath.Glob("signals/*.sql")
	require.NoError(b, err)
	for _, name := range names {
		query, err := os.ReadFile(name)
		require.NoError(b, err)
		rows, err := db.SQL.Query(b.Context(), "explain (analyze, timing off) "+string(query), args)
		require.NoError(b, err)
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(b, err)
		var took float64
		_, err = fmt.Sscanf(plan[len(plan)-1], "Execution Time: %f ms", &took)
		require.NoError(b, err)
		b.ReportMetric(took, strings.TrimSuffix(filepath.Base(name), ".sql")+"-ms")
	}
}
