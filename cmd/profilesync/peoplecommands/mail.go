package peoplecommands

import (
	"context"
	"fmt"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Mail shows letters to people, and stops them.
type Mail struct {
	List      mailList      `cmd:"" help:"List letters, without names."`
	Show      mailShow      `cmd:"" help:"Show whether letters are being sent, and how many wait."`
	Stop      mailStop      `cmd:"" help:"Stop sending letters immediately: the kill switch."`
	Resume    mailResume    `cmd:"" help:"Send letters again; this also ends the pauses of new texts."`
	Send      mailSend      `cmd:"" help:"Send what is due now, as the daemon does."`
	Templates mailTemplates `cmd:"" help:"The texts to paste into GOV.UK Notify."`
}

type mailList struct {
	State   string `enum:"${letter_states}," default:"" placeholder:"STATE" help:"Only letters in this state."`
	Account string `placeholder:"ID" help:"Only letters to this account."`
	Most    int    `default:"100" help:"How many at most."`
}

func (c *mailList) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	var account people.AccountID
	if c.Account != "" {
		id, err := people.ParseAccountID(c.Account)
		if err != nil {
			return commands.Usage(err)
		}
		account = id
	}
	ctx, does := commands.Acting(ctx, a, "")
	list, err := does.Letters(ctx, peoplestore.LetterFilter{State: c.State, Account: account, Most: c.Most})
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
	out.Print(list, "LETTER | STATE | AT | WHY", rows)
	return nil
}

type mailShow struct{}

func (*mailShow) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	ctx, does := commands.Acting(ctx, a, "")
	status, err := does.MailState(ctx)
	return printMail(out, status, err)
}

func printMail(out *commands.Printer, status upkeep.Mail, err error) error {
	if err != nil {
		return err
	}
	state := "letters are being sent"
	if status.Mail == settings.MailOff {
		state = "no letters are sent: setting PROFILESYNC_MAIL is off"
	}
	switch {
	case status.StoppedBy != "":
		state = fmt.Sprintf("stopped by %s: %s", status.StoppedBy, status.Reason)
	case !status.Open:
		state = fmt.Sprintf("paused until %s: %s", status.PausedUntil.In(profile.London()).Format("15:04"), status.Reason)
	}
	out.Print(status, "", [][]string{{"mail", status.Mail}, {"state", state}})
	return nil
}

type mailStop struct {
	Reason string `required:"" placeholder:"TEXT" help:"Why, for people who come across it later."`
	Actor  string `placeholder:"NAME" help:"Who stops it. Default: the operating-system user."`
}

func (c *mailStop) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	ctx, does := commands.Acting(ctx, a, c.Actor)
	status, err := does.StopMail(ctx, c.Reason)
	return printMail(out, status, err)
}

type mailResume struct {
	Actor string `placeholder:"NAME" help:"Who resumes it. Default: the operating-system user."`
}

func (c *mailResume) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	ctx, does := commands.Acting(ctx, a, c.Actor)
	status, err := does.ResumeMail(ctx)
	return printMail(out, status, err)
}

type mailSend struct{}

func (*mailSend) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	ctx, does := commands.Acting(ctx, a, "")
	done, err := does.SendMail(ctx)
	if err != nil {
		return err
	}
	out.Print(done, "", [][]string{{"sent", strconv.Itoa(done.Sent)}, {"waiting", strconv.Itoa(done.Waiting)}})
	return nil
}

type mailTemplates struct {
	Kind string `arg:"" optional:"" enum:"${letter_texts}," default:"" help:"Only this text."`
}

func (c *mailTemplates) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	ctx, does := commands.Acting(ctx, a, "")
	texts, err := does.LetterTexts(ctx, people.LetterKind(c.Kind))
	if err != nil {
		return err
	}
	rows := make([][]string, len(texts))
	for i, t := range texts {
		rows[i] = []string{t.Name, t.Subject + "\n\n" + t.Body}
	}
	out.Print(texts, "", rows)
	return nil
}
