package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// chaosSize is how many rounds there are, how many at a time, and the seed of the first: the
// round after it has the next number.
type chaosSize struct {
	rounds, lanes int
	seed          uint64
}

// chaosFromEnvironment reads how much chaos is wanted.
func chaosFromEnvironment(t *testing.T) chaosSize {
	t.Helper()
	number := func(name string, otherwise int) int {
		text := os.Getenv(name)
		if text == "" {
			return otherwise
		}
		n, err := strconv.Atoi(text)
		require.NoError(t, err, name)
		require.Positive(t, n, name)
		return n
	}
	return chaosSize{
		number("PROFILESYNC_CHAOS_ROUNDS", 10), number("PROFILESYNC_CHAOS_LANES", 3), uint64(number("PROFILESYNC_CHAOS_SEED", 1)),
	}
}

// TestChaos breaks whatever can break while everything works, and then wants everything to be
// as if nothing had: `make chaos ROUNDS=200`. Each round has a seed, which fixes what is done
// and which faults there are; how they meet depends on the machine.
func TestChaos(t *testing.T) { //nolint:paralleltest // it has lanes of its own, and daemons enough
	if testing.Short() {
		t.Skip("needs Postgres, which -short does without")
	}
	if os.Getenv("PROFILESYNC_CHAOS_ROUNDS") == "" {
		t.Skip("make chaos plays it: it breaks more than other tests can have beside them")
	}
	size := chaosFromEnvironment(t)
	tally := newChaosTally()
	seeds := make(chan uint64, size.rounds)
	for n := range size.rounds {
		seeds <- size.seed + uint64(n)
	}
	close(seeds)
	var running sync.WaitGroup
	for range min(size.lanes, size.rounds) { //nolint:paralleltest // the lanes are what is parallel
		running.Go(func() {
			l := newLane(t)
			for seed := range seeds {
				t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { l.round(t, seed, tally) })
			}
		})
	}
	running.Wait()
	tally.show(t, size)
}

// round plays a round, and fails the test with all that can be said about it.
func (l *lane) round(t *testing.T, seed uint64, tally *chaosTally) {
	t.Helper()
	c := l.newChaos(t, seed)
	c.play()
	tally.add(c)
	if len(c.broken) == 0 {
		return
	}
	t.Errorf("%s\nagain: make chaos ROUNDS=1 SEED=%d\n\n%s", strings.Join(c.broken, "\n"), seed, strings.Join(c.trace, "\n"))
	for _, d := range c.daemons {
		d.sayLogs(t)
	}
}

// chaos is one round.
type chaos struct {
	*chaosWorld

	lane    *lane
	seed    uint64
	began   time.Time
	daemons []*slot
	model   *chaosModel
	proofs  map[string]int // how often each fault happened
	again   []string       // the codes that a person wanted to be sent again

	survivors, fresh []weight // of the daemons that went through the faults, and of one that did not

	mutex  sync.Mutex
	trace  []string
	broken []string // invariant: what is wrong
}

// stream returns random numbers of their own for one of those who act, so that what each of
// them does depends on the seed alone.
func (c *chaos) stream(who string) *rand.Rand {
	n := uint64(0)
	for _, b := range []byte(who) {
		n = n*131 + uint64(b)
	}
	return rand.New(rand.NewPCG(c.seed, n))
}

// notef adds a line to the trace.
func (c *chaos) notef(format string, args ...any) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.trace = append(c.trace, fmt.Sprintf("%7.3f ", time.Since(c.began).Seconds())+fmt.Sprintf(format, args...))
}

// wrongf records that an invariant does not hold.
func (c *chaos) wrongf(invariant, format string, args ...any) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if len(c.broken) < 30 {
		c.broken = append(c.broken, invariant+": "+fmt.Sprintf(format, args...))
	}
}

// broke reports whether an invariant was found not to hold.
func (c *chaos) broke(invariant string) bool {
	return slices.ContainsFunc(c.broken, func(wrong string) bool { return strings.HasPrefix(wrong, invariant+": ") })
}

// play lets the round happen: life with faults in it, quiet, and every invariant.
func (c *chaos) play() {
	c.serveAll()
	var living sync.WaitGroup
	for _, live := range []func(){c.insideFaults, c.outsideFaults, c.quickEditors, c.slowEditor, c.administrator} {
		living.Go(live)
	}
	living.Wait()
	c.notef("quiet")
	if !c.settles() {
		return
	}
	for _, i := range chaosInvariants {
		i.check(c)
	}
}

// chaosTally adds up what happened in all rounds.
type chaosTally struct {
	mutex          sync.Mutex
	proofs         map[string]int
	edits, rounds  int
	longest, total time.Duration
}

// roundsOfEach are so many rounds that each fault must have happened.
const roundsOfEach = 50

func newChaosTally() *chaosTally { return &chaosTally{proofs: map[string]int{}} }

func (y *chaosTally) add(c *chaos) {
	y.mutex.Lock()
	defer y.mutex.Unlock()
	for name, n := range c.proofs {
		y.proofs[name] += n
	}
	y.edits += len(c.model.done)
	y.rounds++
	took := time.Since(c.began)
	y.longest, y.total = max(y.longest, took), y.total+took
}

func (y *chaosTally) show(t *testing.T, size chaosSize) {
	t.Helper()
	t.Logf("seeds %d to %d: %d rounds, %s each, the longest %s; %d edits", size.seed, size.seed+uint64(size.rounds)-1, y.rounds,
		(y.total / time.Duration(max(y.rounds, 1))).Round(time.Millisecond), y.longest.Round(time.Millisecond), y.edits)
	for _, f := range slices.Concat(inside.faults, outside.faults) {
		t.Logf("%6d times: %s", y.proofs[f.name], f.name)
		if y.rounds >= roundsOfEach && y.proofs[f.name] == 0 && (os.Geteuid() == 0 || !strings.Contains(f.name, "disk")) {
			t.Errorf("in %d rounds it was never shown to have happened: %s", y.rounds, f.name)
		}
	}
}
