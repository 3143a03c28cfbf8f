update profilesync.profile set phone = $2 where code = $1
