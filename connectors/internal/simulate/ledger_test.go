package simulate_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

func codes(entries []entry) (all []string) {
	for _, e := range entries {
		all = append(all, e.Code)
	}
	return all
}

func epoch() time.Time { return time.Unix(0, 0) }

// TestTheLedgerForgetsTheOldAndCountsAll: it also still finds the rest by code.
func TestTheLedgerForgetsTheOldAndCountsAll(t *testing.T) {
	t.Parallel()
	l := simulate.NewLedger[entry](4)
	for i := range 7 {
		e := entry{Entry: simulate.Entry{Kind: "letter", Code: strconv.Itoa(i % 3), Status: 200 + i%2, Outcome: "taken"}}
		if i == 0 {
			e.Fault = simulate.HTML
		}
		l.Stamp(&e.Entry, epoch)
		l.Request(e)
	}
	require.Equal(t, []string{"1", "2", "0"}, codes(l.Entries()))
	require.Equal(t, []string{"1"}, codes(l.Entries("1")))
	require.Equal(t, []string{"2", "0"}, codes(l.Entries("0", "2")))
	require.Empty(t, l.Entries("9"))
	require.Equal(t, map[simulate.Kind]map[string]int{"letter": {"200": 4, "201": 3}}, l.Answers())
	require.Equal(t, map[string]int{"200": 4, "201": 3}, l.Statuses())
	require.Equal(t, map[simulate.Name]int{simulate.HTML: 1}, l.Faults())
	require.Equal(t, map[simulate.Outcome]int{"taken": 7}, l.Outcomes())

	l.Effect(entry{Entry: simulate.Entry{Code: "1", Outcome: "late"}})
	require.Equal(t, 1, l.Outcomes()["late"])
	require.Equal(t, 4, l.Statuses()["200"], "an effect is not a request")
	require.NotContains(t, l.Statuses(), "0")
	l.Forget()
	require.Empty(t, l.Entries())
	require.Empty(t, l.Entries("1"))
	require.Empty(t, l.Statuses())
	require.Empty(t, l.Outcomes())
}

// TestEntriesNeverChange: returned entries belong to the caller.
func TestEntriesNeverChange(t *testing.T) {
	t.Parallel()
	l := simulate.NewLedger[entry](0)
	first, second := entry{}, entry{}
	l.Stamp(&first.Entry, epoch)
	l.Stamp(&second.Entry, epoch)
	l.Request(second)
	l.Request(first)
	require.Equal(t, []entry{first, second}, l.Entries(), "by number, whenever it was added")
	l.Entries()[0].Said = "no"
	l.Statuses()["0"] = 7
	l.Answers()[""]["0"] = 7
	require.Equal(t, []entry{first, second}, l.Entries())
	require.Equal(t, map[string]int{"0": 2}, l.Statuses())
}

func TestManyWriteAtOnce(t *testing.T) {
	t.Parallel()
	l, order := simulate.NewLedger[entry](100), new(simulate.Order)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 500 {
				e := entry{Entry: simulate.Entry{Code: "A", Status: 200}}
				l.Stamp(&e.Entry, epoch)
				order.Took("A", e.N, strconv.FormatInt(e.N, 10))
				l.Request(e)
				l.Entries("A")
			}
		})
	}
	all.Wait()
	require.Equal(t, map[string]int{"200": 4000}, l.Statuses())
	entries := l.Entries()
	require.LessOrEqual(t, len(entries), 100)
	for i := range entries[1:] {
		require.Less(t, entries[i].N, entries[i+1].N)
	}
	require.Zero(t, order.Twice())
}

func TestOrder(t *testing.T) {
	t.Parallel()
	o := new(simulate.Order)
	effect := func(code string, number int64, key string) (twice, backwards int) {
		o.Came(code, number)
		o.Took(code, number, key)
		return o.Twice(), o.Backwards()
	}
	for _, row := range []struct {
		code             string
		number           int64
		key              string
		twice, backwards int
	}{
		{"A", -5, "", 0, 0},
		{"A", 5, "", 0, 0},
		{"A", 7, "k7", 0, 0},
		{"B", 5, "k7", 0, 0}, // another organisation's
		{"A", 7, "k8", 1, 0},
		{"A", 8, "k8", 2, 0}, // the key
		{"A", 6, "", 2, 1},
		{"A", 7, "", 3, 2}, // still lower than 8
		{"A", 9, "", 3, 2},
	} {
		twice, backwards := effect(row.code, row.number, row.key)
		require.Equal(t, []int{row.twice, row.backwards}, []int{twice, backwards}, "%+v", row)
	}
	o.Restart()
	twice, backwards := effect("A", 1, "")
	require.Equal(t, []int{3, 2}, []int{twice, backwards}, "after a restart, the same number is not a repeat")
	o.Forget()
	require.Zero(t, o.Twice()+o.Backwards())
}

func TestPace(t *testing.T) {
	t.Parallel()
	p, begin := simulate.Pacer{Limited: 2}, time.Unix(1000, 0)
	require.Equal(t, simulate.Pace{Limited: 2}, p.Pace())
	for i := range 21 {
		require.Equal(t, min(i+1, 10), p.Came(begin.Add(time.Duration(i)*100*time.Millisecond), time.Second), "half-open")
	}
	require.Equal(t, simulate.Pace{
		Requests: 21, Limited: 2, PeakPerSecond: 10, PerSecond: 10, ShortestGapMS: 100, First: begin, Last: begin.Add(2 * time.Second),
	}, p.Pace())
	require.Equal(t, 11, p.Came(begin.Add(2010*time.Millisecond), 1010*time.Millisecond))
	require.Equal(t, 11, p.Peak())
	require.Equal(t, 22, p.Requests())
	require.InDelta(t, 10, p.Pace().ShortestGapMS, 0.001)
}
