package e2e

import (
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/jobs/pushjobs"
	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/push"
)

// outsideSystem is a simulator, and what makes somebody ask it.
type outsideSystem struct {
	name  string
	of    func(*chaos) simulator
	asked func(*chaos, *rand.Rand)
}

// theRelay takes letters in the rounds in which it goes wrong; in all others Notify does.
const theRelay = "the mail relay"

// simulator is what every simulator has.
type simulator interface {
	Stand(fault dostest.Fault) error
	Heal()
}

var outsideSystems = []outsideSystem{
	{"DoS", func(c *chaos) simulator { return c.sinks.dos }, (*chaos).causePushes},
	{"the website", func(c *chaos) simulator { return c.sinks.website }, (*chaos).causePushes},
	{"the register", func(c *chaos) simulator { return c.world }, (*chaos).causePull},
	{"e-RS", func(c *chaos) simulator { return c.services }, (*chaos).causeServices},
	{"Notify", func(c *chaos) simulator { return c.mail }, (*chaos).causeLetters},
	{theRelay, func(c *chaos) simulator { return c.relay }, (*chaos).causeLetters},
	{"the calendar", func(c *chaos) simulator { return c.calendar }, (*chaos).causeCalendar},
}

// outsideKinds are what any of them may do wrong, to a share of what it is asked.
var outsideKinds = []struct {
	name  string
	names []dostest.FaultName
	slow  int // milliseconds
	hold  bool
}{
	{name: "answers with errors", names: []dostest.FaultName{"error-500", "error-503", "throttled", "error-503-after", "error-408"}},
	{name: "does not answer", names: []dostest.FaultName{"dropped-before", "dropped-after"}, hold: true},
	{name: "is slow", slow: 700},
	{name: "answers in halves", names: []dostest.FaultName{"truncated", "garbled", "wrong-type"}},
	{name: "refuses the key", names: []dostest.FaultName{"unauthorized"}},
}

var outside = chaosTrack{"outside", outsideFaultsOfAll()}

func outsideFaultsOfAll() (faults []chaosFault) {
	for _, system := range outsideSystems {
		for _, kind := range outsideKinds {
			fault := dostest.Fault{Names: kind.names, Share: 0.6, AnswerLatencyMS: kind.slow}
			switch {
			case system.name == "the calendar" && kind.name == "refuses the key":
				continue // it has none
			case system.name == theRelay && (kind.name == "refuses the key" || kind.name == "answers in halves"):
				continue // it has none, and its answers are lines
			case system.name == theRelay && kind.name == "answers with errors":
				fault.Names = []dostest.FaultName{"error-421", "error-451", "error-451-after"}
			}
			faults = append(faults, chaosFault{system.name + " " + kind.name, func(c *chaos, random *rand.Rand) int {
				return c.spoil(system, fault, kind.hold, random)
			}})
		}
	}
	return faults
}

// spoil lets a system do wrong for a while, and returns how many requests met it, by its ledger.
func (c *chaos) spoil(system outsideSystem, fault dostest.Fault, hold bool, random *rand.Rand) int {
	if system.name == theRelay && c.relay == nil {
		return 0
	}
	simulated := system.of(c)
	fault.Do = func() { c.relayed.Add(1) }
	fault.Seed = random.Uint64()
	if hold {
		wait := make(chan struct{})
		time.AfterFunc(2*time.Second, func() { close(wait) })
		fault.Wait = wait
	}
	before := c.met(system.name)
	if err := simulated.Stand(fault); err != nil {
		c.wrongf("faults-happen", "%s: %v", system.name, err)
		return 0
	}
	defer simulated.Heal()
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		system.asked(c, random)
		if c.met(system.name) > before+2 {
			break
		}
	}
	pause(random, 0, time.Second)
	return c.met(system.name) - before
}

// met counts the requests to a system that met a fault.
func (c *chaos) met(system string) (sum int) {
	if system == theRelay { // its ledger has only what it took
		return int(c.relayed.Load())
	}
	counts := map[string]func() map[dostest.FaultName]int{
		"DoS": c.sinks.dos.Book.Faults, "the website": c.sinks.website.Book.Faults, "the register": c.world.Book.Faults,
		"Notify": c.mail.Book.Faults, "the calendar": c.calendar.Book.Faults, "e-RS": c.services.Book.Faults,
	}
	for _, n := range counts[system]() {
		sum += n
	}
	return sum
}

func (c *chaos) causePushes(random *rand.Rand) {
	c.model.transact(0, true, c.model.draw(random, c.model.share(5)))
	c.queue(pushjobs.CheckDrift{Sink: push.SinkDoS})
	pause(random, 50*time.Millisecond, 200*time.Millisecond)
}

func (c *chaos) causePull(random *rand.Rand) {
	report := []string{"etr", "edispensary"}[random.IntN(2)]
	c.impatient(2*time.Second, chaosTomorrow, "reconcile", "--report", report, "--wait")
}

func (c *chaos) causeLetters(random *rand.Rand) {
	c.at(chaosTomorrow, "remind", "--send-now", c.model.pharmacies[random.IntN(6)])
	c.queue(peoplejobs.SendMail{After: "chaos"})
	c.at(chaosTomorrow, "mail", "send")
}

func (c *chaos) causeServices(*rand.Rand) {
	c.queue(runjobs.PullERS{Part: runjobs.ERSServices})
	<-time.After(200 * time.Millisecond)
}

func (c *chaos) causeCalendar(*rand.Rand) {
	c.queue(peoplejobs.RefreshCalendar{})
	<-time.After(100 * time.Millisecond)
}

// queue asks the daemons for a job, as a schedule does.
func (c *chaos) queue(job river.JobArgs) {
	ctx := c.t.Context()
	_ = persist(ctx, c.url, func(*pgx.Conn) error {
		pool, err := postgres.RiverPool(ctx, c.url, postgres.NewProcess())
		if err != nil {
			return err
		}
		defer pool.Close()
		client, err := queue.NewClient(riverpgxv5.New(pool), postgres.RiverSchema)
		if err == nil {
			_, err = client.Insert(ctx, job, nil)
		}
		return err
	})
}
