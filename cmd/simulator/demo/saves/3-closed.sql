insert into profilesync.dated_opening_period (code, date) values ($1, $2::text::date)
