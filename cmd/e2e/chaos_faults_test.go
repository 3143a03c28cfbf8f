package e2e

import (
	"math/rand/v2"
	"strings"
	"time"
)

// chaosFault is a fault. strike begins it, ends it, and returns how often it is shown to have
// happened; if it did not, another one is drawn.
type chaosFault struct {
	name   string
	strike func(*chaos, *rand.Rand) int
}

// chaosTrack is a series of faults, one after the other, beside those of the other track.
type chaosTrack struct {
	name   string
	faults []chaosFault
}

// atATime is how many faults of a track a round has.
const atATime = 2

const twoLeaders = "a leader is paused for longer than its lease, and goes on beside the next one"

// inside are the faults of daemons, commands, lines and the database.
var inside = chaosTrack{"inside", []chaosFault{
	{"a daemon is killed", (*chaos).killDaemon},
	{"a daemon is paused", (*chaos).pauseDaemon},
	{twoLeaders, (*chaos).pauseLeader},
	{"the clock of a daemon steps forward", (*chaos).clockForward},
	{"the clock of a daemon steps back", (*chaos).clockBack},
	{"a command is killed", (*chaos).killCommand},
	{"a command is paused", (*chaos).pauseCommand},
	{"a session of a daemon is terminated", (*chaos).terminateSession},
	{"a session of a daemon is paused", (*chaos).pauseSession},
	{"the server's process of a session is killed", (*chaos).killSession},
	{"Postgres restarts fast", (*chaos).restartFast},
	{"Postgres restarts at once", (*chaos).restartAtOnce},
	{"Postgres is killed", (*chaos).killPostgres},
	{"connections of a daemon are reset", (*chaos).resetLine},
	{"connections of a daemon are refused", (*chaos).refuseLine},
	{"connections of a daemon are half open", (*chaos).halveLine},
	{"connections of a daemon are silent", (*chaos).silenceLine},
	{"answers to commits of a daemon are lost", (*chaos).swallowCommits},
	{"the disk of the data is full", (*chaos).fillData},
	{"the disk of the log is full", (*chaos).fillLog},
}}

// drawn is a fault of a track: over the rounds each comes up as often as any other.
func (k chaosTrack) drawn(c *chaos, nth int) chaosFault {
	place := int(c.seed)*atATime + nth
	order := rand.New(rand.NewPCG(uint64(place/len(k.faults)), uint64(len(k.faults)))).Perm(len(k.faults))
	return k.faults[order[place%len(k.faults)]]
}

// strikes lets the faults of a track happen.
func (c *chaos) strikes(k chaosTrack) {
	random := c.stream(k.name)
	for nth := range atATime {
		pause(random, 100*time.Millisecond, 500*time.Millisecond)
		for tries, f := 0, k.drawn(c, nth); ; tries++ {
			c.notef("begins: %s", f.name)
			happened := f.strike(c, random)
			c.notef("over, %d times: %s", happened, f.name)
			if happened > 0 {
				c.prove(f.name, happened)
				break
			}
			if tries == 10 {
				c.wrongf("faults-happen", "none of the track %s did", k.name)
				break
			}
			f = k.faults[random.IntN(len(k.faults))]
		}
	}
}

func (c *chaos) prove(fault string, happened int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.proofs[fault] += happened
}

// draws reports whether a fault whose name begins with a text comes up in this round.
func (c *chaos) draws(name string) bool {
	for nth := range atATime {
		if strings.HasPrefix(inside.drawn(c, nth).name, name) || strings.HasPrefix(outside.drawn(c, nth).name, name) {
			return true
		}
	}
	return false
}

func (c *chaos) insideFaults()  { c.strikes(inside) }
func (c *chaos) outsideFaults() { c.strikes(outside) }
