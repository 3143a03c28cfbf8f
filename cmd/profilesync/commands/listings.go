package commands

import (
	"context"
	"fmt"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
)

// Listings shows and repairs the last accepted listing of each report, which the
// next one is measured against.
type Listings struct {
	List  listingsList  `cmd:"" help:"Show the last accepted listing of each report."`
	Reset listingsReset `cmd:"" help:"Repair the date of a report's last accepted listing."`
}

type listingsList struct{}

func (*listingsList) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	ctx, does := Acting(ctx, a, "")
	list, err := does.Listings(ctx)
	if err != nil {
		return err
	}
	rows := make([][]string, len(list))
	for i, l := range list {
		run, by := "-", l.Actor
		if l.Run != 0 {
			run = l.Run.String()
		} else {
			by += ": " + l.Reason
		}
		rows[i] = []string{l.Report, l.AsOf.String(), strconv.Itoa(l.AgeDays), strconv.Itoa(l.Records), run, by}
	}
	out.Print(list, "REPORT | AS OF | DAYS OLD | RECORDS | RUN | BY", rows)
	return nil
}

type listingsReset struct {
	Report string `arg:"" enum:"${listings}" help:"The report."`
	To     string `required:"" placeholder:"YYYY-MM-DD" help:"The date that the last accepted listing is taken to have; today at the latest."`
	Reason string `required:"" placeholder:"TEXT" help:"Why: everybody who lists listings reads it."`
	Actor  string `placeholder:"NAME" help:"Who resets it, for the audit. Default: the operating-system user."`
}

// Help is shown by --help.
func (*listingsReset) Help() string {
	return `A listing older than the last accepted one is refused, so a wrong date keeps the right listings
out. If the run with the wrong date is known, undo it instead: that takes back what it did, too.
Looks at closures and absences on days after --to are taken back, and the next listing is read
completely. No profile is changed.

  profilesync listings reset edispensary --to 2025-04-10 --reason 'the year was mistyped'`
}

func (c *listingsReset) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	to, err := dayFlag("--to", c.To)
	if err != nil {
		return err
	}
	ctx, does := Acting(ctx, a, c.Actor)
	done, err := does.ResetListing(ctx, c.Report, to, c.Reason)
	if err != nil {
		return err
	}
	if done.Was == done.Is {
		a.Sayf("nothing was changed: the last accepted listing has that date already")
	}
	out.Print(done, "", [][]string{
		{"report", done.Report},
		{"was", fmt.Sprintf("%s, %d records", done.Was, done.WasRecords)},
		{"is", fmt.Sprintf("%s, %d records", done.Is, done.Records)},
		{"taken back", fmt.Sprintf("%d first looks at closures, %d missing marks", done.Closures, done.Absences)},
	})
	return nil
}
