package wiring

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Reporter wires making and delivering reports.
func (a *App) Reporter() (*peoplejobs.Reporter, error) {
	reminders, err := a.Reminders()
	if err != nil {
		return nil, err
	}
	lists, err := a.Settings.MailingLists()
	if err != nil {
		return nil, err
	}
	r := &peoplejobs.Reporter{
		Store: a.Store.Reports, People: a.Store.People, Calendar: a.Store.People, Reminders: reminders, Lists: reminders.Lists,
		Now: a.Settings.Clock,
	}
	if a.Settings.ODSAPIKey != "" {
		r.Names = a.nameRegions
	}
	if a.Settings.ReportDirectory != "" {
		r.Channels = append(r.Channels, reportDirectory{a})
	}
	if a.Settings.Mail != settings.MailOff {
		r.Channels = append(r.Channels, reportMail{a, lists})
	}
	return r, nil
}

// reportDirectory writes reports to a folder.
type reportDirectory struct{ *App }

// Name names the channel.
func (reportDirectory) Name() string { return "directory" }

// Deliver writes every form, each atomically.
func (d reportDirectory) Deliver(ctx context.Context, day profile.Date, list profile.ODSCode) error {
	if err := os.MkdirAll(d.Settings.ReportDirectory, 0o750); err != nil {
		return fmt.Errorf("folder of reports: %w", err)
	}
	for form := range reportForms {
		f := ReportFile{Day: day, Region: list, Form: form}
		path := filepath.Join(d.Settings.ReportDirectory, f.name())
		if err := d.SaveReport(ctx, path, f); err != nil {
			return err
		}
	}
	return nil
}

// reportMail sends lists a notice of a report, with a link.
type reportMail struct {
	*App

	lists map[profile.ODSCode]people.EmailAddress
}

// Name names the channel.
func (reportMail) Name() string { return "mail" }

// Deliver makes the notice due, once: its reference is unique.
func (m reportMail) Deliver(ctx context.Context, day profile.Date, list profile.ODSCode) error {
	if list == "" {
		list = people.NationalList
	}
	if _, ok := m.lists[list]; !ok {
		return nil
	}
	_, err := m.Store.People.AddLetters(ctx, []people.DueLetter{{
		Reference: "report/" + day.String() + "/" + string(list), Kind: people.LetterReport, List: list, Since: day,
	}})
	return err
}

// reportWords returns a function that returns the words to fill in the notice
// of a report; nil if no list gets one. It fails if links cannot be signed.
func (a *App) reportWords(ctx context.Context, lists map[profile.ODSCode]people.EmailAddress,
) (func(day profile.Date, list profile.ODSCode) (map[string]string, bool), error) {
	if len(lists) == 0 {
		return nil, nil //nolint:nilnil // there are no notices
	}
	linkTo, _, err := a.ReportLinks()
	if err != nil {
		return nil, err
	}
	return func(day profile.Date, list profile.ODSCode) (map[string]string, bool) {
		region := list
		if list == people.NationalList {
			region = ""
		}
		r, err := a.Store.Reports.Report(ctx, day, region)
		if err != nil {
			return nil, false
		}
		link, err := linkTo(day, region)
		if err != nil {
			return nil, false
		}
		name := "England"
		if region != "" {
			name = r.Name
		}
		return map[string]string{
			"day": day.Words(), "region": name, "changes": strconv.Itoa(r.Sections[0].Count), "link": link,
		}, true
	}, nil
}

// nameRegions looks up the names of boards and regions that have none yet.
// Until they are found, the codes are shown.
func (a *App) nameRegions(ctx context.Context) {
	names, err := a.regionNames(ctx)
	if err == nil {
		err = a.Store.Reports.NameRegions(ctx, names)
	}
	if err != nil {
		a.Sayf("names of boards and regions: %v", err)
	}
}

func (a *App) regionNames(ctx context.Context) (map[profile.ODSCode]string, error) {
	codes, err := a.Store.Reports.UnnamedRegions(ctx)
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
		if record, err := found.Record(row); err == nil { // an unreadable record gives no name
			names[record.Code] = profile.DisplayName(record.Values.Get(profile.FieldName))
		}
	}
	return names, nil
}
