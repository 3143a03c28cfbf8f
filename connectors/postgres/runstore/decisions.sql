-- What follows from people's decisions, and when they hold no more.

-- name: LiftRejections :exec
-- The register says something else than what was rejected.
update mark m set lifted_in = @run_id
from (select unnest(@codes::text[]) as code, unnest(@fields::text[]) as field) l
where m.code = l.code and m.field = l.field and m.verdict = 'rejected' and m.lifted_in is null;

-- name: GiveRejectionsBack :exec
-- What a run read that is undone lifts nothing.
update mark set lifted_in = null where lifted_in = @parent_id;

-- name: LeaveClosed :exec
-- What will not open, since the guard withholds it, keeps its fields.
delete from plan_row u
using plan_row s
where s.run_id = @run_id and s.type = @type and s.verb = @verb and s.undone = @undone and s.old = 'closed' and s.withheld = ''
    and u.run_id = @run_id and u.code = s.code and u.verb = 'update';

-- name: EndRowsOfClosing :exec
-- Whatever else waits of a profile that the run closes waits in vain. With offset 0 each row is looked up by its key.
update plan_row w set waits = false, decision = 'withdrawn', decided_in = @run_id, decided_at = clock()
from (
    select o.run_id, o.code, o.field
    from plan_row c
    cross join lateral (
        select n.run_id, n.code, n.field from plan_row n
        where n.code = c.code and n.waits and n.field <> 'status' and not starts_with(n.field, 'ers-services/') offset 0
    ) o
    where c.run_id = @run_id and c.verb = 'close' and c.withheld = '' and not c.moved
) e
where w.run_id = e.run_id and w.code = e.code and w.field = e.field and not exists (
    select from plan_row d where d.run_id = @run_id and d.code = w.code and d.field = w.field and d.withheld = '' and not d.moved
);

-- name: KeepRowsOfOpen :exec
-- A profile that was not closed after all, since somebody changed its status, keeps what waited of it.
update plan_row w set waits = true, decision = '', decided_in = null, decided_at = null
from plan_row c
where c.run_id = @run_id and c.code > @after::text and c.code <= @upto::text and c.verb = 'close' and c.moved
    and w.decided_in = @run_id and w.code = c.code and w.decision = 'withdrawn' and w.field <> 'status';

-- name: UnsettleOpened :exec
-- The fields of a profile that a decision opens are compared at the next look.
update upstream_record u set settled = false
from plan_row p
where p.run_id = @run_id and p.code > @after::text and p.code <= @upto::text and p.verb in ('reopen', 'dormant') and p.old = 'closed'
    and p.withheld = '' and not p.moved and u.code = p.code and u.code > @after::text and u.code <= @upto::text and u.settled;

-- name: EndLeftOut :exec
-- What an approval left out because the profile is closed waits in vain.
update plan_row w set waits = false, decision = 'withdrawn', decided_by = '', decided_os_user = '', decided_at = clock()
from plan_row d
where d.run_id = @run_id and d.moved and d.left_out = 'closed'
    and w.decided_in = @run_id and w.waits and w.code = d.code and w.field = d.field;
