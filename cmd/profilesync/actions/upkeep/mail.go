package upkeep

import (
	"context"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
)

// Mail is whether letters go out.
type Mail struct {
	peoplestore.MailState

	Mail string `json:"mail"` // the mail service that the settings name; off for none
}

// MailState returns whether letters go out, and if not, why.
func (u Upkeep) MailState(ctx context.Context) (m Mail, err error) {
	if err := u.Ready(ctx); err != nil {
		return m, err
	}
	m.Mail = u.App.Settings.Mail
	m.MailState, err = u.App.Store.People.MailState(ctx)
	return m, err
}

// StopMail stops letters at once, and says why to people who come across it later.
func (u Upkeep) StopMail(ctx context.Context, reason string) (Mail, error) {
	actor, err := u.Begin(ctx)
	if err != nil {
		return Mail{}, err
	}
	if strings.TrimSpace(reason) == "" {
		return Mail{}, &actions.Error{Kind: actions.Invalid, Field: "reason", Text: ": say why"}
	}
	if err := u.App.Store.People.StopMail(ctx, actor, reason); err != nil {
		return Mail{}, err
	}
	return u.MailState(ctx)
}

// ResumeMail sends letters again.
func (u Upkeep) ResumeMail(ctx context.Context) (Mail, error) {
	actor, err := u.Begin(ctx)
	if err != nil {
		return Mail{}, err
	}
	if err := u.App.Store.People.ResumeMail(ctx, actor); err != nil {
		return Mail{}, err
	}
	return u.MailState(ctx)
}

// Letters lists letters without names, the newest first.
func (u Upkeep) Letters(ctx context.Context, f peoplestore.LetterFilter) ([]peoplestore.ListedLetter, error) {
	if err := u.Ready(ctx); err != nil {
		return nil, err
	}
	return u.App.Store.People.Letters(ctx, f)
}
