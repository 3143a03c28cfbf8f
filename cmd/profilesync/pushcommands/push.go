package pushcommands

import (
	"context"
	"strconv"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Push shows, repeats and previews pushes.
type Push struct {
	List    pushList    `cmd:"" help:"List pushes, most recently wanted first."`
	Retry   pushRetry   `cmd:"" help:"Push a profile again, even if it was refused or waits for a person."`
	Preview pushPreview `cmd:"" help:"Show what a push of a profile would change in each sink, and send nothing."`
}

type pushList struct {
	State string `enum:"${push_states}," default:"" placeholder:"STATE" help:"Only pushes in this state."`
	Sink  string `enum:"${sinks}," default:"" placeholder:"SINK" help:"Only those to this sink."`
	Most  int    `default:"50" help:"How many at most."`
}

// Help is shown by --help.
func (*pushList) Help() string {
	return `wanted: will be sent, or was sent without a clear answer. accepted: the sink accepted it, which does
not mean that it shows it yet. refused: stopped, with the reason. waits: for you, because it would
overwrite what nobody stated. held: see hold list. no-route: the sink does not take organisations
of this type. Listed after them: fields that the last push left out, since the sink does not take
them, and what it overwrote although nobody stated it.`
}

func (c *pushList) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	filter := pushstore.PushFilter{State: push.State(c.State), Sink: push.Sink(c.Sink), Most: c.Most}
	if err := c.check(filter); err != nil {
		return err
	}
	ctx, does := commands.Acting(ctx, a, "")
	pushes, err := does.Pushes(ctx, filter)
	if err != nil {
		return err
	}
	if out.JSON() {
		for _, p := range pushes {
			out.Print(p, "", nil)
		}
		return nil
	}
	counts, err := does.CountPushes(ctx)
	if err != nil {
		return err
	}
	var totals [][]string
	for _, n := range counts {
		totals = append(totals, []string{string(n.Sink), string(n.State), n.Route, strconv.Itoa(n.Pushes)})
	}
	if len(totals) > 0 {
		out.Print(nil, "SINK | STATE | ROUTE | PUSHES", totals)
		out.Gap()
	}
	rows := make([][]string, 0, len(pushes))
	for _, p := range pushes {
		rows = append(rows, []string{
			p.Code.String(), p.Name, string(p.Sink), string(p.State), commands.LondonTime(p.Wanted), commands.LondonTime(p.Accepted), p.Reason,
		})
	}
	out.Print(nil, "CODE | NAME | SINK | STATE | WANTED | ACCEPTED | REASON", rows)
	printLeftOut(out, pushes)
	printOverwritten(out, pushes)
	return sayFindings(ctx, a, does)
}

// printLeftOut prints the fields that pushes left out, if any did.
func printLeftOut(out *commands.Printer, pushes []pushstore.ListedPush) {
	var rows [][]string
	for _, p := range pushes {
		for _, l := range p.LeftOut {
			rows = append(rows, []string{
				p.Code.String(), string(p.Sink), l.Field, columns.OneLine(l.Value), l.Reason, commands.LondonTime(l.Since),
			})
		}
	}
	if len(rows) > 0 {
		out.Gap()
		out.Print(nil, "CODE | SINK | LEFT OUT | VALUE | WHY | SINCE", rows)
	}
}

// printOverwritten prints what pushes overwrote although nobody stated it, if any did.
func printOverwritten(out *commands.Printer, pushes []pushstore.ListedPush) {
	var rows [][]string
	for _, p := range pushes {
		for _, o := range p.Overwritten {
			rows = append(rows, []string{
				p.Code.String(), string(p.Sink), commands.FieldOf(o.Field, o.Entry), columns.OneLine(o.Before), columns.OneLine(o.After),
				commands.LondonTime(o.At),
			})
		}
	}
	if len(rows) > 0 {
		out.Gap()
		out.Print(nil, "CODE | SINK | OVERWRITTEN | BEFORE | AFTER | WHEN", rows)
	}
}

func (*pushList) check(f pushstore.PushFilter) error {
	if f.Sink != "" {
		if _, err := push.ParseSink(string(f.Sink)); err != nil {
			return commands.Usage(err)
		}
	}
	for _, state := range push.States() {
		if f.State == "" || f.State == state {
			return nil
		}
	}
	return commands.Usagef("state %q: want one of %v", f.State, push.States())
}

type pushRetry struct {
	Code      []string `arg:"" help:"ODS codes."`
	Sink      string   `enum:"${sinks}," default:"" placeholder:"SINK" help:"Only to this sink."`
	Overwrite bool     `help:"Even if it overwrites what nobody stated; that is recorded, and shown by push list."`
	Actor     string   `placeholder:"NAME" help:"Who requests it. Default: the operating-system user."`

	Wait time.Duration `default:"2m" placeholder:"TIME" help:"How long to wait for the answer; a push that still waits gives exit code 3."`
}

func (c *pushRetry) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	codes, err := commands.ParseCodes(c.Code)
	if err != nil {
		return err
	}
	sinks, err := commands.ParseSinks(c.Sink)
	if err != nil {
		return err
	}
	ctx, does := commands.Acting(ctx, a, c.Actor)
	if err := commands.RequireProfiles(ctx, a, codes); err != nil {
		return err
	}
	pushes, err := does.RetryPushes(ctx, actions.Retry{Codes: codes, Sinks: sinks, Overwrite: c.Overwrite}, c.Wait)
	if err != nil {
		return err
	}
	return printPushes(a, out, pushes)
}

// printPushes prints the states of pushes. A refused one is a failure.
func printPushes(a *wiring.App, out *commands.Printer, pushes []pushstore.ListedPush) error {
	rows := make([][]string, 0, len(pushes))
	code := commands.ExitDone
	for _, p := range pushes {
		if out.JSON() {
			out.Print(p, "", nil)
		}
		rows = append(rows, []string{p.Code.String(), string(p.Sink), string(p.State), p.Reason})
		switch p.State {
		case push.Refused:
			code = commands.ExitFailed
		case push.Wanted, push.Waits, push.Held:
			code = max(code, commands.ExitAwaits)
		}
	}
	if !out.JSON() {
		out.Print(nil, "CODE | SINK | STATE | REASON", rows)
	}
	if code == commands.ExitAwaits {
		a.Sayf("next: `profilesync push list` shows what still waits, and why")
	}
	if code != commands.ExitDone {
		return commands.ExitError{Code: code}
	}
	return nil
}

// sayFindings says how many findings of quality checks last.
func sayFindings(ctx context.Context, a *wiring.App, does commands.Doer) error {
	open, err := does.CountFindings(ctx)
	if err == nil && open > 0 {
		a.Sayf("next: `profilesync checks list` shows what no push can mend: %d findings", open)
	}
	return err
}
