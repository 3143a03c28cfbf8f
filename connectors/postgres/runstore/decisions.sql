-- What follows from people's decisions, and when they hold no more.

-- name: LiftRejections :exec
-- The register says something else than what was rejected.
update mark m set lifted_in = @run_id
from (select unnest(@codes::text[]) as code, unnest(@fields::text[]) as field) l
where m.code = l.code and m.field = l.field and m.verdict = 'rejected' and m.lifted_in is null;

-- name: GiveRejectionsBack :exec
-- What a run read that is undone lifts nothing.
update mark set lifted_in = null where lifted_in = @parent_id;

-- The statements below look each row up by its key, whatever the statistics say: hence offset 0.

-- name: LeaveClosed :exec
-- What will not open, since the guard withholds it, keeps its fields.
delete from plan_row u
where u.run_id = @run_id and u.verb = 'update' and exists (
    select from plan_row s
    where s.run_id = @run_id and s.code = u.code and s.field = 'status' and s.type = @type and s.verb = @verb and s.undone = @undone
        and s.old = 'closed' and s.withheld = '' and s.ahead_id is null
    offset 0
);

-- name: EndRowsOfClosing :exec
-- Whatever else waits of a profile that the run closes waits in vain, unless the run applies it.
update plan_row w set waits = false, decision = 'withdrawn', decided_in = @run_id, decided_at = clock()
where w.waits and w.field <> 'status' and not starts_with(w.field, 'ers-services/')
    and exists (
        select from plan_row c
        where c.run_id = @run_id and c.code = w.code and c.field = 'status' and c.verb = 'close' and c.withheld = '' and not c.moved
        offset 0
    )
    and not exists (
        select from plan_row d
        where d.run_id = @run_id and d.code = w.code and d.field = w.field and d.withheld = '' and not d.moved
        offset 0
    );

-- name: KeepRowsOfOpen :exec
-- A profile that was not closed after all, since somebody changed its status, keeps what waited of it.
update plan_row w set waits = true, decision = '', decided_in = null, decided_at = null
where exists (
        select from plan_row c where c.run_id = @run_id and c.code = w.code and c.field = 'status' and c.verb = 'close' and c.moved offset 0
    )
    and w.decided_in = @run_id and w.decision = 'withdrawn' and w.field <> 'status' and w.code > @after::text and w.code <= @upto::text;

-- name: EndLeftOut :exec
-- What an approval left out because the profile is closed waits in vain.
update plan_row w set waits = false, decision = 'withdrawn', decided_by = '', decided_os_user = '', decided_at = clock()
where w.decided_in = @run_id and w.waits and exists (
    select from plan_row d
    where d.run_id = @run_id and d.code = w.code and d.field = w.field and d.moved and d.left_out = 'closed' offset 0
);
