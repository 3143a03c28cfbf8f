package commands

import (
	"context"
	"fmt"
	"strconv"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/dos"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Push shows and repeats pushes.
type Push struct {
	List    pushList    `cmd:"" help:"List pushes, most recently wanted first."`
	Retry   pushRetry   `cmd:"" help:"Push a profile again, even if it was refused or waits for a person."`
	Preview pushPreview `cmd:"" help:"Show which services of DoS a pharmacy's profile will update."`
}

type pushList struct {
	State string `placeholder:"STATE" help:"Only these: wanted, accepted, refused, waits, held or no-route."`
	Sink  string `placeholder:"SINK" help:"Only those to dos or website."`
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

func (c *pushList) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	filter := pushstore.PushFilter{State: push.State(c.State), Sink: push.Sink(c.Sink), Most: c.Most}
	if err := c.check(filter); err != nil {
		return err
	}
	if err := a.Open(ctx); err != nil {
		return err
	}
	pushes, err := a.Store.Pushes.Pushes(ctx, filter)
	if err != nil {
		return err
	}
	if out.json {
		for _, p := range pushes {
			out.Print(p, "", nil)
		}
		return nil
	}
	counts, err := a.Store.Pushes.CountPushes(ctx)
	if err != nil {
		return err
	}
	var totals [][]string
	for _, n := range counts {
		totals = append(totals, []string{string(n.Sink), string(n.State), n.Route, strconv.Itoa(n.Pushes)})
	}
	out.Print(nil, "SINK | STATE | ROUTE | PUSHES", totals)
	_, _ = fmt.Fprintln(out.to)
	rows := make([][]string, 0, len(pushes))
	for _, p := range pushes {
		rows = append(rows, []string{
			p.Code.String(), p.Name, string(p.Sink), string(p.State), londonTime(p.Wanted), londonTime(p.Accepted), p.Reason,
		})
	}
	out.Print(nil, "CODE | NAME | SINK | STATE | WANTED | ACCEPTED | REASON", rows)
	printLeftOut(out, pushes)
	printOverwritten(out, pushes)
	return sayFindings(ctx, a)
}

// printLeftOut prints the fields that pushes left out, if any did.
func printLeftOut(out *Printer, pushes []pushstore.ListedPush) {
	var rows [][]string
	for _, p := range pushes {
		for _, l := range p.LeftOut {
			rows = append(rows, []string{p.Code.String(), string(p.Sink), l.Field, columns.OneLine(l.Value), l.Reason, londonTime(l.Since)})
		}
	}
	if len(rows) > 0 {
		_, _ = fmt.Fprintln(out.to)
		out.Print(nil, "CODE | SINK | LEFT OUT | VALUE | WHY | SINCE", rows)
	}
}

// printOverwritten prints what pushes overwrote although nobody stated it, if any did.
func printOverwritten(out *Printer, pushes []pushstore.ListedPush) {
	var rows [][]string
	for _, p := range pushes {
		for _, o := range p.Overwritten {
			rows = append(rows, []string{
				p.Code.String(), string(p.Sink), fieldOf(o.Field, o.Entry), columns.OneLine(o.Before), columns.OneLine(o.After), londonTime(o.At),
			})
		}
	}
	if len(rows) > 0 {
		_, _ = fmt.Fprintln(out.to)
		out.Print(nil, "CODE | SINK | OVERWRITTEN | BEFORE | AFTER | WHEN", rows)
	}
}

func (*pushList) check(f pushstore.PushFilter) error {
	if f.Sink != "" {
		if _, err := push.ParseSink(string(f.Sink)); err != nil {
			return usage(err)
		}
	}
	for _, state := range push.States() {
		if f.State == "" || f.State == state {
			return nil
		}
	}
	return ExitError{ExitUsage, fmt.Sprintf("state %q: want one of %v", f.State, push.States())}
}

type pushRetry struct {
	Code      []string `arg:"" help:"ODS codes."`
	Sink      string   `placeholder:"SINK" help:"Only to dos or website."`
	Overwrite bool     `help:"Even if it overwrites what nobody stated; that is recorded, and shown by push list."`
}

func (c *pushRetry) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	codes, err := parseCodes(c.Code)
	if err != nil {
		return err
	}
	sinks, err := parseSinks(c.Sink)
	if err != nil {
		return err
	}
	if err := a.Open(ctx); err != nil {
		return err
	}
	forced, err := a.Store.Pushes.ForcePushes(ctx, codes, sinks, c.Overwrite)
	if err != nil {
		return err
	}
	if len(forced) == 0 {
		return fmt.Errorf("%v: not pushed to any sink", codes)
	}
	if err := a.AwaitPushes(ctx, forced); err != nil {
		return err
	}
	return printPushes(ctx, a, out, forced)
}

// printPushes prints the states of pushes. A refused one is a failure.
func printPushes(ctx context.Context, a *wiring.App, out *Printer, forced []pushstore.ForcedPush) error {
	rows := make([][]string, 0, len(forced))
	code := ExitDone
	for _, f := range forced {
		pushes, err := a.Store.Pushes.Pushes(ctx, pushstore.PushFilter{Code: f.Code, Sink: f.Sink, Most: 1})
		if err != nil {
			return err
		}
		for _, p := range pushes {
			if out.json {
				out.Print(p, "", nil)
			}
			rows = append(rows, []string{p.Code.String(), string(p.Sink), string(p.State), p.Reason})
			switch p.State {
			case push.Refused:
				code = ExitFailed
			case push.Wanted, push.Waits, push.Held:
				code = max(code, ExitAwaits)
			}
		}
	}
	if !out.json {
		out.Print(nil, "CODE | SINK | STATE | REASON", rows)
	}
	if code == ExitAwaits {
		a.Sayf("next: `profilesync push list` shows what still waits, and why")
	}
	if code != ExitDone {
		return ExitError{Code: code}
	}
	return nil
}

type pushPreview struct {
	Code string `arg:"" help:"ODS code of a pharmacy."`
}

// Help is shown by --help.
func (*pushPreview) Help() string {
	return `Reads DoS and lists every service whose code starts with the pharmacy's: those that a push
updates (contracts: types 13, 131, 132, 134 and 137 while active, 148 and 149 for blood pressure
checks and contraception), and those that are left alone, with the reason.`
}

func (c *pushPreview) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	code, err := openForOrganisation(ctx, a, c.Code)
	if err != nil {
		return err
	}
	sinks, err := a.Sinks()
	if err != nil {
		return err
	}
	sink, ok := sinks[push.SinkDoS].(*dos.Sink)
	if !ok {
		return ExitError{ExitUsage, "setting PROFILESYNC_DOS_URL is missing: DoS is not configured"}
	}
	pushes, err := a.Store.Pushes.LoadPushes(ctx, push.SinkDoS, []profile.ODSCode{code}, a.Today())
	if err != nil {
		return err
	}
	if len(pushes) == 0 {
		return fmt.Errorf("%s: no push to DoS is wanted; does the profile exist, and has a daemon run since it was created?", code)
	}
	matched, err := sink.Preview(ctx, code, pushes[0].Desired.Profile.Values.Get(profile.FieldServices))
	if err != nil {
		return err
	}
	services, rows := make([]previewed, len(matched)), make([][]string, len(matched))
	for i, m := range matched {
		services[i] = previewed{m.ID, m.ODSCode, m.Name, m.Type, m.Updated, m.Why}
		rows[i] = []string{strconv.FormatInt(m.ID, 10), m.ODSCode, m.Name, strconv.Itoa(m.Type), yesNo(m.Updated), m.Why}
	}
	out.Print(services, "SERVICE | ODS CODE | NAME | TYPE | UPDATED | WHY", rows)
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
