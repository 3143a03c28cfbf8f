-- Two runs with rows of every kind, for cost_test.go: a listing whose names wait, and the approval of them; and a run of
-- services. No table has statistics.
alter table profile set (autovacuum_enabled = false);
alter table upstream_record set (autovacuum_enabled = false);
alter table plan_row set (autovacuum_enabled = false);
alter table plan_change set (autovacuum_enabled = false);
alter table approved_ahead set (autovacuum_enabled = false);
alter table run_record set (autovacuum_enabled = false);
alter table mark set (autovacuum_enabled = false);
alter table ers_service set (autovacuum_enabled = false);
alter table run_service set (autovacuum_enabled = false);
alter table service set (autovacuum_enabled = false);
insert into run (kind, source, report, as_of, actor, state)
    values ('listing', 'ods', 'edispensary', '2026-06-02', 'tester', 'running'), ('approve', 'ods', 'edispensary', '2026-06-02', 'tester', 'queued'),
    ('listing', 'ers', 'services', '2026-06-02', 'tester', 'running');
insert into listing (source, report, as_of, records, digest, rules_version)
    values ('ods', 'edispensary', '2026-06-01', 5000, '\x00', 1);
insert into profile (code, name, postcode, type) select 'F' || lpad(n::text, 5, '0'), 'Old', 'E1 4LR', 'pharmacy' from generate_series(1, 5000) n;
insert into upstream_record (source, report, code, raw_hash, facts, facts_hash, rules_version, settled, pending_since)
    select 'ods', 'edispensary', code, '\x02', '{}', '\x03', 1, false, date '2026-06-01' from profile;
insert into run_record (run_id, code, raw_hash, facts, facts_hash, settled, contradiction, flag)
    select 1, code, case when n % 4 < 3 then '\x01'::bytea end, case when n % 4 < 2 then '{}'::jsonb end, '\x03', true, false, case n % 4 when 3 then 'missing-twice' else '' end
    from (select code, row_number() over (order by code) as n from profile) p;
insert into plan_row (run_id, code, field, fact, type, verb, old, new, reason, withheld, waits, decided_in, decision, digest)
    select 1, code, 'name', 'name', 'pharmacy', 'update', 'Old', 'New', 'upstream', 'mass-change', true, 2, 'approved', '\x01'::bytea from profile
    union all select 1, code, '', '', 'pharmacy', 'missing', '', '2026-06-02', 'upstream', '', false, null, '', '\x02'::bytea from profile
    union all select 1, code, 'postcode', 'postcode', 'pharmacy', 'update', 'E1 4LR', 'E2 4LR', 'upstream', '', false, null, '', '\x02'::bytea from profile
    union all select 1, code, 'status', 'status', 'pharmacy', 'close', 'open', 'closed', 'upstream', '', false, null, '', '\x02'::bytea from profile
    union all select 2, code, 'name', 'name', 'pharmacy', 'update', 'Old', 'New', 'upstream', '', false, null, '', '\x01'::bytea from profile;
insert into mark (code, field, verdict, value, run_id, actor) select code, 'missing', 'undone', '', 1, 'tester' from profile;
-- What run 1 took off the list, and, as an undo, ended; another report says the same of each.
update run set undone_by = 1 where id = 2;
update run set waiting = 5000 where id = 1;
insert into plan_row (run_id, code, field, fact, type, verb, old, new, reason, withheld, decided_in, decision, digest)
    select 2, code, 'icb', 'icb', 'pharmacy', 'update', '', 'QMF', 'upstream', 'mass-change', 1, 'withdrawn', '\x01'::bytea from profile
    union all select 2, code, 'parent', 'parent', 'pharmacy', 'update', '', 'P091', 'upstream', 'mass-change', 1, 'undone', '\x01'::bytea from profile;
insert into upstream_record (source, report, code, raw_hash, facts, facts_hash, rules_version, settled)
    select 'ods', 'api', code, '\x02', '{}', '\x03', 1, true from profile;
insert into ers_service (id, origin, state, added_by, sites, facts, facts_hash, pending)
    select row_number() over (order by code), 'editor', 'active', 'tester', array[code], '{}', '\x00', 'missing' from profile;
insert into service (code, source, external_id, name) select code, 'ers', row_number() over (order by code), 'Clinic' from profile;
insert into run_service (run_id, id, state, credential, version, sites) select 3, id, 'missing', '', '', sites from ers_service;
insert into plan_row (run_id, code, field, fact, type, verb, old, new, reason, leaves, digest)
    select 3, code, 'ers-services/' || external_id, 'ers-services/' || external_id, 'pharmacy', 'update', '', '{"name":"Other","kind":"","specialty":"","hours":"","instructions":"","booking":"","contacts":[],"withdrawn":false}',
        'upstream', code, '\x02'::bytea from service where source = 'ers';
insert into mark (code, field, verdict, value, run_id, actor) select code, 'ers-services/' || external_id, 'rejected', 'missing', 1, 'tester' from service where source = 'ers';
insert into plan (kind, source, report, as_of, digest, summary, actor, os_user) values ('listing', 'ods', 'edispensary', '2026-06-02', '', '{}', 'tester', '');
insert into plan_change (plan_id, code, field, fact, type, verb, old, new, reason, withheld, digest)
    select 1, code, field, fact, type, verb, old, new, reason, withheld, case when code like '%5' then '\x07'::bytea else digest end from plan_row where run_id = 1;
insert into approval_ahead (plan_id, first_day, last_day, digest, actor, os_user) values (1, '2026-06-01', '2026-06-30', '', 'tester', ''), (1, '2026-06-01', '2026-06-30', '', 'tester', '');
insert into approved_ahead (approval_id, code, field, fact, type, verb, old, new, digest)
    select 1, code, field, fact, type, verb, old, new, digest from plan_row where run_id = 1 and field = 'name';
update plan_row set ahead_id = 1 where run_id = 1 and field = 'postcode';
