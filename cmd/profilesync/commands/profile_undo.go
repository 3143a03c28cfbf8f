package commands

import (
	"context"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/historystore"
	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
)

type profileUndo struct {
	Code   string `arg:"" help:"ODS code."`
	Field  string `arg:"" enum:"${fields}" help:"The field."`
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
	if field == profile.FieldKind && strings.TrimSpace(c.Reason) == "" {
		return Usagef("--reason: say why")
	}
	code, err := OpenForOrganisation(ctx, a, c.Code)
	if err != nil {
		return err
	}
	back, err := a.Store.Audit.Undo(ctx, historystore.Wanted{
		Code: code, Field: field, Change: c.Change, Actor: ActorOr(c.Actor), Reason: strings.TrimSpace(c.Reason), Today: a.Today(),
	})
	if err != nil {
		return err
	}
	restored := restoredOf(back)
	rows := make([][]string, len(restored))
	for n, r := range restored {
		rows[n] = []string{r.Field, columns.OneLine(r.Before), columns.OneLine(r.After)}
	}
	out.Print(map[string]any{"code": code, "changes": back.Changes, "restored": restored}, "FIELD | BEFORE | AFTER", rows)
	if len(back.Marks) > 0 {
		a.Sayf("the register may propose it again: it is withheld then, and `profilesync runs waiting` lists it")
	}
	return nil
}

// restored is one value that was put back.
type restored struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

func restoredOf(back history.Reversal) (all []restored) {
	for _, v := range back.Values {
		all = append(all, restored{v.Field.String(), v.Now, v.Was})
	}
	for _, f := range profile.Fields() {
		of := func(parts []history.Part) string {
			kept := slices.DeleteFunc(slices.Clone(parts), func(p history.Part) bool { return p.Field != f })
			values := history.Standing{Parts: kept}.Whole()
			return values.Get(f)
		}
		if before, after := of(back.Remove), of(back.Add); before != after {
			all = append(all, restored{f.String(), before, after})
		}
	}
	return all
}
