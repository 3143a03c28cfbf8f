package e2e

import (
	"math/rand/v2"
	"time"
)

// chaosFault is a fault. strike begins it, ends it, and returns how often it can be shown to
// have happened: a fault that cannot is drawn again.
type chaosFault struct {
	name   string
	strike func(*chaos, *rand.Rand) int
}

// chaosFaults are all that there are, those of lines, processes and the database first.
var chaosFaults = append(append([]chaosFault(nil), chaosLineFaults...), chaosOutsideFaults...)

var chaosLineFaults = []chaosFault{
	{"a daemon is killed", (*chaos).killDaemon},
	{"connections of a daemon are reset", (*chaos).resetLine},
}

var chaosOutsideFaults = []chaosFault{}

// faultsOfATrack is how many faults of a track a round has, one after the other.
const faultsOfATrack = 2

// strikes lets faults happen that are drawn from a table.
func (c *chaos) strikes(track string, faults []chaosFault) {
	random := c.stream(track)
	for range faultsOfATrack {
		pause(random, 100*time.Millisecond, 800*time.Millisecond)
		for tries := 0; len(faults) > 0; tries++ {
			f := faults[random.IntN(len(faults))]
			c.notef("begins: %s", f.name)
			happened := f.strike(c, random)
			c.notef("over, %d times: %s", happened, f.name)
			if happened > 0 {
				c.proofs[f.name] += happened
				break
			}
			if tries == 5 {
				c.wrongf("faults-happen", "none of the faults of %s did", track)
				break
			}
		}
	}
}

func (c *chaos) lineFaults()    { c.strikes("lines", chaosLineFaults) }
func (c *chaos) outsideFaults() { c.strikes("outside", chaosOutsideFaults) }

func (c *chaos) anyDaemon(random *rand.Rand) *slot { return c.daemons[random.IntN(len(c.daemons))] }

// killDaemon kills a daemon, and starts the next one a moment later.
func (c *chaos) killDaemon(random *rand.Rand) int {
	d := c.anyDaemon(random)
	pause(random, 0, 500*time.Millisecond)
	if !d.kill() {
		return 0
	}
	pause(random, 0, 2*time.Second)
	d.serve()
	return 1
}

func (c *chaos) resetLine(random *rand.Rand) int {
	pause(random, 0, 500*time.Millisecond)
	return c.anyDaemon(random).line.Reset()
}
