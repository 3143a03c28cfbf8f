package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// kills is how often the first load is killed, each time on a fresh database.
const kills = 20

// killSeed is the seed for the moments of the kills; PROFILESYNC_KILL_SEED sets
// another one.
func killSeed(t *testing.T) uint64 {
	t.Helper()
	return seedOf(t, "PROFILESYNC_KILL_SEED")
}

// seedOf returns the seed in an environment variable, or 1.
func seedOf(t *testing.T, variable string) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return 1
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err)
	return seed
}

// tally counts the states in which kills found the run.
type tally struct {
	lock   sync.Mutex
	states map[string]int
}

func (c *tally) add(state string) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.states[state]++
}

func TestAKilledRunIsFinishedByTheNextCommand(t *testing.T) {
	t.Parallel()
	file := pharmacies(t)
	undisturbed := newSite(t)
	began := time.Now()
	want := undisturbed.reconcile(0, file, pharmaciesDay)
	lasts := time.Since(began)

	seed := killSeed(t)
	t.Logf("seed %d, an undisturbed run lasts %s", seed, lasts)
	random := rand.New(rand.NewPCG(seed, seed))
	found := &tally{states: map[string]int{}}
	t.Cleanup(func() {
		t.Logf("killed when the run was: %v", found.states)
		require.Zero(t, found.states["over"], "every kill must hit a run in progress")
	})
	for i := range kills {
		// One moment in each twentieth of the run, so that every stage is hit.
		moment := time.Duration((float64(i) + random.Float64()) / kills * float64(lasts))
		t.Run(fmt.Sprintf("after %s", moment.Round(time.Millisecond)), func(t *testing.T) {
			t.Parallel()
			killOnce(t, file, moment, want, found)
		})
	}
}

func killOnce(t *testing.T, file string, moment time.Duration, want summary, found *tally) {
	t.Helper()
	args := []string{"reconcile", "--source", "ods", "--files", file, "--as-of", pharmaciesDay, "--wait", "--format", "json"}
	s, state := killed(t, moment, args)
	for tries := 0; state == "over" && tries < 5; tries++ {
		moment = moment * 2 / 3 // the machine was busier when the undisturbed run was timed
		s, state = killed(t, moment, args)
	}
	found.add(state)

	began := time.Now()
	s.exits(0, args...)
	t.Logf("killed when %s, finished in %s", state, time.Since(began).Round(time.Millisecond))
	require.Equal(t, want.Changes.Create, s.count("select count(*) from profile"))
	require.Equal(t, want.Changes.Create, s.audit())
	require.Equal(
		t,
		want.Changes.Create,
		s.count("select count(distinct code) from change where field = 'profile'"),
		"exactly one creation each",
	)
	require.Zero(t, s.count("select count(*) from run where state <> 'done'"), "the interrupted run is finished too")
	require.Equal(t, want.Contradictions, s.count("select count(*) from upstream_record where contradiction"))
	require.Zero(t, s.count("select count(*) from run_record"))
	require.Zero(t, s.reconcile(0, file, pharmaciesDay).Changes, "the next run finds nothing")
}

// killed starts a command on a fresh database, kills it after the given time,
// and returns how far its run had come.
func killed(t *testing.T, moment time.Duration, args []string) (s *site, state string) {
	t.Helper()
	s = newSite(t)
	ctx, cancel := context.WithTimeout(t.Context(), moment)
	defer cancel()
	return s, s.interrupted(s.start(ctx, args...).wait(t))
}

// Postgres may still hold the lock of a program that was killed a moment ago.
// That must not hide its run.
func TestAnInterruptedRunIsFinishedThoughItsSessionLingers(t *testing.T) {
	t.Parallel()
	s, args, release := lockedSite(t)
	doomed := s.startBehindLock(1, args)
	require.NoError(t, doomed.cmd.Process.Kill())
	require.True(t, doomed.wait(t).killed)
	_, err := s.connect().Exec(t.Context(), "update run set state = 'running'") // as it is once work has begun
	require.NoError(t, err)

	next := s.startBehindLock(2, args)
	release()
	o := next.wait(t)
	require.Zero(t, o.code, o.err)
	require.Zero(t, s.count("select count(*) from run where state <> 'done'"), "both runs have ended")
	require.Equal(t, 205, s.audit())
	require.Zero(t, objects[summary](t, o.out)[0].Changes, "the interrupted run did the work")
}

func TestAnInterruptedRunSaysSoAndIsFinishedLater(t *testing.T) {
	t.Parallel()
	s, args, release := lockedSite(t)
	asked := s.startBehindLock(1, args)
	require.NoError(t, asked.cmd.Process.Signal(os.Interrupt))
	o := asked.wait(t)
	require.Equal(t, 1, o.code, o.err)
	require.Contains(t, o.err, "interrupted")
	require.Empty(t, o.out)
	release()
	s.exits(0, args...)
	require.Zero(t, s.count("select count(*) from run where state <> 'done'"), "both runs have ended")
	require.Equal(t, 205, s.audit())
}

// lockedSite returns a site whose register is locked by another program until
// release, and the arguments of a reconciliation, which has to wait for it.
func lockedSite(t *testing.T) (s *site, args []string, release func()) {
	t.Helper()
	file := realData(t, trustsBefore)
	s = newSite(t)
	other := s.connect()
	_, err := other.Exec(t.Context(), lockOfODS)
	require.NoError(t, err)
	args = []string{"reconcile", "--files", file, "--as-of", "2025-12-29", "--wait", "--format", "json"}
	return s, args, func() { require.NoError(t, other.Close(t.Context())) }
}

// startBehindLock starts a command and waits until the given number of sessions
// wait for the lock.
func (s *site) startBehindLock(waiting int, args []string) (c started) {
	s.t.Helper()
	c = s.start(s.t.Context(), args...)
	const query = "select count(*) from pg_stat_activity where wait_event = 'advisory' and datname = current_database()"
	require.Eventually(s.t, func() bool { return s.count(query) >= waiting }, patience, 20*time.Millisecond, "it waits for the lock")
	return c
}

const lockOfODS = "select pg_advisory_lock(hashtextextended('profilesync.run.ods', 0))"

// interrupted returns how far the run had come when its process died.
func (s *site) interrupted(killed outcome) string {
	s.t.Helper()
	if !killed.killed {
		require.Zero(s.t, killed.code, killed.err)
		return "over"
	}
	state := one[string](s, "select coalesce(max(state), 'not yet stored') from run")
	planned := one[bool](s, "select coalesce(bool_or(planned), false) from run")
	switch {
	case state == "done":
		return "over"
	case planned && s.audit() > 0:
		return "partly applied"
	case planned:
		return "planned"
	default:
		return state
	}
}
