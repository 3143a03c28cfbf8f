-- Days that the official list names no more.
select 'holiday-vanished' as kind, date::text as subject, '' as about, '' as code, '' as board, vanished_at as since,
    jsonb_build_object('title', title, 'day', to_char(date, 'FMDD FMMonth YYYY')) as facts
from holiday
where vanished_at is not null and date >= @today::date
