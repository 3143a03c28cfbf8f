package pushcommands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/jobs/pushjobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

type pushPreview struct {
	Code string `arg:"" help:"ODS code."`
	Sink string `enum:"${sinks}," default:"" placeholder:"SINK" help:"Only to this sink."`
}

// Help is shown by --help.
func (*pushPreview) Help() string {
	return `Makes the very delivery that a push would send now, and shows what each sink does with it: every
field of every entry (DoS has several of a pharmacy, which it calls services) as it is, as it will
be, and why it changes or stays. Nothing is sent, and nothing is changed.`
}

func (c *pushPreview) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	wanted, err := commands.ParseSinks(c.Sink)
	if err != nil {
		return err
	}
	code, err := commands.OpenForOrganisation(ctx, a, c.Code)
	if err != nil {
		return err
	}
	sinks, err := a.Sinks()
	if err != nil {
		return err
	}
	var previews []previewed
	for _, pusher := range a.Pushers(a.Store.Pushes, chosen(sinks, wanted), slog.New(slog.DiscardHandler), nil) {
		shown, err := previewOf(ctx, pusher, sinks[pusher.Name], code, a.Today())
		if err == nil {
			err = context.Cause(ctx) // what could not be read for it is no preview
		}
		if err != nil {
			return err
		}
		previews = append(previews, shown)
	}
	if len(previews) == 0 {
		return commands.Usagef("no such sink is configured: set PROFILESYNC_DOS_URL or PROFILESYNC_WEBSITE_URL")
	}
	for i, p := range previews {
		p.print(out, i > 0)
	}
	return nil
}

func chosen(sinks wiring.Sinks, wanted []push.Sink) wiring.Sinks {
	some := make(wiring.Sinks)
	for _, name := range wanted {
		if sinks[name] != nil {
			some[name] = sinks[name]
		}
	}
	return some
}

// previewed says what would become of the push to one sink.
type previewed struct {
	Sink   push.Sink  `json:"sink"`
	Route  string     `json:"route,omitempty"`
	State  push.State `json:"state"`
	Later  bool       `json:"later,omitempty"` // wanted, but not sent before the sink can be read
	Reason string     `json:"reason,omitempty"`

	rows []push.PreviewRow
}

func previewOf(
	ctx context.Context, pusher *pushjobs.Pusher, sink wiring.Sink, code profile.ODSCode, today profile.Date,
) (previewed, error) {
	p, err := pusher.Preview(ctx, code)
	if err != nil {
		return previewed{}, err
	}
	var effects push.Effects
	if p.Delivery.Code != "" {
		effects, err = sink.Effects(ctx, p.Delivery, today)
	}
	if refused, ok := errors.AsType[*push.SinkError](err); ok {
		p.State, p.Reason, err = push.Refused, refused.Reason, nil
	}
	if effects.Nothing != "" && p.IsSent() {
		p.Reason = effects.Nothing
	}
	if p.Shown == nil && p.Unread == "" && p.State != push.NoRoute {
		p.Unread = "it is not configured to be read"
	}
	shown := previewed{Sink: pusher.Name, Route: p.Route.Name, State: p.State, Later: p.Later, Reason: p.Reason, rows: p.Rows(effects)}
	if p.Unread != "" {
		shown.Reason = cmp.Or(p.Reason, "what "+string(pusher.Name)+" shows is "+push.NotVisible+": "+p.Unread)
	}
	return shown, err
}

// stateTexts say what would become of a push.
var stateTexts = map[push.State]string{
	push.Wanted:   "would be sent",
	push.Accepted: "would not be sent: exactly this was accepted before; `push retry` sends it again",
	push.Refused:  "would be refused",
	push.Waits:    "would wait for a person",
	push.Held:     "is held, and would not be sent: see `hold list`",
	push.NoRoute:  "is not sent: the sink does not take organisations of this type",
}

func (p previewed) print(out *commands.Printer, more bool) {
	if out.JSON() {
		out.Print(p, "", nil)
		for _, row := range p.rows {
			out.Print(struct {
				Sink push.Sink `json:"sink"`
				push.PreviewRow
			}{p.Sink, row}, "", nil)
		}
		return
	}
	if more {
		out.Gap()
	}
	out.Print(nil, "", [][]string{{fmt.Sprint(p.Sink), p.verdict()}})
	var unchanged [][]string // whole entries, and fields that are only logged
	for _, group := range byEntry(p.rows) {
		var rows [][]string
		for _, row := range group {
			if row.Field == "" || row.OnlyLogged {
				unchanged = append(unchanged, []string{cmp.Or(row.Entry, row.Field), row.Why})
				continue
			}
			rows = append(rows, []string{row.Field, columns.OneLine(row.Is), columns.OneLine(row.WillBe), row.Why})
		}
		if len(rows) > 0 {
			out.Gap()
			if name := group[0].Entry; name != "" {
				out.Print(nil, "", [][]string{{name}})
			}
			out.Print(nil, "FIELD | IS | WILL BE | WHY", rows)
		}
	}
	if len(unchanged) > 0 {
		out.Gap()
		out.Print(nil, "NOT CHANGED | WHY", unchanged)
	}
}

// verdict says what would become of the push, and why.
func (p previewed) verdict() string {
	text := stateTexts[p.State]
	if p.Later {
		text = "would wait until it can be read"
	}
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	return text
}

// byEntry divides rows by entry.
func byEntry(rows []push.PreviewRow) (groups [][]push.PreviewRow) {
	for i, row := range rows {
		if i == 0 || row.Entry != rows[i-1].Entry {
			groups = append(groups, nil)
		}
		last := &groups[len(groups)-1]
		*last = append(*last, row)
	}
	return groups
}
