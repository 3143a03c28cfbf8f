package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/realdata"
)

// losing is a way to a daemon on which the answers to the first posts are lost.
func losing(t *testing.T, d daemon, answers int32) (address string, lost *atomic.Int32) {
	t.Helper()
	lost = new(atomic.Int32)
	to, err := url.Parse(d.api())
	require.NoError(t, err)
	way := httputil.NewSingleHostReverseProxy(to)
	way.ModifyResponse = func(answer *http.Response) error {
		if answer.Request.Method == http.MethodPost && lost.Add(1) <= answers {
			panic(http.ErrAbortHandler) // the daemon has answered, and nobody hears it
		}
		return nil
	}
	server := httptest.NewServer(way)
	t.Cleanup(server.Close)
	return server.URL, lost
}

// An answer that is lost is asked for again with the same key: what was asked for is done
// once, and its first answer given.
func TestALostAnswerDoesNothingTwice(t *testing.T) {
	t.Parallel()
	s := newSite(t).with("MODE=test", "NOW="+remoteNow)
	d := s.serve()
	remote := s.through(d, s.token("cli", "read,reconcile,approve"))
	address, asked := losing(t, d, 2)
	remote = remote.without("SERVER=").with("SERVER=" + address)
	file := realdata.Path(t, "cases", "names-held", "edispensary_1.csv")
	o := remote.exits(0, "reconcile", "--files", file, "--as-of", "2026-06-01", "--wait", "--format", "json")
	require.Contains(t, o.err, "does not answer (EOF): asking again for 20s")
	require.Equal(t, "1", objects[summary](t, o.out)[0].Run)
	require.EqualValues(t, 3, asked.Load(), "asked thrice")
	require.Equal(t, 1, s.count("select count(*) from run"))
	remote.exits(0, "hold", "add", "FAA00", "--field", "phone", "--reason", "disputed")
	require.Equal(t, 1, s.count("select count(*) from hold"))
}

// killedAsItAnswers starts a reconciliation through a daemon, which is killed when it has
// stored the run and before its answer is kept.
func (s *site) killedAsItAnswers(t *testing.T, address, patience string) started {
	t.Helper()
	d := s.serveAPI(address)
	remote := s.through(d, s.token("cli", "read,reconcile"))
	remote = remote.without("SERVER_PATIENCE=20s").with("SERVER_PATIENCE=" + patience)
	// Answers are kept before they are given: this one never is.
	s.write(`create function never() returns trigger language plpgsql as 'begin perform pg_sleep(60); return new; end'`)
	s.write(`create trigger never before update on idempotency_key for each row execute function never()`)
	file := realdata.Path(t, "cases", "names-held", "edispensary_1.csv")
	asking := remote.start(t.Context(), "reconcile", "--files", file, "--as-of", "2026-06-01", "--wait")
	s.eventually(1, "select count(*) from run")
	require.NoError(t, d.cmd.Process.Kill())
	d.wait(t)
	s.write("select pg_terminate_backend(pid) from pg_stat_activity where query like '%update idempotency_key%' and pid <> pg_backend_pid()")
	s.write("drop trigger never on idempotency_key")
	return asking
}

// A daemon that is killed before it answers has done what was asked for once or not at all.
// Where no other one lives, who asked is told to look.
func TestADaemonKilledBeforeItAnswersDoesNothingTwice(t *testing.T) {
	t.Parallel()
	s := newSite(t).with("MODE=test", "NOW="+remoteNow)
	address := freeAddress(t)
	o := s.killedAsItAnswers(t, address, "3s").wait(t)
	require.Equal(t, 1, o.code, o.err)
	require.Contains(t, o.err, "the daemon's answer was lost")
	require.Contains(t, o.err, "whether it was done is not known; look before you ask again")
	s.serveAPI(address)
	s.eventually(1, "select count(*) from run where state = 'done'")
	require.Equal(t, 1, s.count("select count(*) from run"))
}

// Where another daemon lives, asking again with the same key finds the run, as soon as the
// killed daemon is known to be gone.
func TestTheKeyOfAKilledDaemonIsBegunAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t).with("MODE=test", "NOW="+remoteNow)
	address := freeAddress(t)
	asking := s.killedAsItAnswers(t, address, "1m")
	s.serveAPI(address)
	o := asking.wait(t)
	require.Equal(t, 0, o.code, o.err)
	require.Contains(t, o.out, "110 created")
	require.Equal(t, 1, s.count("select count(*) from run"), "nothing is done twice")
	require.Equal(t, 1, s.count("select count(*) from idempotency_key where status is not null"))
}

// A daemon that is away for a moment is waited for.
func TestADaemonThatIsAwayIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t).with("MODE=test", "NOW="+remoteNow)
	address := freeAddress(t)
	token := s.token("cli", "read,reconcile")
	remote := s.without("DATABASE_URL").with("SERVER=http://"+address, "SERVER_TOKEN="+token)
	file := realdata.Path(t, "cases", "names-held", "edispensary_1.csv")
	asking := remote.start(t.Context(), "reconcile", "--files", file, "--as-of", "2026-06-01", "--wait")
	require.Eventually(t, func() bool { return strings.Contains(asking.log(), "connection refused") }, patience, 10*time.Millisecond)
	s.serveAPI(address)
	o := asking.wait(t)
	require.Equal(t, 0, o.code, o.err)
	require.Contains(t, o.out, "110 created")
	require.Equal(t, 1, s.count("select count(*) from run"))
}
