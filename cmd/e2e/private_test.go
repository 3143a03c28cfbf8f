package e2e

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/local"
)

// privateSite returns a site without settings or a database: the program starts
// its own, under .local in a folder that every user can enter.
func privateSite(t *testing.T) *site {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Postgres, which -short does without")
	}
	dir, err := os.MkdirTemp("", "profilesync-e2e-") //nolint:usetesting // as root, Postgres runs as another user, who cannot enter t.TempDir
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	s := &site{t: t, dir: dir}
	t.Cleanup(func() {
		s.stopped()
		require.NoError(t, os.RemoveAll(dir))
	})
	return s
}

// stopped waits until the private cluster has stopped.
func (s *site) stopped() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(s.t, local.Wait(ctx, filepath.Join(s.dir, ".local", "postgres")))
}

func TestWithNothingSetUpTheFirstCommandWorks(t *testing.T) {
	t.Parallel()
	file := realData(t, trustsBefore)
	s := privateSite(t)
	first := s.exits(0, "reconcile", "--private", "--files", file, "--as-of", "2025-12-29", "--wait", "--format", "json")
	require.Equal(t, 205, objects[summary](t, first.out)[0].Changes.Create)
	s.stopped() // it stops with the last program that uses it
	runs := s.listRuns()
	require.Len(t, runs, 1, "data stays between commands")
	require.Equal(t, 205, runs[0].Population)
	require.Zero(t, s.reconcile(0, file, "2025-12-30").Changes)
}

func TestTwoProgramsAtOnceShareThePrivateDatabase(t *testing.T) {
	t.Parallel()
	files := []string{realData(t, trustsBefore), realData(t, practices2024), realData(t, practices2024)}
	s := privateSite(t)
	var commands [][]string
	for _, file := range files {
		commands = append(commands, []string{"reconcile", "--files", file, "--as-of", "2025-12-29", "--wait", "--format", "json", "--private"})
	}
	created := 0
	for _, o := range s.together(commands...) {
		require.Zero(t, o.code, o.err)
		created += objects[summary](t, o.out)[0].Changes.Create
	}
	require.Equal(t, 205+6698, created, "two runs of one source never overlap: each profile is created once")
	require.Len(t, s.listRuns(), len(files))
}

func TestLocalDirMovesThePrivateDatabase(t *testing.T) {
	t.Parallel()
	s := privateSite(t)
	other := s.with("LOCAL_DIR=" + filepath.Join(s.dir, ".local"))
	other.dir = t.TempDir()
	require.Empty(t, other.listRuns("--private"))
	require.Empty(t, entries(t, other.dir))
	require.NotEmpty(t, entries(t, filepath.Join(s.dir, ".local")))
}

// TestAPrivateDatabaseIsNotStartedUnasked: a command meant for the real database
// must not succeed on an empty one.
func TestAPrivateDatabaseIsNotStartedUnasked(t *testing.T) {
	t.Parallel()
	s := privateSite(t)
	const refusal = "setting PROFILESYNC_DATABASE_URL (or _FILE) is missing: name a database; " +
		"or start a private one under .local with --private"
	for _, args := range [][]string{{"migrate"}, {"serve"}, {"runs", "list"}, {"mail", "stop", "--reason", "x"}, {"report", "make"}} {
		o := s.exits(2, args...)
		require.Contains(t, o.err, refusal, args)
		require.Empty(t, o.out)
		require.Empty(t, entries(t, s.dir), "nothing was started")
	}
	s.exits(0, "migrate", "--private")
	require.Contains(t, s.exits(0, "runs", "list").err, "using the private database under .local")
	require.Contains(t, s.exits(2, "serve").err, refusal, "the daemon needs to be told each time")
	s.with("MODE=demo").exits(0, "migrate")
}
