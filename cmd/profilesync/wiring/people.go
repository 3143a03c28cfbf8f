package wiring

import (
	"slices"

	"github.com/profilesync/profilesync/connectors/calendar"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// People wires the jobs that concern people.
func (a *App) People(observe func(people.LetterKind, people.LetterState)) (p peoplejobs.Workers, err error) {
	if p.Reminders, err = a.Reminders(); err != nil {
		return p, err
	}
	p.Inactivity = a.Inactivity()
	feed, err := calendar.New(calendar.Options{URL: a.Settings.CalendarURL})
	if err != nil {
		return p, err
	}
	p.Calendar = &peoplejobs.CalendarKeeper{Feed: feed, Store: a.Store.People, Now: a.Settings.Clock}
	if p.Reporter, err = a.Reporter(); err != nil {
		return p, err
	}
	mailer, err := a.mailer()
	if err != nil || mailer == nil {
		return p, err
	}
	p.MailSender = a.mailSender(mailer, p.Reminders, observe)
	if service, ok := mailer.(peoplejobs.MailStatus); ok {
		p.Watch = &peoplejobs.MailWatch{Service: service, Store: a.Store.People}
	}
	return p, nil
}

// Reminders wires the planning of reminders.
func (a *App) Reminders() (*peoplejobs.Reminders, error) {
	rules, err := people.ParseCheckRules(a.Settings.CheckRules)
	if err != nil {
		return nil, err
	}
	lists, err := a.Settings.MailingLists()
	if err != nil {
		return nil, err
	}
	boards := make([]profile.ODSCode, 0, len(lists))
	for code := range lists {
		if code != people.NationalList {
			boards = append(boards, code)
		}
	}
	slices.Sort(boards)
	return &peoplejobs.Reminders{People: a.Store.People, Calendar: a.Store.People, Rules: rules, Lists: boards, Now: a.Settings.Clock}, nil
}

// Inactivity wires the ending of idle accounts.
func (a *App) Inactivity() *peoplejobs.Inactivity {
	return &peoplejobs.Inactivity{
		People: a.Store.People, Limits: a.Settings.IdleLimits(), Guard: people.DefaultIdleGuard(), Now: a.Settings.Clock,
	}
}
