package e2e

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
)

// share is the share of requests that are hit by a fault.
const share = 0.2

// fault is one fault in both simulators.
type fault struct {
	name         string
	dos, website dostest.Fault
	hits         int // in rotate: after how many hits in DoS the next fault follows
}

// faults returns every fault that can hit a push. A refused key pauses the sink
// and empties its queue each time, so rotate lets it hit only once.
func faults() []fault {
	named := func(name dostest.FaultName, retryAfter int) fault {
		f := dostest.Fault{Names: []dostest.FaultName{name}, RetryAfter: retryAfter}
		return fault{string(name), f, f, 250}
	}
	html, unauthorized := named("html", 0), named("unauthorized", 0)
	html.dos.Names, unauthorized.hits = []dostest.FaultName{"wrong-type"}, 1
	all := []fault{
		named("throttled", 1), named("error-425", 0), named("error-408", 0), named("error-500", 0), named("error-503", 1),
		{"slow", dostest.Fault{AnswerLatencyMS: 100}, websitetest.Fault{LatencyMS: 100}, 250},
		named("dropped-before", 0), named("dropped-after", 0), named("truncated", 0), html, unauthorized,
	}
	for i := range all {
		all[i].dos.Share, all[i].dos.Seed = share, uint64(i)
		all[i].website.Share, all[i].website.Seed = share, uint64(i)
	}
	return all
}

// spoil sets the fault of both sinks, replacing the one before.
func (x sinks) spoil(f fault) {
	x.t.Helper()
	require.NoError(x.t, x.website.Stand(f.website))
	require.NoError(x.t, x.dos.Stand(f.dos))
}

// hitDoS and hitWebsite return how many requests were hit by a fault so far.
func (x sinks) hitDoS() (hits int) {
	for _, n := range x.dos.Summary().Faults {
		hits += n
	}
	return hits
}

func (x sinks) hitWebsite() (hits int) {
	for _, e := range x.website.Ledger() {
		if e.Fault != "" {
			hits++
		}
	}
	return hits
}

// endState is what both sinks show in the end, without sequence numbers and
// entity tags, which differ from load to load.
type endState struct {
	dos     []dostest.Service
	website map[string]string
}

func (x sinks) endState(codes []string) endState {
	x.t.Helper()
	x.awaitDoS()
	end := endState{dos: x.dos.Services(""), website: map[string]string{}}
	for _, state := range x.website.States(codes...) {
		end.website[state.Code] = string(state.Document)
	}
	return end
}

// A fifth of all requests is hit by the fault, from the first push to the last.
// The loads run in parallel: they mostly wait.
func TestFaultsOneByOneLeaveTheSameState(t *testing.T) {
	t.Parallel()
	const rows = 250
	s, x := newStockedSite(t, rows)
	s.serve()
	s.waitUntilPushed()
	codes := s.codes()
	x.requireOnce(len(codes))
	want := x.endState(codes)

	type load struct {
		fault
		s *site
		x sinks
	}
	var loads []load
	for _, f := range faults() {
		s, x := newStockedSite(t, rows)
		x.spoil(f)
		s.serve()
		loads = append(loads, load{f, s, x})
	}
	for _, l := range loads {
		l.s.arrived(len(codes))
		dos, website := l.x.hitDoS(), l.x.hitWebsite()
		t.Logf("%s: %d requests to DoS were hit, %d to the website", l.name, dos, website)
		require.Greater(t, dos, len(codes)/10, l.name)
		require.Greater(t, website, len(codes)/10, l.name)
		l.x.requireOnce(len(codes))
		require.Equal(t, want, l.x.endState(codes), l.name)
		requireNoFailedJobs(t, l.s)
	}
}

// arrived waits until the given number of profiles were accepted by both sinks
// and no push is unsettled. A push that was hit repeatedly waits long for its
// next attempt.
func (s *site) arrived(codes int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		return s.count("select count(*) from push where state = 'accepted'") == 2*codes
	}, 3*patience, 50*time.Millisecond, "all accepted")
	s.waitUntilPushed()
}

// TestTheFirstLoadThroughEveryFault is the first load of all pharmacies while
// one fault after the other is active, in turn.
func TestTheFirstLoadThroughEveryFault(t *testing.T) {
	t.Parallel()
	file := pharmacies(t)
	s, x := newSite(t).withSinks()
	s.reconcile(0, file, pharmaciesDay)
	codes := s.codes()
	x.dos.Seed(codes...)
	all := faults()
	if !soaking() {
		for i := range all {
			all[i].hits = min(all[i].hits, len(codes)/45) // for each to have its turn
		}
	}
	stop := x.rotate(all)
	defer stop()
	s.serve()
	s.arrived(len(codes))
	rounds := stop()
	t.Logf("%d faults, %d attempts; DoS: %v", rounds, s.count("select count(*) from push_attempt"), x.dos.Summary().Faults)
	require.GreaterOrEqual(t, rounds, len(all), "every fault was active")
	x.requireOnce(len(codes))
	x.dos.Heal()
	x.website.Heal()
	for _, sink := range []string{"dos", "website"} {
		result, rows := s.drift(0, sink)
		require.Equal(t, len(codes), result.Checked)
		require.Empty(t, rows, "same end state")
	}
}

// rotate activates one fault after the other, each until it has hit enough
// requests to DoS. It returns a function that stops this and returns how many
// there were.
func (x sinks) rotate(all []fault) (stop func() int) {
	x.spoil(all[0])
	done, rounds := make(chan struct{}), 1
	var group sync.WaitGroup
	group.Go(func() {
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		for before := 0; ; {
			select {
			case <-done:
				return
			case <-ticker.C:
			}
			if hits := x.hitDoS(); hits-before >= all[(rounds-1)%len(all)].hits {
				before = hits
				x.spoil(all[rounds%len(all)])
				rounds++
			}
		}
	})
	return sync.OnceValue(func() int {
		close(done)
		group.Wait()
		return rounds
	})
}
