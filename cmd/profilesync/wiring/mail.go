package wiring

import (
	"context"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/connectors/notify"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/connectors/smtp"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// mailer returns the configured mail service; nil if mail is off.
func (a *App) mailer() (peoplejobs.Mailer, error) {
	c := a.Settings
	switch c.Mail {
	case settings.MailOff:
		return nil, nil //nolint:nilnil // off is not an error
	case settings.MailDirectory:
		directory, err := smtp.NewDirectory(c.MailDirectory, a.mailHeaders())
		if err != nil {
			return nil, settings.Error{Err: settings.Wrong("MAIL_DIRECTORY", "=%s: %w", c.MailDirectory, err)}
		}
		return attaching{directory, a}, nil
	case settings.MailSMTP:
		sender, err := a.Relay()
		return attaching{sender, a}, err
	default:
		return a.Notify()
	}
}

func (a *App) mailHeaders() smtp.Headers {
	return smtp.Headers{From: a.Settings.MailFrom, Now: a.Settings.Clock}
}

// Relay wires the mail relay.
func (a *App) Relay() (*smtp.Sender, error) {
	c := a.Settings
	options := smtp.Options{
		Headers: a.mailHeaders(), Host: c.SMTPHost, Port: c.SMTPPort, TLS: smtp.Policy(c.SMTPTLS),
		Username: c.SMTPUser,
	}
	if c.SMTPUser != "" {
		options.Password = settings.Rotating("SMTP_PASSWORD")
	}
	return smtp.New(options)
}

// Notify wires GOV.UK Notify.
func (a *App) Notify() (*notify.Client, error) {
	templates, err := a.Settings.MailTemplates()
	if err != nil {
		return nil, err
	}
	options := notify.Options{
		BaseURL: a.Settings.NotifyURL, APIKey: settings.Rotating("NOTIFY_KEY"), Templates: templates, Turn: noTurn, Now: time.Now,
	}
	options.Limits.Opened = a.BreakerOpened
	return notify.New(options)
}

// mailTurn waits for the rate limit that all processes share, before a letter
// counts as begun. A folder has no limit.
func (a *App) mailTurn(ctx context.Context) error {
	if a.Settings.Mail == settings.MailDirectory {
		return nil
	}
	return a.Store.Turn(ctx, "mail", a.Settings.MailPerSecond)
}

// noTurn does not wait: the sender waits for mailTurn already.
func noTurn(context.Context) error { return nil }

// mailWorkers is how many letters are sent concurrently: even if the service
// takes half a second for each, the rate limit is the only bound.
const mailWorkers = 20

func (a *App) mailSender(mailer peoplejobs.Mailer, reminders *peoplejobs.Reminders, observe func(people.LetterKind, people.LetterState),
) *peoplejobs.MailSender {
	return &peoplejobs.MailSender{
		Open: func(ctx context.Context) (peoplejobs.Outbox, error) { return a.Store.People.Outbox(ctx) }, Busy: peoplestore.ErrMailBusy,
		Mailer: mailer, Workers: mailWorkers, PerDay: a.Settings.MailPerDay, CanaryPause: a.Settings.MailCanaryPause,
		LookupAfter: a.Settings.MailSettle, Turn: a.mailTurn, Observe: observe,
		CaseLines: a.Store.Cases.LinesOf,
		Composer: func(ctx context.Context) (people.Composer, error) {
			world, err := reminders.Reminding(ctx)
			if err != nil {
				return people.Composer{}, err
			}
			lists, err := a.Settings.MailingLists()
			if err != nil {
				return people.Composer{}, err
			}
			report, err := a.reportWords(ctx, lists)
			return people.Composer{
				ReminderContext: world, Limits: a.Settings.IdleLimits(), Lists: lists, SignIn: a.Settings.SignInURL, Desk: a.Settings.ServiceDesk,
				Report: report,
			}, err
		},
	}
}

// attacher sends letters with attachments.
type attacher interface {
	peoplejobs.Mailer
	SendWith(ctx context.Context, l people.Letter, files []smtp.Attachment) (people.Acceptance, error)
}

// attaching attaches the report itself to the notice of a report.
type attaching struct {
	attacher

	app *App
}

// Send sends a letter; a notice of a report has the report attached.
func (m attaching) Send(ctx context.Context, l people.Letter) (people.Acceptance, error) {
	parts := strings.Split(l.Reference, "/")
	if l.Kind != people.LetterReport || len(parts) < 3 {
		return m.attacher.Send(ctx, l)
	}
	day, err := profile.ParseDate(parts[1])
	if err != nil {
		return people.Acceptance{}, &people.MailError{Answer: people.MailRefused, Reason: "its reference has no date"}
	}
	region := profile.ODSCode(parts[2])
	if region == people.NationalList {
		region = ""
	}
	var files []smtp.Attachment
	for _, form := range []string{"html", "xlsx"} {
		f := ReportFile{Day: day, Region: region, Form: form}
		text, err := m.app.reportText(ctx, f)
		if err != nil {
			return people.Acceptance{}, &people.MailError{Answer: people.MailRetry, Reason: "the report cannot be read", Err: err}
		}
		files = append(files, smtp.Attachment{Name: f.name(), ContentType: reportForms[form], Data: text})
	}
	return m.SendWith(ctx, l, files)
}
