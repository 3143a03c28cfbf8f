package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/profilesync/profilesync/connectors/dos"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

type pushCmd struct {
	List    pushListCmd    `cmd:"" help:"List pushes, those wanted last first."`
	Retry   pushRetryCmd   `cmd:"" help:"Push a profile again, whatever was refused before."`
	Preview pushPreviewCmd `cmd:"" help:"Show which services of DoS a pharmacy's profile will update."`
}

type pushListCmd struct {
	State string `placeholder:"STATE" help:"Only these: wanted, accepted, refused, held or no-route."`
	Sink  string `placeholder:"SINK" help:"Only those to dos or website."`
	Most  int    `default:"50" help:"How many at most."`
}

// Help is shown by --help.
func (*pushListCmd) Help() string {
	return `wanted: to be sent, or sent without a clear answer. accepted: the sink took it, which does not
mean that it shows it already. refused: stopped; the reason stands beside it. held: see hold
list. no-route: the sink does not take organisations of this type.`
}

func (c *pushListCmd) Run(ctx context.Context, a *app) error {
	filter := postgres.PushFilter{State: push.State(c.State), Sink: push.Sink(c.Sink), Most: c.Most}
	if err := c.check(filter); err != nil {
		return err
	}
	if err := a.open(ctx); err != nil {
		return err
	}
	pushes, err := a.store.Pushes(ctx, filter)
	if err != nil {
		return err
	}
	if a.json {
		for _, p := range pushes {
			a.print(p, "", nil)
		}
		return nil
	}
	counts, err := a.store.CountPushes(ctx)
	if err != nil {
		return err
	}
	var totals [][]string
	for _, n := range counts {
		totals = append(totals, []string{string(n.Sink), string(n.State), n.Route, strconv.Itoa(n.Pushes)})
	}
	a.print(nil, "SINK | STATE | ROUTE | PUSHES", totals)
	_, _ = fmt.Fprintln(a.stdout)
	rows := make([][]string, 0, len(pushes))
	for _, p := range pushes {
		rows = append(rows, []string{p.Code.String(), p.Name, string(p.Sink), string(p.State), moment(p.Wanted), moment(p.Accepted), p.Reason})
	}
	a.print(nil, "CODE | NAME | SINK | STATE | WANTED | ACCEPTED | REASON", rows)
	return nil
}

func (*pushListCmd) check(f postgres.PushFilter) error {
	if f.Sink != "" {
		if _, err := push.ParseSink(string(f.Sink)); err != nil {
			return exitError{exitUsage, err.Error()}
		}
	}
	for _, state := range push.States() {
		if f.State == "" || f.State == state {
			return nil
		}
	}
	return exitError{exitUsage, fmt.Sprintf("state %q: want one of %v", f.State, push.States())}
}

// moment shows when something happened, in London; a dash for never.
func moment(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.In(profile.London()).Format(time.DateTime)
}

type pushRetryCmd struct {
	Code []string `arg:"" help:"ODS codes."`
	Sink string   `placeholder:"SINK" help:"Only to dos or website."`
}

func (c *pushRetryCmd) Run(ctx context.Context, a *app) error {
	codes, err := parseCodes(c.Code)
	if err != nil {
		return err
	}
	sinks, err := parseSinks(c.Sink)
	if err != nil {
		return err
	}
	if err := a.open(ctx); err != nil {
		return err
	}
	forced, err := a.store.ForcePushes(ctx, codes, sinks)
	if err != nil {
		return err
	}
	if len(forced) == 0 {
		return fmt.Errorf("nothing of %v is pushed anywhere", codes)
	}
	if err := a.settlePushes(ctx, forced); err != nil {
		return err
	}
	return a.printPushes(ctx, forced)
}

// settlePushes waits until pushes have come to rest where a daemon brings them;
// it brings them itself where none runs.
func (a *app) settlePushes(ctx context.Context, forced []postgres.ForcedPush) error {
	daemon, err := a.store.DaemonRuns(ctx)
	switch {
	case err != nil:
		return err
	case daemon:
		return a.awaitPushes(ctx, forced)
	default:
		return a.whileAnnounced(ctx, func(ctx context.Context, process int64) error { return a.bringHere(ctx, forced, process) })
	}
}

// pushesWithin is how long a command waits for the daemon's pushes.
const pushesWithin = 2 * time.Minute

func (a *app) awaitPushes(ctx context.Context, forced []postgres.ForcedPush) error {
	ctx, cancel := context.WithTimeout(ctx, pushesWithin)
	defer cancel()
	for _, f := range forced {
		for {
			pushes, err := a.store.Pushes(ctx, postgres.PushFilter{Code: f.Code, Sink: f.Sink, Most: 1})
			if err != nil {
				return err
			}
			if len(pushes) == 0 || pushes[0].State != push.Wanted {
				break
			}
			select {
			case <-ctx.Done():
				a.sayf("still waiting for %s; see push list", f.Sink)
				return context.Cause(ctx)
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	return nil
}

// bringHere works pushes without a daemon, under the same rules: they carry the
// number of this process, negative, as others carry a job's.
func (a *app) bringHere(ctx context.Context, forced []postgres.ForcedPush, process int64) error {
	sinks, err := a.sinks()
	if err != nil {
		return exitError{exitUsage, err.Error()}
	}
	log, err := newLogger(a.stderr, a.config.LogLevel)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(a.config.PushWorkers)
	for _, p := range a.pushers(a.store, sinks, log, func(push.Sink, push.Outcome) {}) {
		var wanted []profile.ODSCode
		for _, f := range forced {
			if f.Sink == p.Name && f.State == push.Wanted {
				wanted = append(wanted, f.Code)
			}
		}
		claimed, err := a.store.ClaimPushes(ctx, p.Name, wanted, process)
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		for _, code := range claimed {
			group.Go(func() error {
				_, err := p.Push(ctx, code, false, -process)
				return err
			})
		}
	}
	return group.Wait()
}

// printPushes shows how pushes stand. One that was refused is a failure.
func (a *app) printPushes(ctx context.Context, forced []postgres.ForcedPush) error {
	rows := make([][]string, 0, len(forced))
	code := exitDone
	for _, f := range forced {
		pushes, err := a.store.Pushes(ctx, postgres.PushFilter{Code: f.Code, Sink: f.Sink, Most: 1})
		if err != nil {
			return err
		}
		for _, p := range pushes {
			if a.json {
				a.print(p, "", nil)
			}
			rows = append(rows, []string{p.Code.String(), string(p.Sink), string(p.State), p.Reason})
			switch p.State {
			case push.Refused:
				code = exitFailed
			case push.Wanted, push.Held:
				code = max(code, exitAwaits)
			}
		}
	}
	if !a.json {
		a.print(nil, "CODE | SINK | STATE | REASON", rows)
	}
	if code != exitDone {
		return exitError{code: code}
	}
	return nil
}

type pushPreviewCmd struct {
	Code string `arg:"" help:"ODS code of a pharmacy."`
}

// Help is shown by --help.
func (*pushPreviewCmd) Help() string {
	return `Reads DoS and lists every service whose code begins like the pharmacy's: those that a push
updates (contracts: types 13, 131, 132, 134 and 137 while active, 148 and 149 for blood pressure
checks and contraception), and those that are left alone, with the reason.`
}

func (c *pushPreviewCmd) Run(ctx context.Context, a *app) error {
	code, err := a.openFor(ctx, c.Code)
	if err != nil {
		return err
	}
	sinks, err := a.sinks()
	if err != nil {
		return exitError{exitUsage, err.Error()}
	}
	sink, ok := sinks[push.SinkDoS].(*dos.Sink)
	if !ok {
		return exitError{exitUsage, "setting PROFILESYNC_DOS_URL is missing: DoS is not configured"}
	}
	pushes, err := a.store.LoadPushes(ctx, push.SinkDoS, []profile.ODSCode{code}, a.today())
	if err != nil {
		return err
	}
	if len(pushes) == 0 {
		return fmt.Errorf("%s: no push to DoS is wanted; is it a profile, and did a daemon run since it was made?", code)
	}
	matched, err := sink.Preview(ctx, code, pushes[0].Wish.Profile.Values.Get(profile.FieldServices))
	if err != nil {
		return err
	}
	services, rows := make([]previewed, len(matched)), make([][]string, len(matched))
	for i, m := range matched {
		services[i] = previewed{m.ID, m.ODSCode, m.Name, m.Type, m.Updated, m.Why}
		rows[i] = []string{strconv.FormatInt(m.ID, 10), m.ODSCode, m.Name, strconv.Itoa(m.Type), yesNo(m.Updated), m.Why}
	}
	a.print(services, "SERVICE | ODS CODE | NAME | TYPE | UPDATED | WHY", rows)
	return nil
}

// previewed is a service of DoS and what a push does to it.
type previewed struct {
	Service int64  `json:"service"`
	ODSCode string `json:"ods_code"`
	Name    string `json:"name"`
	Type    int    `json:"type"`
	Updated bool   `json:"updated"`
	Why     string `json:"why"`
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func parseCodes(texts []string) ([]profile.ODSCode, error) {
	codes := make([]profile.ODSCode, len(texts))
	for i, text := range texts {
		code, err := profile.ParseODSCode(text)
		if err != nil {
			return nil, exitError{exitUsage, err.Error()}
		}
		codes[i] = code
	}
	return codes, nil
}

// parseSinks is the one sink named, or all.
func parseSinks(text string) ([]push.Sink, error) {
	if text == "" {
		return push.Sinks(), nil
	}
	sink, err := push.ParseSink(text)
	if err != nil {
		return nil, exitError{exitUsage, err.Error()}
	}
	return []push.Sink{sink}, nil
}
