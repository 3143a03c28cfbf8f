-- name: InsertRun :one
-- A preview has a number that no run has. Returns no row if the request has stored this run before.
-- An undo has from the beginning the digest of what somebody was shown.
insert into run (id, kind, source, report, parent_id, as_of, actor, os_user, codes, upload_id, plan_id, etag, digest, once)
overriding system value
values (nextval(case when @preview::boolean then 'preview_number' else 'run_id_seq' end::regclass), @kind, @source, @report,
    nullif(@parent::bigint, 0), @as_of, @actor, @os_user, @codes, nullif(@upload::bigint, 0), nullif(@plan::bigint, 0), @etag, @digest,
    @once)
on conflict (once) where once is not null do nothing
returning id;

-- name: RunOnce :one
select id from run where once = @once;

-- name: ApprovalsOnce :many
-- The last approvals that somebody asked for under a key.
select id, source, report, parent_id::bigint as parent, once from run
where kind = 'approve' and actor = @actor and once is not null
order by id desc limit 1000;

-- name: SetRunJob :exec
update run set job_id = @job_id where id = @id;

-- name: GetRun :one
select kind, source, report, coalesce(parent_id, 0)::bigint as parent, as_of, actor, os_user, codes, coalesce(upload_id, 0)::bigint as upload, state,
    coalesce(plan_id, 0)::bigint as plan, planned, digest, etag, listing_digest, boards, layout, summary, error,
    (created_at at time zone 'Europe/London')::date as requested
from run where id = @id;

-- name: ListRuns :many
select id, kind, source, report, coalesce(parent_id, 0)::bigint as parent, as_of, actor, state, summary, created_at, ended_at
from run
where id < @before and (@source::text = '' or source = @source)
order by id desc limit @most;

-- name: StartRun :exec
update run set state = 'running', started_at = coalesce(started_at, clock()) where id = @id and state in ('queued', 'running');

-- name: SaveProgress :exec
update run set stage = @stage, done = @done, total = @total where id = @id;

-- name: GetProgress :one
select state, stage, done, total from run where id = @id;

-- name: SealPlan :exec
update run set planned = true, digest = @digest, etag = @etag, listing_digest = @listing_digest, boards = @boards,
    layout = @layout, summary = @summary where id = @id;

-- name: MoveCursor :exec
update run set applied_to = @applied_to where id = @id;

-- name: EndRun :execrows
update run set state = @state, summary = @summary, error = @error, ended_at = clock(), stage = ''
where id = @id and state in ('queued', 'running');

-- name: UnfinishedRuns :many
-- Runs that nobody works and no job will: begun by a command that was killed, or left by a job that was cancelled.
select id, source from run
where (state = 'running' or (state = 'queued' and job_id is null)) and not exists (
    select from river.river_job j
    where j.id = run.job_id and j.state in ('available', 'pending', 'retryable', 'running', 'scheduled'))
order by id;

-- name: UnfinishedRunsOf :many
select id from run
where source = @source and (state = 'running' or (state = 'queued' and job_id is null))
order by id;

-- name: DeleteUploadOfRun :exec
-- The file of a plan is kept as long as the plan.
delete from upload u using run r
where r.id = @run_id and u.id = r.upload_id and not exists (select from plan p where p.upload_id = u.id);

-- name: InsertUpload :one
insert into upload (name) values (@name) returning id;

-- name: InsertUploadChunk :exec
insert into upload_chunk (upload_id, seq, bytes) values (@upload_id, @seq, @bytes);

-- name: GetUploadName :one
select name from upload where id = @id;

-- name: GetUploadChunk :one
select bytes from upload_chunk where upload_id = @upload_id and seq = @seq;

-- name: LockRunsOf :exec
select pg_advisory_lock(hashtextextended('profilesync.run.' || @source::text, 0));

-- name: RunsAreLocked :one
-- Whether somebody works a run of the source; the probe gives its own lock back at the end of the transaction.
select not pg_try_advisory_xact_lock(hashtextextended('profilesync.run.' || @source::text, 0));

-- name: RunOfJob :one
select id from run where job_id = @job_id;

-- name: PrunePlans :execrows
-- The plans of old runs, but for what still waits; what they changed stands in the audit for good.
delete from plan_row p using run r where r.id = p.run_id and r.ended_at < @before and not p.waits;

-- name: DropUpload :exec
-- A file that nothing was made from.
delete from upload u
where u.id = @id and not exists (select from run r where r.upload_id = u.id) and not exists (select from plan p where p.upload_id = u.id);

-- name: PruneUploads :exec
-- Files whose command was killed before it stored a run, and those of plans that are not kept any more.
delete from upload u where u.created_at < clock() - interval '1 day'
    and not exists (select from run r where r.upload_id = u.id and r.state in ('queued', 'running'))
    and not exists (select from plan p where p.upload_id = u.id and p.created_at >= clock() - interval '7 days');

-- name: CancelRun :one
-- Only one that nobody has begun to work: whoever begins it first changes its state first.
update run set state = 'failed', error = @error, summary = @summary, ended_at = clock(), stage = ''
where id = @id and state = 'queued'
returning coalesce(job_id, 0)::bigint as job;

-- name: CountMarks :one
-- Profiles that a run marked missing.
select count(*) from plan_row where run_id = @run_id and verb = 'missing' and withheld = '' and not moved;
