package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/postgres/pgproxy"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
)

// TestNoEditIsLostWithTheAnswerToACommit: a batch of pushes is settled, the
// answer to its commit is lost, and before the daemon learns that its connection
// is gone, the same profiles are edited again and their pushes queued again. The
// settlement that is then tried anew must leave these alone.
func TestNoEditIsLostWithTheAnswerToACommit(t *testing.T) {
	t.Parallel()
	const rounds, edited = 16, 300
	s, x := stocked(t, 450)
	line := pgproxy.New(t, s.url)
	d := s.with("DATABASE_URL=" + line.URL()).serve()
	s.atRest()
	codes, editors := s.codes(), s.editors()
	require.Greater(t, len(codes), edited)
	codes = codes[:edited]
	for range rounds {
		lost := loseSettlements(s, x, line, func() { editors.edit(codes) })
		s.atRest()
		require.Equal(t, 2, lost.Happened())
		x.requireNewest(editors)
	}
	x.requireOrderly()
	d.stop()
}

// loseSettlements edits, and loses the answers to the settlements of many pushes,
// one of each sink, so as to edit again before the daemon knows. A settlement is
// of many when others had to wait for the one before: that is held until all
// workers wait.
func loseSettlements(s *site, x sinks, line *pgproxy.Proxy, edit func()) (lost *pgproxy.Fault) {
	s.t.Helper()
	const workers = 16 // of a sink
	held, swallowed := newBarrier(s.t), newBarrier(s.t)
	defer held.open()
	defer swallowed.open()
	before := x.took()
	hold := line.HoldCommitAfter("RecordOutcomes", 2, held.pass)
	edit()
	held.await(2)
	x.until("all workers wait to settle", func() bool { return x.took() >= before+2*workers })
	lost = line.SwallowCommitAfter("RecordOutcomes", 2, swallowed.pass)
	held.open()
	swallowed.await(2)
	require.Equal(s.t, 2, hold.Happened())
	edit()
	s.queued()
	return lost
}

// took is how many pushes both sinks took so far.
func (x sinks) took() int {
	return x.dos.Summary().Effects[dostest.Applied] + x.website.Summary().Effects[websitetest.Stored]
}

// queued waits until every change has become a job, but for those of pushes that
// have one already.
func (s *site) queued() {
	s.t.Helper()
	s.dispatched()
	s.eventually(0, "select count(*) from push where due_at is not null and job_id is null")
}
