package simulate_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

func TestNames(t *testing.T) {
	t.Parallel()
	require.Equal(t, simulate.Name("error-503"), simulate.Error(503))
	require.Equal(t, simulate.Name("error-503-after"), simulate.ErrorAfter(503))
	require.Equal(t, simulate.Unauthorized, simulate.Error(401))
	require.Equal(t, simulate.Throttled, simulate.Error(429))
	for name, status := range map[simulate.Name]int{
		simulate.Error(503): 503, simulate.ErrorAfter(503): 503, simulate.Unauthorized: 401, simulate.Throttled: 429,
		simulate.ErrorAfter(429): 429, simulate.Down: 0, simulate.HungAfter: 0, "error-": 0, "error-5xx": 0,
	} {
		require.Equal(t, status, name.Status(), name)
	}
}

// TestWhichRequestsMeetFaults: by kind, client, id, order and a test's own function.
func TestWhichRequestsMeetFaults(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault simulate.Fault
		want  [4]int // of A, of B by the client c, of A, of A
	}{
		"once":         {simulate.Fault{}, [4]int{500, 201, 201, 201}},
		"twice":        {simulate.Fault{Times: 2}, [4]int{500, 500, 201, 201}},
		"from now on":  {simulate.Fault{Times: -1}, [4]int{500, 500, 500, 500}},
		"later":        {simulate.Fault{Skip: 2, Times: -1}, [4]int{201, 201, 500, 500}},
		"a kind":       {simulate.Fault{Kinds: []simulate.Kind{"letter"}, Times: 3}, [4]int{500, 500, 500, 201}},
		"another kind": {simulate.Fault{Kinds: []simulate.Kind{"parcel"}, Times: -1}, [4]int{201, 201, 201, 201}},
		"a client":     {simulate.Fault{Clients: []string{"c"}, Times: -1}, [4]int{201, 500, 201, 201}},
		"an id":        {simulate.Fault{IDs: []string{"A"}, Times: 2}, [4]int{500, 201, 500, 201}},
		"matched": {
			simulate.Fault{Match: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/B") }},
			[4]int{201, 500, 201, 201},
		},
	} {
		p := startPost(t, simulate.Options{})
		row.fault.Names = []simulate.Name{simulate.Error(500)}
		p.Fault(row.fault)
		got := [4]int{p.send("A").status, p.send("B", "Client", "c").status, p.send("A").status, p.send("A").status}
		require.Equal(t, row.want, got, name)
	}
}

// TestApart: such a kind meets only faults that name it.
func TestApart(t *testing.T) {
	t.Parallel()
	faults := simulate.NewFaults(nil)
	token := simulate.Request{Kind: "token", Apart: true}
	faults.Fault(simulate.Fault{Names: []simulate.Name{simulate.Down}, Times: -1})
	require.Empty(t, faults.Meet(token).Name)
	faults.Fault(simulate.Fault{Names: []simulate.Name{simulate.Down}, Kinds: []simulate.Kind{"token"}})
	require.Equal(t, simulate.Down, faults.Meet(token).Name)
}

// TestTheQueueComesBeforeTheStandingFault, and Heal forgets both.
func TestTheQueueComesBeforeTheStandingFault(t *testing.T) {
	t.Parallel()
	healed := 0
	p := startPost(t, simulate.Options{Heal: func() { healed++ }})
	require.NoError(t, p.Stand(simulate.Of(simulate.Error(500))))
	require.NoError(t, p.Stand(simulate.Of(simulate.Error(503))), "it replaces the one before")
	p.Fault(simulate.Fault{Names: []simulate.Name{simulate.Error(404)}, Skip: 1}, simulate.Of(simulate.Error(410)))
	var got []int
	for range 4 {
		got = append(got, p.send("A").status)
	}
	require.Equal(t, []int{410, 404, 503, 503}, got)
	p.Fault(simulate.Of(simulate.Error(404)))
	p.Heal()
	require.Equal(t, http.StatusCreated, p.send("A").status)
	require.Equal(t, 1, healed)
	require.Equal(t, simulate.Fault{}, p.Standing())
}

// TestTheShareIsDrawnFromTheSeed: the same requests every time, each with one of
// the names. A fault that is Always ignores the share.
func TestTheShareIsDrawnFromTheSeed(t *testing.T) {
	t.Parallel()
	draw := func(seed uint64, names ...simulate.Name) (all []simulate.Name) {
		faults := simulate.NewFaults(map[simulate.Name]simulate.Own{closed: {Always: true}})
		require.NoError(t, faults.Stand(simulate.Fault{Names: names, Share: 0.2, Seed: seed}))
		for range 1000 {
			all = append(all, faults.Meet(simulate.Request{}).Name)
		}
		return all
	}
	count := func(all []simulate.Name) map[simulate.Name]int {
		counts := map[simulate.Name]int{}
		for _, name := range all {
			counts[name]++
		}
		return counts
	}
	one := draw(1, simulate.HTML, simulate.Truncated)
	require.Equal(t, one, draw(1, simulate.HTML, simulate.Truncated))
	require.NotEqual(t, one, draw(2, simulate.HTML, simulate.Truncated))
	require.InDelta(t, 800, count(one)[""], 50)
	require.InDelta(t, 100, count(one)[simulate.HTML], 40)
	require.InDelta(t, 100, count(one)[simulate.Truncated], 40)
	for _, always := range []simulate.Name{simulate.Down, closed} {
		require.Equal(t, map[simulate.Name]int{always: 1000}, count(draw(1, simulate.HTML, always)))
	}
}

func TestFaultsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	down := []simulate.Name{simulate.Down}
	for want, f := range map[string]simulate.Fault{
		`fault "upside-down"`:       {Names: []simulate.Name{"upside-down"}},
		`fault "error-200"`:         {Names: []simulate.Name{"error-200"}},
		`fault "error-600"`:         {Names: []simulate.Name{"error-600"}},
		`fault "error-429"`:         {Names: []simulate.Name{"error-429"}}, // it has a name
		`fault "error-0503"`:        {Names: []simulate.Name{"error-0503"}},
		`fault "slow"`:              {Names: []simulate.Name{simulate.Slow}},
		"share 2":                   {Names: down, Share: 2},
		"want none below 0":         {Names: down, RetryAfter: -1},
		"a fault that does nothing": {Share: 0.5},
	} {
		faults := simulate.NewFaults(nil)
		require.ErrorContains(t, faults.Stand(f), want)
		require.Panics(t, func() { faults.Fault(f) }, want)
		require.Equal(t, simulate.Fault{}, faults.Standing())
	}
	require.ErrorContains(t, simulate.NewFaults(map[simulate.Name]simulate.Own{moved: {}}).Stand(simulate.Of("x")),
		string(moved), "the error lists the names")
	for status := 400; status < 600; status++ {
		name := simulate.Error(status)
		require.NoError(t, simulate.NewFaults(nil).Stand(simulate.Of(name, simulate.ErrorAfter(status))), strconv.Itoa(status))
	}
}
