package remote

import (
	"context"
	"net/url"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// PreviewReminders is actions.Actions.PreviewReminders.
func (c *Client) PreviewReminders(ctx context.Context, day profile.Date) ([]actions.DueReminder, error) {
	return list[actions.DueReminder](ctx, c, "/reminders", queryOf("date", day.String()), all)
}

// MailState is upkeep.Upkeep.MailState.
func (c *Client) MailState(ctx context.Context) (upkeep.Mail, error) {
	return get[upkeep.Mail](ctx, c, "/mail", nil)
}

// StopMail is upkeep.Upkeep.StopMail.
func (c *Client) StopMail(ctx context.Context, reason string) (upkeep.Mail, error) {
	return post[upkeep.Mail](ctx, c, "/mail/stop", map[string]string{"reason": reason})
}

// ResumeMail is upkeep.Upkeep.ResumeMail.
func (c *Client) ResumeMail(ctx context.Context) (upkeep.Mail, error) {
	return post[upkeep.Mail](ctx, c, "/mail/resume", nil)
}

// Letters is upkeep.Upkeep.Letters.
func (c *Client) Letters(ctx context.Context, f peoplestore.LetterFilter) ([]peoplestore.ListedLetter, error) {
	query := queryOf("state", f.State)
	if f.Account != 0 {
		query.Set("account", f.Account.String())
	}
	return list[peoplestore.ListedLetter](ctx, c, "/letters", query, f.Most)
}

// PostReminders is upkeep.Upkeep.PostReminders.
func (c *Client) PostReminders(ctx context.Context) (upkeep.Posted, error) {
	return post[upkeep.Posted](ctx, c, "/reminders", nil)
}

// RemindNow is upkeep.Upkeep.RemindNow.
func (c *Client) RemindNow(ctx context.Context, code profile.ODSCode) (upkeep.Posted, error) {
	return post[upkeep.Posted](ctx, c, "/reminders/"+url.PathEscape(string(code)), nil)
}

// SendMail is upkeep.Upkeep.SendMail.
func (c *Client) SendMail(ctx context.Context) (upkeep.SentMail, error) {
	return post[upkeep.SentMail](ctx, c, "/mail/send", nil)
}

// LetterTexts is upkeep.Upkeep.LetterTexts.
func (c *Client) LetterTexts(ctx context.Context, kind people.LetterKind) ([]upkeep.LetterText, error) {
	return list[upkeep.LetterText](ctx, c, "/letter-texts", queryOf("kind", string(kind)), all)
}
