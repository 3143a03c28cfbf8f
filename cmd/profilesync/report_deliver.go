package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/connectors/smtp"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// reporter wires the making and delivering of reports.
func (a *app) reporter() (*jobs.Reporter, error) {
	reminders, err := a.reminders()
	if err != nil {
		return nil, err
	}
	lists, err := a.config.lists()
	if err != nil {
		return nil, err
	}
	r := &jobs.Reporter{Store: a.store, Calendar: a.store, Reminders: reminders, Lists: reminders.Lists, Now: a.config.clock}
	if a.config.ODSAPIKey != "" {
		r.Names = a.nameRegions
	}
	if a.config.ReportDirectory != "" {
		r.Deliver = append(r.Deliver, reportDirectory{a})
	}
	if a.config.Mail != mailOff {
		r.Deliver = append(r.Deliver, reportMail{a, lists})
	}
	return r, nil
}

// reportDirectory writes reports to a folder.
type reportDirectory struct{ *app }

// Name names the channel.
func (reportDirectory) Name() string { return "directory" }

// Deliver writes every form, each whole or not at all.
func (d reportDirectory) Deliver(ctx context.Context, day profile.Date, list profile.ODSCode) error {
	if err := os.MkdirAll(d.config.ReportDirectory, 0o750); err != nil {
		return fmt.Errorf("folder of reports: %w", err)
	}
	for form := range reportForms {
		f := reportFile{day: day, region: list, form: form}
		path := filepath.Join(d.config.ReportDirectory, f.name())
		if err := writeWhole(path, func(w io.Writer) error { return d.copyReport(ctx, w, f) }); err != nil {
			return err
		}
	}
	return nil
}

// reportMail tells lists by mail that a report is there, with a link.
type reportMail struct {
	*app

	lists map[profile.ODSCode]people.EmailAddress
}

// Name names the channel.
func (reportMail) Name() string { return "mail" }

// Deliver makes the notice due, once: its reference is its own.
func (m reportMail) Deliver(ctx context.Context, day profile.Date, list profile.ODSCode) error {
	if list == "" {
		list = people.NationalList
	}
	if _, ok := m.lists[list]; !ok {
		return nil
	}
	_, err := m.store.PostLetters(ctx, []people.Post{{
		Reference: "report/" + day.String() + "/" + string(list), Kind: people.LetterReport, List: list, Since: day,
	}})
	return err
}

// attacher sends letters with files.
type attacher interface {
	jobs.Mailer
	SendWith(ctx context.Context, l people.Letter, files []smtp.Attachment) (people.Mailed, error)
}

// attaching sends the notice of a report with the report itself.
type attaching struct {
	attacher

	app *app
}

// Send attaches the report that the notice is about.
func (m attaching) Send(ctx context.Context, l people.Letter) (people.Mailed, error) {
	parts := strings.Split(l.Reference, "/")
	if l.Kind != people.LetterReport || len(parts) < 3 {
		return m.attacher.Send(ctx, l)
	}
	day, err := profile.ParseDate(parts[1])
	if err != nil {
		return people.Mailed{}, &people.MailError{Answer: people.MailRefused, Reason: "its reference names no day"}
	}
	region := profile.ODSCode(parts[2])
	if region == people.NationalList {
		region = ""
	}
	var files []smtp.Attachment
	for _, form := range []string{"html", "xlsx"} {
		f := reportFile{day: day, region: region, form: form}
		text, err := m.app.reportText(ctx, f)
		if err != nil {
			return people.Mailed{}, &people.MailError{Answer: people.MailRetry, Reason: "the report cannot be read", Err: err}
		}
		files = append(files, smtp.Attachment{Name: f.name(), ContentType: reportForms[form], Data: text})
	}
	return m.SendWith(ctx, l, files)
}

// reportWords fill the notice of a report.
func (a *app) reportWords(ctx context.Context) func(day profile.Date, list profile.ODSCode) (map[string]string, bool) {
	return func(day profile.Date, list profile.ODSCode) (map[string]string, bool) {
		region := list
		if list == people.NationalList {
			region = ""
		}
		r, err := a.store.Report(ctx, day, region)
		if err != nil {
			return nil, false
		}
		name := "England"
		if region != "" {
			name = r.Name
		}
		return map[string]string{
			"day": day.Words(), "region": name, "changes": strconv.Itoa(r.Sections[0].Count),
			"link": strings.TrimSuffix(a.config.ReportURL, "/") + "/reports/" + reportName(day, region) + ".html",
		}, true
	}
}

// nameRegions asks the register for the names of boards and regions that have
// none yet. Without an answer they go by their codes.
func (a *app) nameRegions(ctx context.Context) {
	names, err := a.regionNames(ctx)
	if err == nil {
		err = a.store.NameRegions(ctx, names)
	}
	if err != nil {
		a.sayf("names of boards and regions: %v", err)
	}
}

func (a *app) regionNames(ctx context.Context) (map[profile.ODSCode]string, error) {
	codes, err := a.store.UnnamedRegions(ctx)
	if err != nil || len(codes) == 0 {
		return nil, err
	}
	api, err := a.odsAPI()
	if err != nil {
		return nil, err
	}
	found, err := api.Lookup(ctx, codes)
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }() // a temporary file
	names := make(map[profile.ODSCode]string)
	for row, err := range found.Rows() {
		if err != nil {
			return names, err
		}
		if record, err := found.Record(row); err == nil { // what cannot be read has no name
			names[record.Code] = profile.DisplayName(record.Values.Get(profile.FieldName))
		}
	}
	return names, nil
}
