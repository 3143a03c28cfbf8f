package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/profilesync/profilesync/connectors/calendar"
	"github.com/profilesync/profilesync/connectors/notify"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/smtp"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// The ways of sending mail.
const (
	mailOff       = "off"
	mailDirectory = "directory"
	mailSMTP      = "smtp"
	mailNotify    = "notify"
)

// checkPeople refuses settings that would only fail when the first letter is due.
func (c *config) checkPeople() error {
	var errs []error
	if _, err := people.ParseCheckRules(c.CheckRules); err != nil {
		errs = append(errs, fmt.Errorf("setting PROFILESYNC_CHECK_RULES: %w", err))
	}
	if _, err := c.lists(); err != nil {
		errs = append(errs, fmt.Errorf("setting PROFILESYNC_LISTS: %w", err))
	}
	for name, days := range map[string]int{
		"IDLE_MEMBER_DAYS": c.IdleMember, "IDLE_LEAD_DAYS": c.IdleLead, "IDLE_ADMINISTRATOR_DAYS": c.IdleAdministrator,
	} {
		if days <= 30 {
			errs = append(errs, fmt.Errorf("setting PROFILESYNC_%s=%d: want more than 30, the days of the first warning", name, days))
		}
	}
	if c.IdleInvitation < 1 || c.MailPerDay < 1 || c.MailPerSecond <= 0 {
		errs = append(errs, errors.New("settings PROFILESYNC_IDLE_INVITATION_DAYS, MAIL_PER_DAY and MAIL_PER_SECOND: want at least 1"))
	}
	if _, err := (&app{config: *c}).mailer(); err != nil {
		errs = append(errs, fmt.Errorf("settings of mail (PROFILESYNC_MAIL=%s): %w", c.Mail, err))
	}
	return errors.Join(errs...)
}

// lists are the addresses of boards' lists. An error never repeats one.
func (c *config) lists() (map[profile.ODSCode]people.EmailAddress, error) {
	lists := make(map[profile.ODSCode]people.EmailAddress)
	if c.Lists == "" {
		return lists, nil
	}
	var stated map[string]string
	if err := json.Unmarshal([]byte(c.Lists.reveal()), &stated); err != nil {
		return nil, errors.New("want a JSON object from the ODS code of a board to an address")
	}
	for code, text := range stated {
		address, err := people.ParseEmailAddress(text)
		if err != nil {
			return nil, fmt.Errorf("list of %s: %w", code, err)
		}
		lists[profile.ODSCode(code)] = address
	}
	return lists, nil
}

func (c *config) idleLimits() people.IdleLimits {
	return people.IdleLimits{
		Member: c.IdleMember, Lead: c.IdleLead, Administrator: c.IdleAdministrator, Invitation: c.IdleInvitation,
	}
}

// mailer is the configured mail service; nil when mail is off.
func (a *app) mailer() (jobs.Mailer, error) {
	c := a.config
	headers := smtp.Headers{From: c.MailFrom, Now: c.clock}
	switch c.Mail {
	case mailOff:
		return nil, nil //nolint:nilnil // off is no error
	case mailDirectory:
		directory, err := smtp.NewDirectory(c.MailDirectory, headers)
		return attaching{directory, a}, err
	case mailSMTP:
		sender, err := smtp.New(smtp.Options{
			Headers: headers, Host: c.SMTPHost, Port: c.SMTPPort, TLS: smtp.Policy(c.SMTPTLS), Username: c.SMTPUser,
			Password: rotating("SMTP_PASSWORD"),
		})
		return attaching{sender, a}, err
	case mailNotify:
		return a.notify()
	default:
		return nil, errors.New("want off, directory, smtp or notify")
	}
}

func (a *app) notify() (*notify.Client, error) {
	templates := make(map[people.LetterKind]string)
	if a.config.NotifyTemplates != "" {
		if err := json.Unmarshal([]byte(a.config.NotifyTemplates), &templates); err != nil {
			return nil, fmt.Errorf("NOTIFY_TEMPLATES: want a JSON object from the name of a text to a template's id: %w", err)
		}
	}
	return notify.New(notify.Options{
		BaseURL: a.config.NotifyURL, APIKey: rotating("NOTIFY_KEY"), Templates: templates, Turn: noTurn, Now: time.Now,
	})
}

// mailTurn is the pace that all processes share: it is waited for before a letter
// counts as begun. A folder needs none.
func (a *app) mailTurn(ctx context.Context) error {
	if a.config.Mail == mailDirectory {
		return nil
	}
	return a.store.Turn(ctx, "mail", a.config.MailPerSecond)
}

// noTurn leaves the pace to whoever sends.
func noTurn(context.Context) error { return nil }

// people wires the work for people.
func (a *app) people(observe func(people.LetterKind, people.PostState)) (p jobs.People, err error) {
	if p.Reminders, err = a.reminders(); err != nil {
		return p, err
	}
	p.Inactivity = a.inactivity()
	feed, err := calendar.New(calendar.Options{URL: a.config.CalendarURL})
	if err != nil {
		return p, err
	}
	p.Calendar = &jobs.CalendarKeeper{Feed: feed, Store: a.store, Now: a.config.clock}
	if p.Reporter, err = a.reporter(); err != nil {
		return p, err
	}
	mailer, err := a.mailer()
	if err != nil || mailer == nil {
		return p, err
	}
	p.Postman = a.postman(mailer, p.Reminders, observe)
	if service, ok := mailer.(jobs.MailStatus); ok {
		p.Watch = &jobs.MailWatch{Service: service, Store: a.store}
	}
	return p, nil
}

func (a *app) reminders() (*jobs.Reminders, error) {
	rules, err := people.ParseCheckRules(a.config.CheckRules)
	if err != nil {
		return nil, err
	}
	lists, err := a.config.lists()
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
	return &jobs.Reminders{People: a.store, Calendar: a.store, Rules: rules, Lists: boards, Now: a.config.clock}, nil
}

func (a *app) inactivity() *jobs.Inactivity {
	return &jobs.Inactivity{
		People: a.store, Limits: a.config.idleLimits(), Guard: people.DefaultIdleGuard(), Now: a.config.clock,
	}
}

// mailWorkers is how many letters are on their way at a time: a service that
// takes half a second for each is still paced by the pace alone.
const mailWorkers = 20

func (a *app) postman(mailer jobs.Mailer, reminders *jobs.Reminders, observe func(people.LetterKind, people.PostState),
) *jobs.Postman {
	return &jobs.Postman{
		Open: func(ctx context.Context) (jobs.Outbox, error) { return a.store.Outbox(ctx) }, Busy: postgres.ErrMailBusy,
		Mailer: mailer, Workers: mailWorkers, PerDay: a.config.MailPerDay, CanaryPause: a.config.MailCanaryPause,
		Settle: a.config.MailSettle, Turn: a.mailTurn, Observe: observe,
		Composer: func(ctx context.Context) (people.Composer, error) {
			world, err := reminders.Reminding(ctx)
			if err != nil {
				return people.Composer{}, err
			}
			lists, err := a.config.lists()
			return people.Composer{
				Reminding: world, Limits: a.config.idleLimits(), Lists: lists, SignIn: a.config.SignInURL, Desk: a.config.ServiceDesk,
				Report: a.reportWords(ctx),
			}, err
		},
	}
}

// receipts takes delivery receipts, where a token is set for them.
func (a *app) receipts(log *slog.Logger) (http.Handler, error) {
	if a.config.NotifyCallbackToken == "" {
		return nil, nil //nolint:nilnil // none are taken
	}
	return notify.Receipts(a.config.NotifyCallbackToken.reveal(), func(ctx context.Context, r notify.Receipt) error {
		err := a.store.Fate(ctx, r.Mailed)
		if err != nil {
			log.ErrorContext(ctx, "taking a delivery receipt", "error", err)
		}
		return err
	})
}
