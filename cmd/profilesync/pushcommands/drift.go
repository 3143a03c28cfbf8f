package pushcommands

import (
	"context"
	"fmt"
	"strings"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Drift compares what the sinks show with the profiles.
type Drift struct {
	ODS    []string `name:"ods" placeholder:"CODE" help:"Only these organisations."`
	Sink   string   `placeholder:"SINK" help:"Only dos or website."`
	Repair bool     `help:"Push what differs again."`
	Most   int      `default:"500" help:"How many differences to show at most."`
	Actor  string   `placeholder:"NAME" help:"Who requests it. Default: the operating-system user."`
}

// Help is shown by --help.
func (*Drift) Help() string {
	return `Reads what each sink shows of every profile it accepted, compares it with what it should show,
and lists the differences field by field, for each service that DoS has of a pharmacy. --repair
pushes them again. If a sink shows nothing, or differs for more than 10 % of the profiles (and more
than 10), the sink itself must be at fault: nothing is repaired until a person has looked. Fields
that a sink does not show are counted as not visible. What makes no sense in a sink's answer is
named, and the rest is compared and repaired. Exit codes: 0 no drift, or all repaired; 1 an alarm;
3 drift, or an answer that makes no sense, that awaits a person.`
}

// Run checks the sinks one by one; the exit code is the worst of theirs.
func (c *Drift) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	codes, err := commands.ParseCodes(c.ODS)
	if err != nil {
		return err
	}
	wanted, err := commands.ParseSinks(c.Sink)
	if err != nil {
		return err
	}
	ctx, does := commands.Acting(ctx, a, c.Actor)
	worst := commands.ExitDone
	for _, sink := range wanted { // one by one, each with its progress
		request := actions.DriftRequest{Codes: codes, Sinks: []push.Sink{sink}, Repair: c.Repair, Most: c.Most, Wait: true}
		var found []actions.DriftFound
		err := commands.WithProgress(a, does, func() (err error) { found, err = does.CheckDrift(ctx, request); return err })
		if err != nil {
			return err
		}
		for _, d := range found {
			c.print(out, d.DriftResult, d.Differences)
			if code := driftCode(d, c.Repair); worst != commands.ExitFailed && code != commands.ExitDone {
				worst = code
			}
		}
	}
	return c.exit(a, worst)
}

// exit returns the exit code; where differences are left, it names the next
// command.
func (c *Drift) exit(a *wiring.App, code int) error {
	switch {
	case code == commands.ExitDone:
		return nil
	case code == commands.ExitAwaits && c.Repair:
		a.Sayf("next: `profilesync push list` shows what the sinks refuse; what is left must be corrected there")
	case code == commands.ExitAwaits:
		a.Sayf("next: `profilesync drift --repair` pushes again what differs")
	}
	return commands.ExitError{Code: code}
}

func (c *Drift) print(out *commands.Printer, result push.DriftResult, found []pushstore.DriftRow) {
	text := fmt.Sprintf("%d profiles read: %d differ, %d not shown, %d pushed again",
		result.Checked, result.Drifted, result.Missing, result.Repaired)
	if result.Waiting > 0 {
		text += fmt.Sprintf(", %d that waited tried again", result.Waiting)
	}
	if n := result.UnreadableProfiles(); n > 0 {
		text += fmt.Sprintf(", %d with something that makes no sense", n)
	}
	text += notVisible(result)
	if result.Reason != "" {
		text += "; " + string(result.State) + ": " + result.Reason
	}
	out.Print(result, "", [][]string{{string(result.Sink), text}})
	rows := make([][]string, 0, len(found))
	for _, row := range found {
		if out.JSON() {
			out.Print(row, "", nil)
		}
		note := ""
		switch {
		case row.Field == pushstore.FieldUnreadable:
			note = "correct it in " + string(result.Sink)
		case row.GivenUp:
			note = "given up after 3 repairs"
		}
		rows = append(rows, []string{
			row.Code.String(), row.Name, commands.FieldOf(row.Field, row.Entry), columns.OneLine(row.Want), columns.OneLine(row.Shown), note,
		})
	}
	if !out.JSON() && len(rows) > 0 {
		out.Gap()
		out.Print(nil, "CODE | NAME | FIELD | SHOULD SHOW | SHOWS | NOTE", rows)
		out.Gap()
	}
}

// notVisible says which stated fields the sink does not show, and in how many profiles.
func notVisible(result push.DriftResult) string {
	var fields []string
	for _, f := range profile.Fields() {
		if n := result.NotVisible[f.String()]; n > 0 {
			fields = append(fields, fmt.Sprintf("%s of %d", f, n))
		}
	}
	if len(fields) == 0 {
		return ""
	}
	return "; not visible: " + strings.Join(fields, ", ")
}

func driftCode(d actions.DriftFound, repair bool) int {
	switch alarm, waits := d.Exit(repair); {
	case alarm:
		return commands.ExitFailed
	case waits:
		return commands.ExitAwaits
	}
	return commands.ExitDone
}
