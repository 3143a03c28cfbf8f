package pushcommands

import (
	"cmp"
	"context"
	"fmt"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

type pushPreview struct {
	Code string `arg:"" help:"ODS code."`
	Sink string `placeholder:"SINK" help:"Only to dos or website."`
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
	code, err := profile.ParseODSCode(c.Code)
	if err != nil {
		return commands.Usage(err)
	}
	ctx, does := commands.Acting(ctx, a, "")
	previews, err := does.PreviewPush(ctx, code, wanted)
	if err != nil {
		return err
	}
	for i, p := range previews {
		printPreview(out, p, i > 0)
	}
	return nil
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

// printPreview prints what would become of a push.
func printPreview(out *commands.Printer, p actions.PushPreview, more bool) {
	if out.JSON() {
		out.Print(p, "", nil)
		for _, row := range p.Rows {
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
	out.Print(nil, "", [][]string{{fmt.Sprint(p.Sink), verdict(p)}})
	var unchanged [][]string // whole entries, and fields that are only logged
	for _, group := range byEntry(p.Rows) {
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
func verdict(p actions.PushPreview) string {
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
