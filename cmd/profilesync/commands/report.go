package commands

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Report writes, makes, delivers, links to and verifies the daily change report.
type Report struct {
	Show    reportShow    `cmd:"" default:"withargs" help:"Write a report: the newest, or that of a given day."`
	Make    reportMake    `cmd:"" help:"Make the due reports, as the daemon does every working morning."`
	List    reportList    `cmd:"" help:"List reports."`
	Deliver reportDeliver `cmd:"" help:"Deliver the report of a day to every list that does not have it yet."`
	Link    reportLink    `cmd:"" help:"Print an address at which anybody may read a report for some days."`
	Verify  reportVerify  `cmd:"" help:"Check that the report of a day is still as it was frozen."`
}

type reportShow struct {
	Date    string `placeholder:"YYYY-MM-DD" help:"The working day it was made for. Default: the newest."`
	Region  string `placeholder:"CODE" help:"Only the rows of this board."`
	Section string `enum:"${sections}," default:"" placeholder:"NAME" help:"With --format csv: this section. Default: changes."`
	Out     string `placeholder:"FILE" help:"Where to write it. Default: standard output."`
}

// Help is shown by --help.
func (*reportShow) Help() string {
	return `A report covers everything from the end of the previous one to the start of its day
(Europe/London); Monday's covers the weekend. It is frozen: it always has the same bytes, and
later findings go into the next one. --format is html (default), csv, xlsx or json.`
}

func (c *reportShow) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	region, err := regionOf(c.Region)
	if err != nil {
		return err
	}
	ctx, does := Acting(ctx, a, "")
	day, err := reportDay(ctx, does, c.Date)
	if err != nil {
		return err
	}
	f := wiring.ReportFile{Day: day, Region: region, Form: out.form, Section: c.Section}
	if f.Form == "table" {
		f.Form = "html"
	}
	if c.Out == "" {
		return does.CopyReport(ctx, out.to, f)
	}
	return wiring.SaveReport(c.Out, func(to io.Writer) error { return does.CopyReport(ctx, to, f) })
}

// reportDay parses the day, or returns that of the newest report if it is
// empty.
func reportDay(ctx context.Context, does Doer, text string) (profile.Date, error) {
	if text != "" {
		day, err := profile.ParseDate(text)
		if err != nil {
			return day, Usagef("--date: %w", err)
		}
		return day, nil
	}
	return does.ReportDay(ctx)
}

// regionOf parses the code of a board; empty for England.
func regionOf(text string) (profile.ODSCode, error) {
	if text == "" {
		return "", nil
	}
	region, err := profile.ParseODSCode(text)
	if err != nil {
		return "", Usagef("--region: %w", err)
	}
	return region, nil
}

type reportMake struct{}

func (*reportMake) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	ctx, does := Acting(ctx, a, "")
	list, err := does.MakeReports(ctx)
	if err == nil {
		printReports(out, list)
	}
	return err
}

type reportList struct {
	Most int `default:"30" help:"How many at most."`
}

func (c *reportList) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	ctx, does := Acting(ctx, a, "")
	list, err := does.Reports(ctx, c.Most)
	if err == nil {
		printReports(out, list)
	}
	return err
}

func printReports(out *Printer, list []reportstore.FrozenReport) {
	rows := make([][]string, len(list))
	for i, r := range list {
		rows[i] = []string{
			r.Day.String(), r.From.In(profile.London()).Format("2006-01-02 15:04"), r.Until.In(profile.London()).Format("2006-01-02 15:04"),
			strconv.Itoa(r.Rows), strconv.Itoa(r.Deliveries),
		}
	}
	out.Print(list, "REPORT | FROM | UNTIL | AUDIT ROWS | DELIVERED", rows)
}

type reportDeliver struct {
	Day string `arg:"" placeholder:"YYYY-MM-DD" help:"The working day it was made for."`
}

func (c *reportDeliver) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	ctx, does := Acting(ctx, a, "")
	day, err := reportDay(ctx, does, c.Day)
	if err != nil {
		return err
	}
	done, err := does.DeliverReport(ctx, day)
	if err != nil {
		return err
	}
	out.Print(done, "", [][]string{{"delivered", strconv.Itoa(done.Delivered)}})
	return nil
}

type reportLink struct {
	Date   string `placeholder:"YYYY-MM-DD" help:"The working day it was made for. Default: the newest."`
	Region string `placeholder:"CODE" help:"Only the rows of this board."`
}

// Help is shown by --help.
func (*reportLink) Help() string {
	return `The address is that of a running daemon (PROFILESYNC_REPORT_URL). Letters have such links too.
Whoever has it can read this one report, in every form (.html, .csv, .xlsx, .json), until it expires
(PROFILESYNC_REPORT_LINK_DAYS) or the key that signed it is withdrawn (PROFILESYNC_REPORT_KEYS).`
}

func (c *reportLink) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	region, err := regionOf(c.Region)
	if err != nil {
		return err
	}
	day, err := dayFlag("--date", c.Date)
	if err != nil {
		return err
	}
	ctx, does := Acting(ctx, a, "")
	made, err := does.LinkReport(ctx, day, region)
	if err != nil {
		return err
	}
	if !out.json {
		_, _ = fmt.Fprintln(out.to, made.Link) // in a table it would be broken into lines
		return nil
	}
	out.Print(made, "", nil)
	return nil
}

type reportVerify struct {
	Day string `arg:"" placeholder:"YYYY-MM-DD" help:"The working day it was made for."`
}

func (c *reportVerify) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	ctx, does := Acting(ctx, a, "")
	day, err := reportDay(ctx, does, c.Day)
	if err != nil {
		return err
	}
	found, err := does.VerifyReport(ctx, day)
	if err != nil {
		return err
	}
	out.Print(found, "", [][]string{
		{"rows", choose(found.Rows, "as frozen", "NOT as frozen")},
		{"audit", fmt.Sprintf("%d rows, %d of them differ from the report", found.Audit, found.Differ)},
	})
	if !found.Rows || found.Differ > 0 {
		return ExitError{ExitFailed, "the report of " + day.String() + " differs from what was frozen"}
	}
	return nil
}

func choose(yes bool, ifYes, ifNo string) string {
	if yes {
		return ifYes
	}
	return ifNo
}
