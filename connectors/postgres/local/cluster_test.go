package local

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDataStayBetweenOpens(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	c := open(t, Options{Dir: dir})
	require.Empty(t, c.Warnings())
	require.FileExists(t, c.Log())
	require.Equal(t, "UTF8", ask(t, c.URL(), "show server_encoding"))
	require.Equal(t, "on", ask(t, c.URL(), "show fsync"))
	require.Equal(t, "Ŵ", ask(t, c.URL(), "select substr($1, 2, 1)", "–Ŵ"))
	keepRow(t, c.URL(), "Tŷ’r Cwrt")
	require.NoError(t, c.Close())
	waitStopped(t, dir)
	_, err := tryAsk(within(t), c.URL(), "select ''")
	require.Error(t, err, "the server must stop with its last user")

	began := time.Now()
	again := open(t, Options{Dir: dir})
	t.Logf("warm start: %v", time.Since(began))
	require.Equal(t, c.URL(), again.URL())
	require.Equal(t, "Tŷ’r Cwrt", ask(t, again.URL(), keptRows))
}

func TestManyProgramsAtOnceShareOneCluster(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	var programs []*program
	for range 4 {
		programs = append(programs, runProgram(t, dir))
	}
	mine := open(t, Options{Dir: dir})
	for _, p := range programs {
		require.Equal(t, mine.URL(), <-p.output)
	}
	before := postmaster(t, dir)
	require.NoError(t, mine.Close())
	for _, p := range programs[1:] {
		require.NoError(t, p.input.Close())
		require.NoError(t, p.cmd.Wait())
	}
	// One is left: nothing stops, whoever started it.
	again := open(t, Options{Dir: dir})
	require.Equal(t, before, postmaster(t, dir))
	require.Equal(t, "1", ask(t, again.URL(), "select '1'"))
}

// TestNobodyGetsADyingServer opens and closes so that opens happen in every
// phase of stopping and starting; each must get a server that answers at once.
func TestNobodyGetsADyingServer(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	var wg sync.WaitGroup
	errs := make(chan error, 3)
	for n := range 3 {
		wg.Go(func() {
			for round := range 6 {
				if err := openAskClose(dir, time.Duration(n*round)*29*time.Millisecond); err != nil {
					errs <- fmt.Errorf("opener %d, round %d: %w", n, round, err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	log, err := os.ReadFile(filepath.Join(dir, logFile))
	require.NoError(t, err)
	require.Greater(t, strings.Count(string(log), "starting PostgreSQL"), 2, "the test must have met stops and starts")
}

// openAskClose waits for away first; meanwhile the others may have let the
// cluster stop.
func openAskClose(dir string, away time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := Open(ctx, Options{Dir: dir})
	if err != nil {
		return err
	}
	if _, err := tryAsk(ctx, c.URL(), "select ''"); err != nil {
		return err
	}
	if err := c.Close(); err != nil {
		return err
	}
	<-time.After(100*time.Millisecond + away)
	return nil
}

func TestLongPathHasItsSocketElsewhere(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newFolder(t), strings.Repeat("long", 40))
	t.Cleanup(func() { waitStopped(t, dir) })
	c := open(t, Options{Dir: dir})
	require.Equal(t, "1", ask(t, c.URL(), "select '1'"))
	require.NotContains(t, c.URL(), "longlong")
	t.Cleanup(func() { _ = os.RemoveAll(shortFolder(dir)) })
}

func TestOddEnvironment(t *testing.T) {
	t.Parallel()
	p := runProgram(t, newFolder(t), "PGPORT=", "PGHOST=elsewhere.invalid", "PGDATA=/nowhere", "PGSSLMODE=verify-full",
		"PGTARGETSESSIONATTRS=standby", "PGUSER=nobody-we-know", "PGDATABASE=x", "LC_ALL=xx_XX", "LANG=yy_YY", "LANGUAGE=zz")
	url := <-p.output
	require.Equal(t, "UTF8", ask(t, url, "show server_encoding"))
	require.Equal(t, "C", ask(t, url, "select datcollate from pg_database where datname = current_database()"))
}

func TestSocketIsPrivate(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	c := open(t, Options{Dir: dir})
	require.Empty(t, ask(t, c.URL(), "show listen_addresses"))
	for _, name := range []string{"socket", "data"} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o700), info.Mode().Perm(), name)
	}
}

func TestThrowAwayBeginsEmptyAndLeavesRealDataAlone(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	c := open(t, Options{Dir: dir})
	keepRow(t, c.URL(), "real")
	require.NoError(t, c.Close())
	waitStopped(t, dir)
	for range 2 {
		c = open(t, Options{Dir: dir, ThrowAway: true})
		require.Equal(t, "off", ask(t, c.URL(), "show fsync"))
		require.Equal(t, "0", ask(t, c.URL(), "select count(*)::text from pg_tables where tablename = 'kept'"))
		keepRow(t, c.URL(), "thrown away")
		require.NoError(t, c.Close())
		waitStopped(t, dir)
		require.NoDirExists(t, filepath.Join(dir, "throw-away"))
	}
	require.Equal(t, "real", ask(t, open(t, Options{Dir: dir}).URL(), keptRows))
}

func TestLingerAndSignals(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	c := open(t, Options{Dir: dir, Linger: time.Hour})
	before := postmaster(t, dir)
	require.NoError(t, c.Close())
	c = open(t, Options{Dir: dir, Linger: time.Hour})
	require.Equal(t, before, postmaster(t, dir))
	// In use it ignores requests to end, but remembers them.
	kill(t, parent(t, before), syscall.SIGTERM)
	require.Equal(t, "1", ask(t, c.URL(), "select '1'"))
	require.Equal(t, before, postmaster(t, dir))
	require.NoError(t, c.Close())
	waitStopped(t, dir)
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	foreign := newFolder(t)
	require.NoError(t, os.MkdirAll(filepath.Join(foreign, "data", "photos"), 0o755))
	broken := newFolder(t)
	require.NoError(t, os.MkdirAll(filepath.Join(broken, "data"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(broken, "data", "PG_VERSION"), []byte("7\n"), 0o644))
	for name, c := range map[string]struct{ dir, env, want string }{
		"PG_BINDIR is wrong":     {newFolder(t), "PG_BINDIR=/nowhere", "PG_BINDIR is /nowhere, but postgres and initdb are not there"},
		"a folder is in the way": {foreign, "", "is no Postgres data folder: move it away"},
		"old data":               {broken, "", "are of Postgres 7, and only Postgres"},
		"no hook in main":        {newFolder(t), "LOCAL_TEST_NO_HOOK=1", "main does not begin with local.SuperviseIfAsked"},
		"no folder can be made":  {"/dev/null/x", "", "opening the private database: stat /dev/null"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, <-runProgram(t, c.dir, c.env).output, c.want)
		})
	}
	_, err := Open(within(t), Options{})
	require.ErrorContains(t, err, "no folder given")
}

func TestOpenEndsWithItsContext(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	stopping, err := tryLock(dir, usersLock, syscall.LOCK_EX)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = Open(ctx, Options{Dir: dir})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, stopping.Close())
}

// TestAsAnotherUser repeats the tests that start and stop things, without
// root's rights.
func TestAsAnotherUser(t *testing.T) {
	t.Parallel()
	needRoot(t)
	as := nobody(t)
	base, err := os.MkdirTemp("", "local-test-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(base)) })
	require.NoError(t, os.Chmod(base, 0o777|os.ModeSticky))
	exe := filepath.Join(base, "local.test")
	raw, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(exe, raw, 0o755))
	const some = "^(TestDataStay|TestKilled|TestComesBack|TestOpenAfter|TestStalePid|TestLongPath|TestAFolderOfSomebodyElse)"
	cmd := exec.Command(exe, "-test.timeout=5m", "-test.run="+some)
	cmd.Dir = base
	cmd.Env = append(os.Environ(), "TMPDIR="+base, "HOME="+base)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as.credential()}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}
