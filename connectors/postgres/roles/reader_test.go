package roles_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// couldNamePeople is what columns are called that say who did something, or that
// hold what somebody wrote.
const couldNamePeople = `(^|_)(actor|by|user|role|roles|name|email|mail|phone|address|reason|note|notes|detail|text|value|old|new|` +
	`before|after|want|shown|error|errors|summary|content|raw|facts|extract|args|metadata|description|contacts|instructions|hours|booking)$`

// readable are the columns with such a name that readers may read, and why.
var readable = map[string]string{
	"access_token.name":  "of a machine",
	"account_change.new": "states, roles at organisations, days of leave; never what is personal",
	"account_change.old": "as new",
	"drift_check.reason": "a sentence of the program's own, which is logged too", "plan_change.reason": "one of a few words",
	"facility.name": "parking, lift", "membership.role": "account-manager or editor",
	"plan_row.reason": "one of a few words", "process.name": "of a machine", "profile.address": "of an organisation, public",
	"profile.name": "of an organisation, public", "profile.phone": "of an organisation, public", "profile.roles": "codes",
	"push.reason":         "a sentence of the program's own, which is logged too, never a body",
	"push_attempt.reason": "as push.reason", "quality_check.reason": "as push.reason", "quarantine.reason": "what was expected",
	"region_name.name": "of a board", "report_figure.name": "of a figure", "report_region.name": "of a board",
	"schedule_run.name": "of a schedule", "service.name": "of a service, public",
	"river_job.attempted_by": "processes", "river_leader.name": "default", "river_queue.name": "of a queue",
	"river_queue.metadata": "of a queue: nothing is put there",
}

// Dashboards get no names, no addresses of people, and nothing in which somebody may
// have written one.
func TestReadersAreToldOfNobody(t *testing.T) {
	t.Parallel()
	w := newGranted(t)
	reader := pgtest.Roles(t).Reader
	const columns = `select c.relname || '.' || a.attname from pg_class c
		join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		where c.relnamespace in ('profilesync'::regnamespace, 'river'::regnamespace, 'console'::regnamespace)
			and c.relkind in ('r', 'p', 'v', 'm') and has_column_privilege($1, c.oid, a.attnum, 'select') and a.attname ~ $2
			and a.atttypid in ('text'::regtype, 'text[]'::regtype, 'jsonb'::regtype, 'bytea'::regtype, 'varchar'::regtype)`
	require.ElementsMatch(t, slices.Collect(maps.Keys(readable)), pgtest.All[string](w, columns, reader, couldNamePeople))

	w.Exec(`insert into profile (code, name, type) values ('FA0000', 'First', 'pharmacy');
		insert into account (email, name) values ('ann@example.nhs.uk', 'Ann Other');
		insert into hold (code, sink, reason, actor) values ('FA0000', 'dos', 'Ann Other asked', 'Ann Other');
		update hold set until = '2030-01-01', removed_at = now(), removed_by = 'Ann Other';
		insert into service (code, source, name, hours, booking, instructions, contacts) values ('FA0000', 'editor', 'Feet',
			'when Ann Other is in', 'ring Ann Other', 'ask for Ann Other', '[{"name": "Ann Other"}]')`)
	conn := pgtest.Connect(t, pgtest.As(t, w.URL, reader))
	for _, table := range tables(w) {
		names := pgtest.All[string](w, `select quote_ident(attname) from pg_attribute where attrelid = ($1 || '.' || $2)::regclass
			and attnum > 0 and not attisdropped and has_column_privilege($3, attrelid, attnum, 'select')`, table.Schema, table.Name, reader)
		for _, name := range names {
			rows, err := conn.Query(t.Context(), "select "+name+"::text from "+table.Schema+"."+table.Name)
			require.NoError(t, err)
			values, err := pgx.CollectRows(rows, pgx.RowTo[*string])
			require.NoError(t, err)
			for _, value := range values {
				if value != nil {
					require.NotContains(t, *value, "Ann Other", "%s.%s", table.Name, name)
					require.NotContains(t, *value, "ann@example.nhs.uk", "%s.%s", table.Name, name)
				}
			}
		}
	}
}
