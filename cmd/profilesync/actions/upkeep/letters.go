package upkeep

import (
	"context"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/connectors/notify"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Posted is how many letters were made due; the daemon sends them.
type Posted struct {
	Letters int `json:"letters"`
}

// PostReminders makes today's reminders due.
func (u Upkeep) PostReminders(ctx context.Context) (p Posted, err error) {
	if _, err := u.Begin(ctx); err != nil {
		return p, err
	}
	reminders, err := u.App.Reminders()
	if err != nil {
		return p, err
	}
	p.Letters, err = reminders.MakeDue(ctx)
	return p, err
}

// RemindNow reminds the people of an organisation now, at most once a day.
func (u Upkeep) RemindNow(ctx context.Context, code profile.ODSCode) (p Posted, err error) {
	if _, err := u.Begin(ctx); err != nil {
		return p, err
	}
	if err := u.RequireProfiles(ctx, []profile.ODSCode{code}); err != nil {
		return p, err
	}
	reminders, err := u.App.Reminders()
	if err != nil {
		return p, err
	}
	p.Letters, err = reminders.SendNow(ctx, code)
	return p, err
}

// SentMail is what a round of sending did.
type SentMail struct {
	Sent    int `json:"sent"`
	Waiting int `json:"waiting"`
}

// SendMail sends what is due now, as the daemon does.
func (u Upkeep) SendMail(ctx context.Context) (done SentMail, err error) {
	if u.App.Settings.Mail == settings.MailOff {
		return done, &actions.Error{Kind: actions.Unset, Text: "setting PROFILESYNC_MAIL is off: nothing can be sent"}
	}
	if _, err := u.Begin(ctx); err != nil {
		return done, err
	}
	wired, err := u.App.People(func(people.LetterKind, people.LetterState) {})
	if err != nil {
		return done, err
	}
	done.Sent, done.Waiting, err = wired.MailSender.Deliver(ctx)
	return done, err
}

// LetterText is the text of a letter, to paste into GOV.UK Notify.
type LetterText struct {
	Name    string `json:"name"`
	Subject string `json:"subject"`
	Body    string `json:"body"`
}

// LetterTexts returns the text of a kind of letters, or of all. It needs no database.
func (Upkeep) LetterTexts(_ context.Context, kind people.LetterKind) (texts []LetterText, err error) {
	for _, k := range people.LetterKinds() {
		if kind != "" && kind != k {
			continue
		}
		subject, body, err := notify.Template(k)
		if err != nil {
			return nil, err
		}
		texts = append(texts, LetterText{string(k), subject, body})
	}
	return texts, nil
}

// Delivered is to how many lists a report was delivered.
type Delivered struct {
	Delivered int `json:"delivered"`
}

// DeliverReport delivers the report of a day to every list that does not have it yet.
func (u Upkeep) DeliverReport(ctx context.Context, day profile.Date) (d Delivered, err error) {
	if _, err := u.Begin(ctx); err != nil {
		return d, err
	}
	reporter, err := u.App.Reporter()
	if err != nil {
		return d, err
	}
	d.Delivered, err = reporter.Deliver(ctx, day)
	return d, err
}

// ReportLink is an address at which anybody may read a report.
type ReportLink struct {
	Link    string       `json:"link"`
	LastDay profile.Date `json:"last_day"`
}

// LinkReport makes an address at which anybody may read the report of a day for some days:
// the zero day is that of the newest, the empty region England.
func (u Upkeep) LinkReport(ctx context.Context, day profile.Date, region profile.ODSCode) (l ReportLink, err error) {
	link, last, err := u.App.ReportLinks()
	if err != nil {
		return l, &actions.Error{Kind: actions.Unset, Text: err.Error(), Err: err}
	}
	if _, err := u.Begin(ctx); err != nil {
		return l, err
	}
	if day.IsZero() {
		if day, err = u.ReportDay(ctx); err != nil {
			return l, err
		}
	}
	if _, err := u.App.Store.Reports.Report(ctx, day, region); err != nil {
		return l, err
	}
	if err := u.RequireBoard(ctx, day, region); err != nil {
		return l, err
	}
	l.LastDay = last
	l.Link, err = link(day, region)
	return l, err
}
