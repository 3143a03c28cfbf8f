package e2e

import (
	"time"
)

// weight is what a daemon takes of its machine.
type weight struct {
	daemon     string
	goroutines float64
	heap       float64 // bytes
	files      float64
}

// weights weighs the daemons, each when it rests: one that was paused for long begins again, and
// stops all it did before.
func (c *chaos) weights() (all []weight) {
	const resting = 80 // goroutines that no connection explains; there are thirty to seventy
	for _, d := range c.daemons {
		if !d.lives() {
			continue
		}
		w := d.weight()
		for deadline := time.Now().Add(patienceOfSessions); w.beside() > resting && time.Now().Before(deadline); w = d.weight() {
			<-time.After(200 * time.Millisecond)
		}
		c.notef("%+v", w)
		all = append(all, w)
	}
	return all
}

func (d *slot) weight() weight {
	w := weight{daemon: d.String()}
	w.goroutines, _ = d.metric("go_goroutines")
	w.heap, _ = d.metric("go_memstats_heap_inuse_bytes")
	w.files, _ = d.metric("process_open_fds")
	return w
}

// How much heavier than a new daemon one may be that went through the faults. It has more idle
// connections, which are closed later: each is a file, and none to two goroutines. So what no
// connection explains differs by some forty; the some seventy pushes of a round would show.
const (
	moreGoroutines = 60
	moreFiles      = 80
	moreHeap       = 48 << 20
)

// beside are the goroutines that no connection explains.
func (w weight) beside() float64 { return w.goroutines - 2*w.files }

// weightsAsBefore: memory, goroutines and files of the daemons are back where they were.
func (c *chaos) weightsAsBefore() {
	if len(c.fresh) == 0 || len(c.survivors) == 0 || c.fresh[0].goroutines == 0 {
		c.wrongf("weights-as-before", "nothing was weighed: %v, %v", c.fresh, c.survivors)
		return
	}
	base := c.fresh[0]
	for _, w := range c.survivors {
		if w.beside() > base.beside()+moreGoroutines || w.files > base.files+moreFiles || w.heap > base.heap+moreHeap {
			c.wrongf("weights-as-before", "%+v, where a new one has %+v", w, base)
		}
	}
}

// noJobWithoutWorker: when no daemon runs, no job, push, run or letter is in work, and no
// process counts as alive.
func (c *chaos) noJobWithoutWorker() {
	for what, query := range map[string]string{
		"jobs are running":                `select count(*) from river.river_job where state = 'running'`,
		"pushes belong to a job":          `select count(*) from push where job_id is not null`,
		"runs are begun":                  `select count(*) from run where state in ('queued', 'running')`,
		"letters are claimed":             `select count(*) from letter where state = 'claimed'`,
		"processes were not cleared away": `select count(*) from process where ended_at is null`,
	} {
		if n := c.count(query); n > 0 {
			c.wrongf("no-job-without-worker", "no daemon runs, and %d %s", n, what)
		}
	}
}

// abandoned: no job belongs to a process that is gone.
func (c *chaos) abandoned() {
	n := c.count(`select count(*) from river.river_job j where j.state = 'running' and not exists (
		select from process p where p.name = j.attempted_by[cardinality(j.attempted_by)] and p.ended_at is null)`)
	if n > 0 {
		c.wrongf("no-job-without-worker", "%d jobs of processes that are gone", n)
	}
}

// patienceOfSessions is how long the server may take to notice that a client has gone.
const patienceOfSessions = 20 * time.Second

// nothingLeft: no lock, session or temporary table is left of daemons and commands.
func (c *chaos) nothingLeft() {
	c.untilNone("nothing-left", "no daemon runs", map[string]string{
		"sessions": `select count(*) from pg_stat_activity where datname = current_database() and application_name like 'profilesync%'`,
		"locks of ours": `select count(*) from pg_locks where locktype = 'advisory'
			and database = (select oid from pg_database where datname = current_database())`,
		"temporary tables": temporaryTables,
	})
}

const temporaryTables = "select count(*) from pg_class where relpersistence = 't' and relkind = 'r'"

// nothingHeld wants daemons that rest to hold no lock but those that show that they are alive.
func (c *chaos) nothingHeld(when string) {
	free := func(lock string) string {
		return "select case when pg_try_advisory_xact_lock(hashtextextended('" + lock + "', 0)) then 0 else 1 end"
	}
	c.untilNone("nothing-left", when, map[string]string{
		"open transactions": `select count(*) from pg_stat_activity where datname = current_database()
			and application_name like 'profilesync%' and state like 'idle in transaction%'`,
		"runs' locks": free("profilesync.run.ods"), "dispatchers' locks": free("profilesync.dispatch"),
		"schedules' locks": free("profilesync.schedules"), "outboxes' locks": free("profilesync mail"),
		"cases' locks": free("profilesync cases"), "temporary tables": temporaryTables,
	})
}

// untilNone wants each count to be zero soon.
func (c *chaos) untilNone(invariant, when string, counts map[string]string) {
	deadline := time.Now().Add(patienceOfSessions)
	for what, query := range counts {
		n := ask[int](c, query)
		for n > 0 && time.Now().Before(deadline) {
			<-time.After(100 * time.Millisecond)
			n = ask[int](c, query)
		}
		if n > 0 {
			c.wrongf(invariant, "%s, and there are %d %s", when, n, what)
		}
	}
}
