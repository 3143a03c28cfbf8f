-- name: BeginDriftCheck :one
insert into drift_check (sink, actor, whole) values (@sink, @actor, @whole) returning id;

-- name: PushesToCheck :many
-- What a sink took and nothing is under way for: the next page of codes of one type.
select p.code from push p join profile f using (code)
where p.sink = @sink and p.code > @after and p.state = 'accepted' and p.due_at is null and not p.unclear
    and (cardinality(@codes::text[]) = 0 or p.code = any(@codes::text[])) and f.type = @type
order by p.code limit @most;

-- name: StoreDrift :exec
insert into drift (check_id, code, field, want, shown)
select @check_id, unnest(@codes::text[]), unnest(@fields::text[]), unnest(@wants::text[]), unnest(@showns::text[]);

-- name: SawPushes :exec
update push p set seen_at = now(), repairs = 0, reason = case p.state when 'accepted' then '' else p.reason end
where p.sink = @sink and p.code = any(@codes::text[]);

-- name: EndDriftCheck :exec
update drift_check set ended_at = now(), state = @state, checked = @checked, missing = @missing, drifted = @drifted, repaired = @repaired, reason = @reason
where id = @id;

-- name: DriftToRepair :many
-- What a sink did not take three times it will not take: people are told instead.
select distinct d.code from drift d join push p on p.code = d.code and p.sink = @sink
where d.check_id = @check_id and p.repairs < 3 order by d.code;

-- name: ListDrift :many
select d.code, f.name, d.field, d.want, d.shown, (p.repairs >= 3)::boolean as given_up
from drift d join profile f using (code) join push p on p.code = d.code and p.sink = @sink
where d.check_id = @check_id order by d.code, d.field limit @most;

-- name: PruneDrift :exec
delete from drift_check where started_at < @before;
