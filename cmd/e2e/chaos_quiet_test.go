package e2e

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/jobs"
)

// settleTime is how long everything may take to settle, once nothing is broken any more.
const settleTime = 90 * time.Second

// unsettled names what is still to be done, and how much of it there is.
var unsettled = map[string]string{
	"pushes": countUnsettled,
	"changes that were not dispatched": `select count(*) from dispatch d, change c
		where c.xid >= d.horizon and not exists (select from dispatched_early e where e.change_id = c.id)`,
	"runs": "select count(*) from run where state in ('queued', 'running')",
	"jobs": "select count(*) from river.river_job where state in ('available', 'pending', 'retryable', 'running')",
}

// hurry ends the waiting of jobs that failed, and of those that gave a system time.
const hurry = "update river.river_job set scheduled_at = now() where state in ('retryable', 'scheduled') and scheduled_at > now()"

// settles ends all faults, and waits until nothing is left to do: for the daemons that went
// through them, and then for one that begins on the last day.
func (c *chaos) settles() bool {
	c.heal()
	for _, d := range c.daemons {
		if !d.lives() {
			d.serve()
		}
	}
	if !c.untilSettled() {
		c.abandoned()
		return false
	}
	c.sinksEqualProfiles() // before a nightly check repairs anything
	c.editsArrive()
	c.survivors = c.weights()
	c.nothingHeld("while the daemons that went through it rest")
	c.stopAll()
	last := c.daemons[0]
	last.clock = chaosEnd
	last.serve()
	if !c.untilTicked() || !c.untilSettled() {
		return false
	}
	c.untilNone("no-job-without-worker", "a daemon rests", map[string]string{"processes that are gone": `select count(*) from process p
		where p.ended_at is null and not exists (select from pg_stat_activity where application_name = 'profilesync/' || p.name)`})
	c.fresh = c.weights()
	c.stopAll()
	c.at(chaosEnd, "cases", "look")
	return true
}

func (c *chaos) stopAll() {
	var stopping sync.WaitGroup
	for _, d := range c.daemons {
		if d.lives() {
			stopping.Go(d.stop)
		}
	}
	stopping.Wait()
}

// heal ends all faults.
func (c *chaos) heal() {
	c.sinks.dos.Heal()
	c.sinks.website.Heal()
	c.world.Heal()
	c.mail.Heal()
	c.calendar.Heal()
	c.services.Heal()
	if c.relay != nil {
		c.relay.Heal()
	}
	for _, d := range c.daemons {
		d.line.Restore()
	}
}

// untilTicked waits until what is due is queued.
func (c *chaos) untilTicked() bool {
	began := ask[time.Time](c, "select clock_timestamp()")
	c.queue(jobs.Tick{}) // no leader yet that would do it
	for deadline := time.Now().Add(settleTime); time.Now().Before(deadline); {
		if ask[bool](c, "select exists (select from forward_progress where activity = 'tick' and at > $1)", began) {
			return true
		}
		<-time.After(50 * time.Millisecond)
	}
	c.wrongf("settles", "no tick in %s", settleTime)
	return false
}

// untilSettled waits until nothing is left to do twice in a row. Jobs that wait after a failure
// need not wait on: everything works now.
func (c *chaos) untilSettled() bool {
	ctx, cancel := context.WithTimeout(c.t.Context(), settleTime)
	defer cancel()
	left := "the database does not answer"
	for quiet := 0; quiet < 2; {
		err := persist(ctx, c.url, func(conn *pgx.Conn) (err error) {
			if _, err = conn.Exec(ctx, hurry); err != nil {
				return err
			}
			now, err := c.left(ctx, conn)
			if err == nil {
				left = now
			}
			return err
		})
		if quiet++; err != nil || left != "" {
			quiet = 0
		}
		if ctx.Err() != nil {
			c.wrongf("settles", "after %s: %s", settleTime, left)
			return false
		}
		<-time.After(50 * time.Millisecond)
	}
	return true
}

// left says what is still to be done; empty if nothing is.
func (c *chaos) left(ctx context.Context, conn *pgx.Conn) (left string, err error) {
	for what, query := range unsettled {
		var n int
		if err := conn.QueryRow(ctx, query).Scan(&n); err != nil {
			return "", err
		}
		if n > 0 {
			left += fmt.Sprintf(" %d %s", n, what)
		}
	}
	return left, nil
}
