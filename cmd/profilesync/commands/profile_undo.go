package commands

import (
	"context"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/profile"
)

type profileUndo struct {
	Code   string `arg:"" help:"ODS code."`
	Field  string `arg:"" help:"The field, such as phone."`
	Change int64  `placeholder:"N" help:"Only if the newest change is this one; profile why shows the numbers."`
	Reason string `placeholder:"TEXT" help:"Why, for the audit; needed for kind."`
	Actor  string `placeholder:"NAME" help:"Who requests it, for the audit. Default: the operating-system user."`
}

// Help is shown by --help.
func (*profileUndo) Help() string {
	return `Takes the newest change of one field back; an address with its postcode, a board with its region,
hours and facilities as they were saved at once. Nothing is changed, and the exit code is 1, if it is
an undo itself, if the field is held, or if it is not the change named with --change.

What a run wrote, and the register owns, is proposed again by the next listing, and withheld until a
person approves it. What editors own is put back as an edit by the actor.`
}

func (c *profileUndo) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	field, err := fieldNamed(c.Field)
	if err != nil {
		return Usage(err)
	}
	code, err := profile.ParseODSCode(c.Code)
	if err != nil {
		return Usage(err)
	}
	ctx, does := Acting(ctx, a, c.Actor)
	done, err := does.UndoField(ctx, actions.FieldUndo{Code: code, Field: field, Change: c.Change, Reason: c.Reason})
	if err != nil {
		return err
	}
	rows := make([][]string, len(done.Restored))
	for n, r := range done.Restored {
		rows[n] = []string{r.Field, columns.OneLine(r.Before), columns.OneLine(r.After)}
	}
	out.Print(done, "FIELD | BEFORE | AFTER", rows)
	if done.Withheld {
		a.Sayf("the register may propose it again: it is withheld then, and `profilesync runs waiting` lists it")
	}
	return nil
}
