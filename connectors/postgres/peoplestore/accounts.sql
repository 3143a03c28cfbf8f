-- name: SetReason :exec
select set_config('profilesync.actor', @actor::text, true), set_config('profilesync.reason', @reason::text, true);
