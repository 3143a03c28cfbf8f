-- Sets up a session. $1 is a JSON object from the names of settings to their values.
select set_config(s.key, s.value, false) from jsonb_each_text($1::jsonb) as s;
