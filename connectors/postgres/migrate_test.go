package postgres_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func TestMigrateOnceAndAgain(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	store := pgtest.OpenURL(t, url)
	require.ErrorIs(t, store.Ready(t.Context()), postgres.ErrNotMigrated)
	_, err := store.Profile(t.Context(), "FA0000")
	require.ErrorIs(t, err, postgres.ErrNotMigrated)

	steps, err := postgres.Migrate(t.Context(), url, postgres.ForProduction)
	require.NoError(t, err)
	ours, rivers := 0, 0
	for _, step := range steps {
		if strings.HasPrefix(step.Name, "river: ") {
			rivers++
		} else {
			ours++
		}
	}
	files, err := os.ReadDir("migrations")
	require.NoError(t, err)
	require.Equal(t, len(files), ours)
	require.Positive(t, rivers)
	require.NoError(t, store.Ready(t.Context()))

	steps, err = postgres.Migrate(t.Context(), url, postgres.ForProduction)
	require.NoError(t, err)
	require.Empty(t, steps)
	db := &pgtest.Database{TB: t, SQL: pgtest.Connect(t, url)}
	newest := files[len(files)-1].Name()
	require.Equal(t, newest[:5], pgtest.One[string](db, "select to_char(max(version_id), 'FM00000') from schema_version"))
	require.Equal(t, rivers, pgtest.One[int](db, "select max(version) from river.river_migration"))
}

func TestReadyWithAnOlderAndANewerSchema(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec("insert into schema_version (version_id, is_applied) values (9999, true)")
	require.NoError(t, w.DB.Ready(t.Context()), "a newer version is being rolled out")
	w.Exec("delete from schema_version where version_id >= (select max(version_id) from schema_version where version_id < 9999)")
	require.ErrorIs(t, w.DB.Ready(t.Context()), postgres.ErrNotMigrated)
}

func TestMigrateTwiceAtOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	results := make(chan error)
	for range 3 {
		go func() {
			_, err := postgres.Migrate(t.Context(), url, postgres.ForProduction)
			results <- err
		}()
	}
	for range 3 {
		require.NoError(t, <-results)
	}
	require.NoError(t, pgtest.OpenURL(t, url).Ready(t.Context()))
}

func TestMigrateRefusesABadAddress(t *testing.T) {
	t.Parallel()
	_, err := postgres.Migrate(t.Context(), "postgres://%zz", postgres.ForProduction)
	require.ErrorContains(t, err, "database address")
}

// ours are the tables of the schema, goose's own aside.
const ours = "n.nspname = 'profilesync' and c.relkind = 'r' and c.relname <> 'schema_version'"

func TestEverythingHasAComment(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	require.Empty(t, pgtest.All[string](w, `select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where `+ours+` and obj_description(c.oid, 'pg_class') is null`), "tables")
	require.Empty(t, pgtest.All[string](w, `select c.relname || '.' || a.attname
		from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
		where `+ours+` and a.attnum > 0 and not a.attisdropped and col_description(c.oid, a.attnum) is null`), "columns")
	require.Empty(t, pgtest.All[string](w, `select p.proname::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
		where n.nspname = 'profilesync' and obj_description(p.oid, 'pg_proc') is null`), "functions")
	require.Greater(t, pgtest.One[int](w,
		"select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where "+ours), 10)
}

// stated finds the constraint names in the migrations.
var stated = regexp.MustCompile(`constraint (\w+) `)

func TestEveryConstraintIsNamed(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	named := map[string]bool{}
	files, err := os.ReadDir("migrations")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile("migrations/" + file.Name())
		require.NoError(t, err)
		for _, match := range stated.FindAllStringSubmatch(string(text), -1) {
			named[match[1]] = true
		}
	}
	constraints := pgtest.All[string](w, `select x.conname::text from pg_constraint x join pg_class c on c.oid = x.conrelid
		join pg_namespace n on n.oid = c.relnamespace where x.contype <> 'n' and `+ours)
	require.NotEmpty(t, constraints)
	for _, name := range constraints {
		require.True(t, named[name], name)
	}
}

func TestOwnershipIsTheCoresTable(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	want := []string{}
	for _, field := range profile.Fields() {
		want = append(want, field.String()+" "+string(field.Owner()))
	}
	require.ElementsMatch(t, want, pgtest.All[string](w, "select field || ' ' || owner from field_owner"))
}

// inTablesOfTheirOwn are the fields that are not columns of the profile table.
var inTablesOfTheirOwn = []profile.Field{
	profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes, profile.FieldFacilities, profile.FieldServices,
	profile.FieldERSServices, profile.FieldChecks, profile.FieldServiceTexts,
}

func TestEveryFieldIsAColumnAndAudited(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	w.Exec("set profilesync.reason = 'the desk says so'")
	columns := pgtest.All[string](w, `select column_name::text from information_schema.columns
		where table_schema = 'profilesync' and table_name = 'profile'`)
	want := []string{"code", "version", "created_at", "updated_at"}
	values := map[string]string{
		"address": "'{X}'", "roles": "'{RO1}'", "type": "'gp-branch'", "kind": "'hospital'", "status": "'dormant'",
		"hidden": "true", "website": "'https://x.uk'", "phone": "'111'", "email": "'a@x.uk'",
	}
	for _, field := range profile.Fields() {
		if slices.Contains(inTablesOfTheirOwn, field) {
			continue
		}
		want = append(want, field.String())
		value := values[field.String()]
		if value == "" {
			value = "'X'"
		}
		w.Exec("update profile set " + field.String() + " = " + value)
		require.Equal(t, field.String(), pgtest.One[string](w, "select field from change order by id desc limit 1"))
	}
	require.ElementsMatch(t, want, columns)
}
