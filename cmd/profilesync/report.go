package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/profilesync/profilesync/cmd/internal/render"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/report"
)

type reportCmd struct {
	Show    reportShowCmd    `cmd:"" default:"withargs" help:"Write a report: the newest, or that of a day."`
	Make    reportMakeCmd    `cmd:"" help:"Make the reports that are due, as the daemon does every working morning."`
	List    reportListCmd    `cmd:"" help:"List reports."`
	Deliver reportDeliverCmd `cmd:"" help:"Deliver the report of a day to every list that has not got it."`
	Verify  reportVerifyCmd  `cmd:"" help:"Compare the report of a day with what was frozen."`
}

type reportShowCmd struct {
	Date    string `placeholder:"YYYY-MM-DD" help:"The working day it was made for. Default: the newest."`
	Region  string `placeholder:"CODE" help:"Only the rows of this board."`
	Section string `placeholder:"NAME" help:"With --format csv: this section (updates, withheld, …). Default: changes."`
	Out     string `placeholder:"FILE" help:"Where to write it. Default: standard output."`
}

// Help is shown by --help.
func (*reportShowCmd) Help() string {
	return `A report covers everything from the end of the one before it to the beginning of its day
(Europe/London); Monday's covers the weekend. It is frozen: asking again gives the same bytes, and
what is learnt later is in the next one. --format is html (default), csv, xlsx or json.`
}

func (c *reportShowCmd) Run(ctx context.Context, a *app) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	day, err := a.reportDay(ctx, c.Date)
	if err != nil {
		return err
	}
	f := reportFile{day: day, region: profile.ODSCode(c.Region), form: a.form, section: c.Section}
	if c.Out == "" {
		return a.copyReport(ctx, a.stdout, f)
	}
	return writeWhole(c.Out, func(w io.Writer) error { return a.copyReport(ctx, w, f) })
}

// reportDay is the day that was asked for, or that of the newest report.
func (a *app) reportDay(ctx context.Context, text string) (profile.Date, error) {
	if text != "" {
		day, err := profile.ParseDate(text)
		if err != nil {
			return day, exitError{exitUsage, "--date: " + err.Error()}
		}
		return day, nil
	}
	day, _, err := a.store.LastReport(ctx)
	if err == nil && day.IsZero() {
		err = errors.New("there is no report yet: `profilesync report make` makes those that are due")
	}
	return day, err
}

// writeReport writes a form of a report.
func writeReport(w io.Writer, r report.Report, form, section string) error {
	switch form {
	case "csv":
		return render.WriteCSV(w, r, section)
	case "xlsx":
		return render.WriteXLSX(w, r)
	case "json":
		return render.WriteJSON(w, r)
	default:
		return render.WriteHTML(w, r)
	}
}

// writeWhole replaces a file, whole or not at all.
func writeWhole(path string, write func(io.Writer) error) error {
	file, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	if err := errors.Join(write(file), file.Close()); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return os.Rename(file.Name(), path)
}

type reportMakeCmd struct{}

func (*reportMakeCmd) Run(ctx context.Context, a *app) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	reporter, err := a.reporter()
	if err != nil {
		return err
	}
	if _, err := reporter.Make(ctx); err != nil {
		return err
	}
	return a.printReports(ctx, 1)
}

type reportListCmd struct {
	Most int `default:"30" help:"How many at most."`
}

func (c *reportListCmd) Run(ctx context.Context, a *app) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	return a.printReports(ctx, c.Most)
}

func (a *app) printReports(ctx context.Context, most int) error {
	list, err := a.store.Reports(ctx, most)
	if err != nil {
		return err
	}
	rows := make([][]string, len(list))
	for i, r := range list {
		rows[i] = []string{
			r.Day.String(), r.From.In(profile.London()).Format("2006-01-02 15:04"), r.Until.In(profile.London()).Format("2006-01-02 15:04"),
			strconv.Itoa(r.Rows), strconv.Itoa(r.Deliveries),
		}
	}
	a.print(list, "REPORT | FROM | UNTIL | AUDIT ROWS | DELIVERED", rows)
	return nil
}

type reportDeliverCmd struct {
	Day string `arg:"" help:"The working day it was made for."`
}

func (c *reportDeliverCmd) Run(ctx context.Context, a *app) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	day, err := a.reportDay(ctx, c.Day)
	if err != nil {
		return err
	}
	reporter, err := a.reporter()
	if err != nil {
		return err
	}
	delivered, err := reporter.Bring(ctx, day)
	if err != nil {
		return err
	}
	a.print(map[string]int{"delivered": delivered}, "", [][]string{{"delivered", strconv.Itoa(delivered)}})
	return nil
}

type reportVerifyCmd struct {
	Day string `arg:"" help:"The working day it was made for."`
}

func (c *reportVerifyCmd) Run(ctx context.Context, a *app) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	day, err := a.reportDay(ctx, c.Day)
	if err != nil {
		return err
	}
	found, err := a.store.VerifyReport(ctx, day)
	if err != nil {
		return err
	}
	a.print(found, "", [][]string{
		{"rows", word(found.Rows, "as they were frozen", "NOT as they were frozen")},
		{"audit", fmt.Sprintf("%d rows, %d of them differ from the report", found.Audit, found.Differ)},
	})
	if !found.Rows || found.Differ > 0 {
		return exitError{exitFailed, "the report of " + day.String() + " is not what was frozen"}
	}
	return nil
}

func word(yes bool, ifYes, ifNo string) string {
	if yes {
		return ifYes
	}
	return ifNo
}
