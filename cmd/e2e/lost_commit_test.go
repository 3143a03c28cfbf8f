package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/postgres/pgproxy"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
)

// The outcomes of a batch of pushes are committed, but the reply is lost.
// Before the daemon learns that its connection is gone, the same profiles are
// edited again and their pushes queued again. When the daemon then retries to
// record the outcomes, it must leave the new pushes alone.
func TestNoEditIsLostWithTheReplyToACommit(t *testing.T) {
	t.Parallel()
	rounds, edited, rows := 4, 120, 200
	if soaking() {
		rounds, edited, rows = 16, 300, 450
	}
	s, x := newStockedSite(t, rows)
	line := pgproxy.New(t, s.setting("DATABASE_URL"))
	d := s.with("DATABASE_URL=" + line.URL()).serve()
	s.waitUntilPushed()
	codes, editors := s.codes(), s.editors()
	require.Greater(t, len(codes), edited)
	codes = codes[:edited]
	for range rounds {
		lost := loseSettlements(s, x, line, func() { editors.edit(codes) })
		s.waitUntilPushed()
		require.Equal(t, 2, lost.Happened())
		x.requireNewest(editors)
	}
	x.requireOrderly()
	d.stop()
}

// loseSettlements edits, loses the replies to the commits that record a batch
// of outcomes, one per sink, and edits again before the daemon knows. A batch
// is large if many workers had to wait for the one before it, so that one is
// held until all workers wait.
func loseSettlements(s *site, x sinks, line *pgproxy.Proxy, edit func()) (lost *pgproxy.Fault) {
	s.t.Helper()
	const workers = 16 // per sink
	held, swallowed := newBarrier(s.t), newBarrier(s.t)
	defer held.open()
	defer swallowed.open()
	before := x.acceptedPushes()
	hold := line.HoldCommitAfter("RecordOutcomes", 2, held.pass)
	edit()
	held.await(2)
	x.until("all workers wait to settle", func() bool { return x.acceptedPushes() >= before+2*workers })
	lost = line.SwallowCommitAfter("RecordOutcomes", 2, swallowed.pass)
	held.open()
	swallowed.await(2)
	require.Equal(s.t, 2, hold.Happened())
	edit()
	s.queued()
	return lost
}

// acceptedPushes returns how many pushes both sinks have accepted so far.
func (x sinks) acceptedPushes() int {
	return x.dos.Summary().Effects[dostest.Applied] + x.website.Summary().Effects[websitetest.Stored]
}

// queued waits until every due push has a job.
func (s *site) queued() {
	s.t.Helper()
	s.dispatched()
	s.eventually(0, "select count(*) from push where due_at is not null and job_id is null")
}
