package peoplecommands

import (
	"context"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Remind reminds people to check their profiles.
type Remind struct {
	Preview bool   `xor:"what" required:"" help:"Show who would get which reminder and why, without sending any."`
	Post    bool   `xor:"what" required:"" help:"Make today's reminders due; the daemon sends them."`
	SendNow string `xor:"what" required:"" placeholder:"CODE" help:"Remind the people of this organisation now, at most once a day."`
	Date    string `placeholder:"YYYY-MM-DD" help:"With --preview: as if today were this day."`
}

// Help is shown by --help.
func (*Remind) Help() string {
	return `People are reminded on the first working day of a quarter, 28 and 14 days and 3 working days
before its end, and account managers the day after. Each person gets one letter about all their
organisations with missing checks. Each stage is sent once; people who have checked everything get
none.`
}

// Run previews the reminders or makes them due.
func (c *Remind) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	if c.Preview {
		return c.preview(ctx, a, out)
	}
	if c.Date != "" {
		return commands.Usagef("--date: only with --preview")
	}
	ctx, does := commands.Acting(ctx, a, "")
	post := does.PostReminders
	if !c.Post {
		code, err := profile.ParseODSCode(c.SendNow)
		if err != nil {
			return commands.Usagef("--send-now: %w", err)
		}
		post = func(ctx context.Context) (upkeep.Posted, error) { return does.RemindNow(ctx, code) }
	}
	posted, err := post(ctx)
	if err != nil {
		return err
	}
	out.Print(posted, "", [][]string{{"letters", strconv.Itoa(posted.Letters)}})
	return nil
}

func (c *Remind) preview(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	day, err := profile.ParseDate(c.Date)
	if err != nil {
		return commands.Usagef("--date: %w", err)
	}
	ctx, does := commands.Acting(ctx, a, "")
	list, err := does.PreviewReminders(ctx, day)
	if err != nil {
		return err
	}
	rows := make([][]string, len(list))
	for i, m := range list {
		rows[i] = []string{m.Quarter, m.Stage, m.To, strings.Join(m.Missing, "\n")}
	}
	out.Print(list, "QUARTER | STAGE | TO | WHAT IS MISSING", rows)
	return nil
}
