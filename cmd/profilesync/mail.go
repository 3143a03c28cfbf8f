package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/profilesync/profilesync/connectors/notify"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

type mailCmd struct {
	List      mailListCmd      `cmd:"" help:"List letters, without names."`
	Show      mailShowCmd      `cmd:"" help:"Say whether letters go out, and how many wait."`
	Stop      mailStopCmd      `cmd:"" help:"Stop all letters at once: the kill switch."`
	Resume    mailResumeCmd    `cmd:"" help:"Let letters go out again; ends the pauses of new texts too."`
	Send      mailSendCmd      `cmd:"" help:"Send what is due now, as the daemon does."`
	Templates mailTemplatesCmd `cmd:"" help:"The texts as they are to be pasted into GOV.UK Notify."`
}

type mailListCmd struct {
	State   string `placeholder:"STATE" help:"Only letters in this state: due, accepted, delivered, refused, unclear, …"`
	Account string `placeholder:"ID" help:"Only letters to this account."`
	Most    int    `default:"100" help:"How many at most."`
}

func (c *mailListCmd) Run(ctx context.Context, a *app) error {
	var account people.AccountID
	if c.Account != "" {
		id, err := people.ParseAccountID(c.Account)
		if err != nil {
			return exitError{exitUsage, err.Error()}
		}
		account = id
	}
	if err := a.open(ctx); err != nil {
		return err
	}
	list, err := a.store.Letters(ctx, c.State, account, c.Most)
	if err != nil {
		return err
	}
	rows := make([][]string, len(list))
	for i, l := range list {
		at := l.Made
		if !l.Accepted.IsZero() {
			at = l.Accepted
		}
		rows[i] = []string{l.Reference, l.State, at.In(profile.London()).Format("2006-01-02 15:04"), l.Reason}
	}
	a.print(list, "LETTER | STATE | AT | WHY", rows)
	return nil
}

type mailShowCmd struct{}

func (*mailShowCmd) Run(ctx context.Context, a *app) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	return a.printMail(ctx)
}

func (a *app) printMail(ctx context.Context) error {
	stands, err := a.store.MailStands(ctx)
	if err != nil {
		return err
	}
	word := "letters go out"
	switch {
	case stands.StoppedBy != "":
		word = fmt.Sprintf("stopped by %s: %s", stands.StoppedBy, stands.Reason)
	case !stands.Open:
		word = fmt.Sprintf("paused until %s: %s", stands.PausedUntil.In(profile.London()).Format("15:04"), stands.Reason)
	}
	a.print(struct {
		postgres.MailStands
		Mail string `json:"mail"`
	}{stands, a.config.Mail}, "", [][]string{{"mail", a.config.Mail}, {"state", word}})
	return nil
}

type mailStopCmd struct {
	Reason string `required:"" help:"Why, for those who will find it."`
	Actor  string `placeholder:"NAME" help:"Who stops it. Default: the operating-system user."`
}

func (c *mailStopCmd) Run(ctx context.Context, a *app) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	if err := a.store.StopMail(ctx, actorOr(c.Actor), c.Reason); err != nil {
		return err
	}
	return a.printMail(ctx)
}

type mailResumeCmd struct{}

func (*mailResumeCmd) Run(ctx context.Context, a *app) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	if err := a.store.ResumeMail(ctx); err != nil {
		return err
	}
	return a.printMail(ctx)
}

type mailSendCmd struct{}

func (*mailSendCmd) Run(ctx context.Context, a *app) error {
	if a.config.Mail == mailOff {
		return exitError{exitUsage, "setting PROFILESYNC_MAIL is off: nothing can be sent"}
	}
	if err := a.open(ctx); err != nil {
		return err
	}
	people, err := a.people(func(people.LetterKind, people.PostState) {})
	if err != nil {
		return err
	}
	sent, waiting, err := people.Postman.Deliver(ctx)
	if err != nil {
		return err
	}
	a.print(map[string]int{"sent": sent, "waiting": waiting}, "", [][]string{
		{"sent", strconv.Itoa(sent)}, {"waiting", strconv.Itoa(waiting)},
	})
	return nil
}

type mailTemplatesCmd struct {
	Kind string `arg:"" optional:"" help:"Only this text."`
}

func (c *mailTemplatesCmd) Run(_ context.Context, a *app) error {
	type template struct {
		Name    string `json:"name"`
		Subject string `json:"subject"`
		Body    string `json:"body"`
	}
	var list []template
	var errs []error
	for _, kind := range people.LetterKinds() {
		if c.Kind != "" && c.Kind != string(kind) {
			continue
		}
		subject, body, err := notify.Template(kind)
		errs, list = append(errs, err), append(list, template{string(kind), subject, body})
	}
	if list == nil {
		return exitError{exitUsage, fmt.Sprintf("there is no text %q", c.Kind)}
	}
	rows := [][]string{}
	for _, t := range list {
		rows = append(rows, []string{t.Name, t.Subject + "\n\n" + t.Body})
	}
	a.print(list, "", rows)
	return errors.Join(errs...)
}
