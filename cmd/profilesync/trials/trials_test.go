package trials_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/cmd/profilesync/trials"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// app uses a database of its own, as a daemon, and no outside system.
func app(t *testing.T, db *pgtest.Database) *wiring.App {
	t.Helper()
	a := &wiring.App{
		Settings: &settings.Settings{DatabaseURL: settings.Secret(pgtest.AsDaemon(t, db.URL)), Mail: settings.MailOff},
		Stderr:   new(bytes.Buffer), Process: postgres.NewProcess(),
	}
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	return a
}

// run makes the trials, and returns one.
func run(t *testing.T, o trials.Options, name string) trials.Trial {
	t.Helper()
	for _, made := range trials.Run(t.Context(), o) {
		if made.Name == name {
			return made
		}
	}
	require.FailNow(t, "no such trial", name)
	return trials.Trial{}
}

func TestAClockThatDiffersIsNamed(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for name, test := range map[string]struct {
		ahead  time.Duration
		result trials.Result
		detail string
	}{
		"right":       {0, trials.OK, "agree"},
		"a bit ahead": {5 * time.Second, trials.Warning, "ahead of the database"},
		"behind":      {-30 * time.Second, trials.Warning, "behind the database"},
		"far ahead":   {61*time.Second + 500*time.Millisecond, trials.Failed, "ahead of the database"},
		"yesterday":   {-24 * time.Hour, trials.Failed, "this machine is 24h0m0s behind the database"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := func() time.Time { return time.Now().Add(test.ahead) }
			made := run(t, trials.Options{App: app(t, db), Now: clock}, "clock")
			require.Equal(t, test.result, made.Result, made.Detail)
			require.Contains(t, made.Detail, test.detail)
			require.Equal(t, test.result != trials.OK, made.Todo != "")
		})
	}
}

func TestADiskThatFillsIsNamed(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for name, test := range map[string]struct {
		free   uint64
		err    error
		result trials.Result
	}{
		"room": {100 << 30, nil, trials.OK}, "little": {1 << 30, nil, trials.Warning}, "none": {1 << 20, nil, trials.Failed},
		"no answer": {0, errors.New("folder /tmp: input/output error"), trials.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := func(string) (trials.Disk, error) { return trials.Disk{Free: test.free, Size: 200 << 30}, test.err }
			require.Equal(t, test.result, run(t, trials.Options{App: app(t, db), Disk: disk}, "disk of temporary files").Result)
		})
	}
}

func TestACalendarThatEndsSoonIsNamed(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	made := run(t, trials.Options{App: app(t, db)}, "calendar")
	require.Equal(t, trials.Warning, made.Result)
	require.Contains(t, made.Detail, "never read")
	today := profile.DateIn(time.Now(), profile.London())
	for _, test := range []struct {
		until  int
		read   string
		result trials.Result
	}{{30, "now()", trials.Warning}, {400, "now()", trials.OK}, {400, "now() - interval '20 days'", trials.Warning}} {
		db.Exec("delete from holiday")
		db.Exec("insert into holiday (date, title, last_seen) values ($1, 'A day', "+test.read+")", today.AddDays(test.until).Time())
		require.Equal(t, test.result, run(t, trials.Options{App: app(t, db)}, "calendar").Result, "%+v", test)
	}
}

// A login that has the role of the daemon, and of which somebody took a right.
func TestARightThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	a := app(t, db)
	require.Equal(t, trials.OK, run(t, trials.Options{App: a}, "role").Result)
	role := pgtest.One[string](db, "select grantee::text from information_schema.role_table_grants where table_schema = 'profilesync' "+
		"and table_name = 'letter' and privilege_type = 'UPDATE' and grantee <> current_user limit 1")
	db.Exec("revoke update on letter from " + role)
	made := run(t, trials.Options{App: app(t, db)}, "role")
	require.Equal(t, trials.Failed, made.Result, made.Detail)
	require.Contains(t, made.Detail, "lacks rights: profilesync.letter (update)")
	require.Contains(t, made.Todo, "migrate --roles")
}
