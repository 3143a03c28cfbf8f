package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

func (c *chaos) anyDaemon(random *rand.Rand) *slot { return c.daemons[random.IntN(len(c.daemons))] }

// killDaemon kills a daemon, and starts the next one a moment later.
func (c *chaos) killDaemon(random *rand.Rand) int {
	d := c.anyDaemon(random)
	if !d.kill() {
		return 0
	}
	pause(random, 0, 1500*time.Millisecond)
	d.serve()
	return 1
}

// freeze pauses a process, and returns 1 if it stood still.
func freeze(pid int, wait func()) int {
	if syscall.Kill(pid, syscall.SIGSTOP) != nil {
		return 0
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGCONT) }()
	wait()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	_, state, _ := strings.Cut(string(text), ") ")
	if strings.HasPrefix(state, "T") {
		return 1
	}
	return 0
}

func (c *chaos) pauseDaemon(random *rand.Rand) int {
	return freeze(c.anyDaemon(random).cmd.Process.Pid, func() { pause(random, 200*time.Millisecond, 3*time.Second) })
}

// pauseLeader pauses the daemon that leads the queue until another one leads it, and is shown
// by both: the one that goes on does not know yet.
func (c *chaos) pauseLeader(*rand.Rand) int {
	if len(c.daemons) < 2 {
		return 0
	}
	const limit = 30 * time.Second
	leads := func() string {
		return ask[string](c, "select coalesce(max(leader_id), '') from river.river_leader where expires_at > now()")
	}
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); <-time.After(50 * time.Millisecond) {
		leader := leads()
		for _, d := range c.daemons {
			if leader == "" || !strings.Contains(d.log(), leader) {
				continue
			}
			next := ""
			frozen := freeze(d.cmd.Process.Pid, func() {
				for next = leads(); (next == "" || next == leader) && time.Now().Before(deadline); next = leads() {
					<-time.After(100 * time.Millisecond)
				}
			})
			if next == leader || next == "" {
				return 0
			}
			return frozen
		}
	}
	return 0
}

// The days after the first.
const (
	chaosBefore   = "2026-03-01T12:00:00Z"
	chaosTomorrow = "2026-03-03T10:00:00Z"
	chaosEnd      = "2026-03-04T10:00:00Z"
)

func (c *chaos) clockForward(random *rand.Rand) int {
	return c.step(c.anyDaemon(random), chaosTomorrow)
}
func (c *chaos) clockBack(random *rand.Rand) int { return c.step(c.anyDaemon(random), chaosBefore) }

// step gives a daemon another present, which its metrics show: they say how long ago a day was.
func (c *chaos) step(d *slot, to string) int {
	if d.clock == to || !d.kill() {
		return 0
	}
	d.clock = to
	d.serve()
	at, err := time.Parse(time.RFC3339, to)
	if err != nil {
		return 0
	}
	for range 20 {
		if age, ok := d.metric(`profilesync_listing_age_seconds{report="etr",source="ods"}`); ok {
			listed := ask[time.Time](c, "select max(as_of)::timestamptz from accepted_listing where report = 'etr'")
			if off := listed.Add(time.Duration(age) * time.Second).Sub(at); off.Abs() < time.Hour {
				return 1
			}
			c.notef("the daemon says that the listing of %s is %.0f seconds old at %s", listed, age, to)
		}
		<-time.After(100 * time.Millisecond)
	}
	return 0
}

// metric returns a metric of the daemon.
func (d *slot) metric(name string) (value float64, found bool) {
	status, body, err := askOnce("http://" + d.address() + "/metrics")
	if err != nil || status != 200 {
		return 0, false
	}
	row := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(body)
	if row == nil {
		return 0, false
	}
	value, err = strconv.ParseFloat(row[1], 64)
	return value, err == nil
}

// ask returns the value of a query, once the database answers.
func ask[T any](c *chaos, query string, args ...any) (value T) {
	ctx, cancel := context.WithTimeout(c.t.Context(), editTime)
	defer cancel()
	err := persist(ctx, c.url, func(conn *pgx.Conn) error { return conn.QueryRow(ctx, query, args...).Scan(&value) })
	if err != nil {
		c.wrongf("settles", "%s: %v", query, err)
	}
	return value
}

// busy starts a command that takes its time.
func (c *chaos) busy(random *rand.Rand) started {
	again := c.model.pharmacies[random.IntN(len(c.model.pharmacies))]
	commands := [][]string{
		{"reconcile", "--report", "etr", "--wait"},
		{"reconcile", "--report", "edispensary", "--wait"},
		{"drift", "--repair"},
		{"push", "retry", again, "--overwrite"},
		{"remind", "--post"},
	}
	args := commands[random.IntN(len(commands))]
	if args[0] == "push" {
		c.again = append(c.again, again)
	}
	c.notef("starts %v", args)
	return c.with("NOW="+chaosTomorrow).start(context.WithoutCancel(c.t.Context()), args...)
}

func (c *chaos) killCommand(random *rand.Rand) int {
	command := c.busy(random)
	pause(random, 50*time.Millisecond, 800*time.Millisecond)
	_ = command.cmd.Process.Kill()
	_ = command.cmd.Wait()
	if status, ok := command.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
		return 0
	}
	return 1
}

func (c *chaos) pauseCommand(random *rand.Rand) int {
	command := c.busy(random)
	pause(random, 50*time.Millisecond, 500*time.Millisecond)
	frozen := freeze(command.cmd.Process.Pid, func() { pause(random, 200*time.Millisecond, 2*time.Second) })
	c.ends(command, []string{"the paused command"}, patienceOfPeople)
	return frozen
}

// How long whoever gave a command waits for it, before Ctrl-C; and how long it may take then.
const (
	patienceOfPeople = 8 * time.Second
	afterInterrupt   = 10 * time.Second
)

// ends waits for the end of a command, whatever its code: it may have met a fault. It may not
// panic, and ends when it is told to.
func (c *chaos) ends(command started, args []string, limit time.Duration) outcome {
	interrupt := time.AfterFunc(limit, func() {
		c.notef("%v is interrupted: %.200s", args, lastLine(command.log()))
		_ = command.cmd.Process.Signal(os.Interrupt)
	})
	overdue := time.AfterFunc(limit+afterInterrupt, func() {
		c.wrongf("commands-end", "%v does not end: %s", args, lastLine(command.log()))
		_ = command.cmd.Process.Kill()
	})
	defer interrupt.Stop()
	defer overdue.Stop()
	_ = command.cmd.Wait()
	o := outcome{code: command.cmd.ProcessState.ExitCode(), out: command.stdout.String(), err: command.log()}
	c.notef("%v ended with %d: %.200s", args, o.code, lastLine(o.err))
	if strings.Contains(o.err, "panic: ") || strings.Contains(o.err, "goroutine ") {
		c.wrongf("commands-end", "%v panicked: %s", args, o.err)
	}
	return o
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// at runs a command to its end at an instant.
func (c *chaos) at(instant string, args ...string) outcome {
	return c.impatient(patienceOfPeople, instant, args...)
}

// impatient is at for somebody with less patience.
func (c *chaos) impatient(limit time.Duration, instant string, args ...string) outcome {
	return c.ends(c.with("NOW="+instant).start(context.WithoutCancel(c.t.Context()), args...), args, limit)
}

// String names a slot in the trace.
func (d *slot) String() string { return fmt.Sprintf("daemon %d", d.n) }
