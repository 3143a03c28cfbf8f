-- name: TakeTurn :one
-- Reserves the next turn of a credential, and returns the seconds until then. Unused turns are lost, so they never add up to
-- a burst.
insert into rate_turn as t (client, next_at) values (@client, clock_timestamp() + sqlc.arg(every)::interval)
on conflict on constraint rate_turn_pkey do update set next_at = greatest(t.next_at, clock_timestamp()) + sqlc.arg(every)::interval
returning extract(epoch from next_at - sqlc.arg(every)::interval - clock_timestamp())::float8 as wait;
