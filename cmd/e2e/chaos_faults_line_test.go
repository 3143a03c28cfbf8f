package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

func (c *chaos) resetLine(random *rand.Rand) int {
	return c.anyDaemon(random).line.Reset()
}

// refuseLine resets all connections and refuses new ones: meanwhile the server has none.
func (c *chaos) refuseLine(random *rand.Rand) int {
	d := c.anyDaemon(random)
	happened := d.line.Reset()
	d.line.Refuse()
	pause(random, 200*time.Millisecond, 2*time.Second)
	d.line.Restore()
	return happened
}

func (c *chaos) silenceLine(random *rand.Rand) int {
	d := c.anyDaemon(random)
	before := d.line.Silenced()
	d.line.Silence()
	pause(random, 500*time.Millisecond, 3*time.Second)
	if random.IntN(4) == 0 { // until it is presumed dead
		<-time.After(10 * time.Second)
	}
	d.line.Restore()
	return d.line.Silenced() - before
}

// halveLine makes the server forget the sessions of a daemon, which does not learn of it.
func (c *chaos) halveLine(random *rand.Rand) int {
	d := c.anyDaemon(random)
	d.line.Silence()
	gone := ask[int](c, `with sessions as materialized (select pid from pg_stat_activity where application_name = $1)
		select count(*) from sessions where pg_terminate_backend(pid)`, "profilesync/"+d.processNow())
	pause(random, 200*time.Millisecond, 2*time.Second)
	d.line.Restore()
	return gone
}

// swallowed are the statements after which the answer to a commit is lost.
var swallowed = []string{"RecordOutcomes", "StagePushes", "ReadChanges", "JobGetAvailable", "LockSchedules"}

func (c *chaos) swallowCommits(random *rand.Rand) int {
	lost := c.anyDaemon(random).line.SwallowCommitAfter(swallowed[random.IntN(len(swallowed))], 1+random.IntN(3))
	for deadline := time.Now().Add(4 * time.Second); lost.Happened() == 0 && time.Now().Before(deadline); {
		c.model.transact(0, true, c.model.draw(random, c.model.share(4)))
		<-time.After(100 * time.Millisecond)
	}
	return lost.Happened()
}

// session returns the server's process of a random session of a daemon; 0 if there is none.
func (c *chaos) session(random *rand.Rand) (pid int) {
	return ask[int](c, `select coalesce((select pid from pg_stat_activity where datname = current_database()
		and application_name like 'profilesync/%' order by md5(pid || $1) limit 1), 0)`, fmt.Sprint(random.IntN(1000)))
}

func (c *chaos) terminateSession(random *rand.Rand) int {
	if ask[bool](c, "select pg_terminate_backend($1)", c.session(random)) {
		return 1
	}
	return 0
}

func (c *chaos) pauseSession(random *rand.Rand) int {
	if pid := c.session(random); pid > 0 {
		return freeze(pid, func() { pause(random, 200*time.Millisecond, 2*time.Second) })
	}
	return 0
}

// breaks does something that must break every connection to the server, waits until it answers
// again, and returns 1 if a connection that only waited was broken.
func (c *chaos) breaks(strike func() error) int {
	ctx, cancel := context.WithTimeout(c.t.Context(), editTime)
	defer cancel()
	witness, err := pgx.Connect(ctx, c.url)
	if err != nil {
		return 0
	}
	defer func() { _ = witness.Close(ctx) }()
	if strike() != nil {
		return 0
	}
	for err == nil && ctx.Err() == nil {
		<-time.After(20 * time.Millisecond)
		_, err = witness.Exec(ctx, "select")
	}
	if err := persist(ctx, c.url, func(conn *pgx.Conn) error { return conn.Ping(ctx) }); err != nil {
		c.wrongf("settles", "Postgres does not come back: %v", err)
	}
	if ctx.Err() != nil {
		return 0
	}
	return 1
}

func (c *chaos) killSession(random *rand.Rand) int {
	pid := c.session(random)
	if pid == 0 {
		return 0
	}
	return c.breaks(func() error { return syscall.Kill(pid, syscall.SIGKILL) })
}

func (c *chaos) restartFast(*rand.Rand) int {
	return c.breaks(func() error { return c.lane.signal(syscall.SIGINT) })
}

func (c *chaos) restartAtOnce(*rand.Rand) int {
	return c.breaks(func() error { return c.lane.signal(syscall.SIGQUIT) })
}

func (c *chaos) killPostgres(*rand.Rand) int {
	return c.breaks(func() error { return c.lane.signal(syscall.SIGKILL) })
}
