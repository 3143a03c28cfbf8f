package wiring

import (
	"log/slog"

	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/jobs/casejobs"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Cases wires the keeping of cases.
func (a *App) Cases(log *slog.Logger) (*casejobs.Keeper, error) {
	addresses, err := a.Settings.MailingLists()
	if err != nil {
		return nil, err
	}
	rules, err := people.ParseCheckRules(a.Settings.CheckRules)
	if err != nil {
		return nil, err
	}
	lists := make(map[profile.ODSCode]bool, len(addresses))
	for name := range addresses {
		lists[name] = true
	}
	return &casejobs.Keeper{
		Store: a.Store.Cases, Busy: casestore.ErrBusy, Calendar: a.Store.People, Rules: rules, Pulled: a.pulled(), Lists: lists,
		Now: a.Settings.Clock, Log: log,
	}, nil
}

// pulled lists what the daemon pulls by itself, as source and report.
func (a *App) pulled() (reports []string) {
	for _, report := range a.Settings.ODSReports {
		reports = append(reports, string(profile.SourceODS)+" "+report)
	}
	if a.Settings.ODSAPIKey != "" {
		reports = append(reports, string(profile.SourceODS)+" "+ReportOfAPI)
	}
	if a.Settings.AsksERS() {
		reports = append(reports, string(profile.SourceERS)+" "+string(runjobs.ERSServices))
	}
	return reports
}
