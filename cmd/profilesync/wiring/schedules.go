package wiring

import (
	"errors"

	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/jobs/casejobs"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/jobs/pushjobs"
	"github.com/profilesync/profilesync/jobs/qualityjobs"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// ScheduleOfReport is the schedule by which the daily report is made.
const ScheduleOfReport = "report"

// Schedules returns what the daemon does by itself, in London time
// (reconcile/RULES.md "Schedules").
func (a *App) Schedules(sinks Sinks) (all []jobs.Schedule, err error) {
	s := a.Settings
	add := func(name, at string, args ...river.JobArgs) {
		when, bad := jobs.At(at)
		err = errors.Join(err, bad)
		all = append(all, jobs.Schedule{Name: name, When: when, Missed: jobs.NewestOnly, Jobs: args})
	}
	if s.ODSAPIKey != "" {
		add("pull_ods_changes", "30 4 * * *", runjobs.PullODS{Report: ReportOfAPI, Pull: runs.RunDelta})
	}
	var listings []river.JobArgs
	for _, report := range s.ODSReports {
		listings = append(listings, runjobs.PullODS{Report: report, Pull: runs.RunListing})
	}
	add("pull_ods_listings", "0 5 * * *", listings...)
	for _, sink := range push.Sinks() {
		if sinks[sink] != nil {
			add("check_drift_"+string(sink), "30 2 * * *", pushjobs.CheckDrift{Sink: sink})
		}
	}
	if sinks[push.SinkDoS] != nil {
		add("check_quality", "30 3 * * *", qualityjobs.CheckQuality{})
	}
	if s.AsksERS() {
		add("pull_ers", "30 5 * * *",
			runjobs.PullERS{Part: runjobs.ERSRegister}, runjobs.PullERS{Part: runjobs.ERSCodes}, runjobs.PullERS{Part: runjobs.ERSServices})
	}
	add("deactivate", "0 7 * * *", peoplejobs.Deactivate{})
	add("remind", "0 9 * * *", peoplejobs.Remind{})
	add("tell_cases", "0 8 * * *", casejobs.TellCases{})
	add(ScheduleOfReport, "30 6 * * *", peoplejobs.Report{})
	add("refresh_calendar", "0 4 * * *", peoplejobs.RefreshCalendar{})
	if s.Mail != settings.MailOff {
		add("send_mail", "*/5 3-23 * * *", peoplejobs.SendMail{After: "schedule"})
	}
	if s.Mail == settings.MailNotify {
		add("watch_mail", "15 3-23 * * *", peoplejobs.WatchMail{})
	}
	add("housekeeping", "10 3 * * *", jobs.Housekeeping{})
	return all, err
}
