// Package trials finds out whether everything that the settings name answers, and takes
// our keys: the database, the register, e-RS, the sinks, the mail service. It changes
// nothing anywhere.
//
//	trials.go     what a trial is; making all of them at once
//	outside.go    the outside systems
//	requests.go   what each of them is asked
//	database.go   the database: server, role, schema, clock, calendar
//	daemon.go     the daemon that commands ask instead of a database
//	disk.go       the disks that files are written to
package trials

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
)

// Result is how a trial ended.
type Result string

// The results.
const (
	OK      Result = "ok"
	Warning Result = "warning" // it works, and somebody should look before it does not
	Failed  Result = "failed"
	NotSet  Result = "not set" // it is not configured, and so not used
)

// Trial is one thing that was tried. Its texts hold no secrets and no personal data.
type Trial struct {
	Name   string `json:"trial"`
	Result Result `json:"result"`
	Detail string `json:"detail"`
	// What to do about a warning or a failure; empty otherwise.
	Todo string `json:"todo,omitempty"`
}

// Options say what is tried, and with what.
type Options struct {
	App *wiring.App
	Now func() time.Time // this machine's clock; default time.Now
	// Within bounds each trial; default 10 s.
	Within time.Duration
	// Disk looks at the disk of a folder; default the operating system's answer.
	Disk func(folder string) (Disk, error)
}

// trier makes the trials of one run.
type trier struct {
	Options

	// connected is closed once the database is open, or known not to open.
	connected chan struct{}
}

// Run makes all trials at the same time and returns them in a fixed order. One that
// fails stops no other; one that gets no answer ends after Options.Within. It opens the
// database of the App. Where commands ask a daemon, only that is tried.
func Run(ctx context.Context, o Options) (all []Trial) {
	o.Within = cmp.Or(o.Within, 10*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Disk == nil {
		o.Disk = diskOf
	}
	t := &trier{Options: o, connected: make(chan struct{})}
	if o.App.Settings.UsesServer() { // the rest is the daemon's matter
		return []Trial{t.one(ctx, "daemon", t.daemon)}
	}
	groups := []func(context.Context) []Trial{t.database}
	for _, s := range t.systems() {
		groups = append(groups, func(ctx context.Context) []Trial { return []Trial{t.try(ctx, s)} })
	}
	groups = append(groups, t.disks)
	results := make([][]Trial, len(groups))
	var wait sync.WaitGroup
	for i, group := range groups {
		wait.Go(func() { results[i] = group(ctx) })
	}
	wait.Wait()
	for _, r := range results {
		all = append(all, r...)
	}
	return all
}

// within runs work for as long as a trial may take.
func (t *trier) within(ctx context.Context, work func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, t.Within)
	defer cancel()
	err := work(bounded)
	if err != nil && ctx.Err() == nil && errors.Is(bounded.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s: %w", t.Within, err)
	}
	return err
}
