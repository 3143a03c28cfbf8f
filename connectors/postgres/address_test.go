package postgres

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAnAddressThatNamesNoDatabaseIsNone sets the environment of the process, so
// nothing runs beside it.
func TestAnAddressThatNamesNoDatabaseIsNone(t *testing.T) { //nolint:paralleltest // see above
	for _, environment := range []map[string]string{
		nil, {"PGHOST": "127.0.0.1", "PGDATABASE": "other", "PGUSER": "someone", "PGPORT": "1"},
	} {
		for name, value := range environment {
			t.Setenv(name, value)
		}
		for address, want := range map[string]string{
			" ": "no host", "prod.example=1": "no host", "hostt=127.0.0.1 dbname=profilesync": "no host", "dbname=profilesync": "no host",
			"\ufeffhost=127.0.0.1 dbname=profilesync":                   "no host",
			"\ufeffpostgres://prod@127.0.0.1/profilesync":               "want a database address",
			"\ufeffpostgres://prod@127.0.0.1/profilesync?sslmode=allow": "no host",
			"postgres:///": "no host", "postgres://": "no host", "postgres:///profilesync": "no host",
			"postgres://@/profilesync": "no host", "postgres://:5432/profilesync": "no host", "postgres://127.0.0.1,/profilesync": "no host",
			"postgres://127.0.0.1:5432,:5433/profilesync": "no host", "postgres:///profilesync?host=": "no host",
			"postgres://127.0.0.1/profilesync?host=": "no host", "postgres:///profilesync?host=127.0.0.1&host=": "no host",
			"postgres://127.0.0.1": "no database", "postgres://127.0.0.1/": "no database", "postgres://127.0.0.1/?dbname=": "no database",
			"postgres://127.0.0.1/profilesync?database=": "no database", "postgres://127.0.0.1?sslmode=disable": "no database",
			"host=127.0.0.1": "no database", "host=127.0.0.1 dbname=''": "no database", "host='' dbname=profilesync": "no host",
			"host= dbname=profilesync": "no database", "host=127.0.0.1 user='a dbname=b'": "no database",
			"service=prod": "want a database address",
		} {
			err := CheckAddress(address)
			require.ErrorContains(t, err, want, address)
			_, err = poolConfig(address, time.Time{}, nil, noLimits)
			require.ErrorContains(t, err, want, address)
			require.ErrorContains(t, CheckSession(t.Context(), address), want, address)
		}
		for _, address := range []string{
			"postgres://127.0.0.1/profilesync", "postgresql://a:b%40c@localhost:5432/profilesync?sslmode=disable",
			"postgres://profilesync@/profilesync?host=%2Fsrv%2Fapp%2F.local%2Fsocket&port=5432", "postgres://%2Frun%2Fpostgresql/profilesync",
			"postgres://[::1]:5432/profilesync", "postgres://[::1]/profilesync", "postgres://127.0.0.1:1,127.0.0.1:2/profilesync",
			"postgres://127.0.0.1?dbname=profilesync", "postgres://someone@prod.example/profilesync?sslmode=verify-full",
			"host=/run/postgresql dbname=profilesync", `host = '127.0.0.1' user='it\'s' database=profilesync`,
		} {
			require.NoError(t, CheckAddress(address), address)
		}
	}
}

func TestWhatAnAddressRepeatsIsNoPassword(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"postgres://a:hunter2@[/b", "password=hunter2 x", "postgres://a:hunter2@/b", "password=hunter2"} {
		err := CheckAddress(address)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

// TestVariablesAreForgotten sets the environment of the process too.
func TestVariablesAreForgotten(t *testing.T) { //nolint:paralleltest // see above
	forgotten := []string{"PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE", "PGOPTIONS", "PGCONNECT_TIMEOUT", "PGTARGETSESSIONATTRS"}
	for _, name := range append(forgotten, "PG_BINDIR", "OTHER_PGHOST") {
		t.Setenv(name, "x")
	}
	require.NoError(t, ForgetVariables())
	for _, name := range forgotten {
		_, set := os.LookupEnv(name)
		require.False(t, set, name)
	}
	require.Equal(t, "xx", os.Getenv("PG_BINDIR")+os.Getenv("OTHER_PGHOST"))
}
