package commands

import (
	"context"
	"fmt"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Profile shows a profile and its history.
type Profile struct {
	Show    profileShow    `cmd:"" help:"Show a profile."`
	History profileHistory `cmd:"" help:"Show every change to a profile: who, when, before, after."`
	Kind    profileKind    `cmd:"" help:"Make a trust or one of its sites a hospital (people stay overnight) or a clinic."`
	Why     profileWhy     `cmd:"" help:"Show how a value came about: listing, run, edits, approval, pushes."`
	Undo    profileUndo    `cmd:"" help:"Take one change of one field back."`
}

type profileShow struct {
	Code string `arg:"" help:"ODS code."`
	At   string `placeholder:"INSTANT" help:"As it stood then: 2026-11-19T09:00:00Z, or a day for its end."`
}

func (c *profileShow) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	if c.At != "" {
		return c.showAt(ctx, a, out)
	}
	code, err := OpenForOrganisation(ctx, a, c.Code)
	if err != nil {
		return err
	}
	ctx, does := Acting(ctx, a, "")
	shown, err := does.Profile(ctx, code)
	if err != nil {
		return err
	}
	rows := valueRows(shown.Code, shown.Fields)
	for _, c := range shown.Closures {
		rows = append(rows, closureRows(c)...)
	}
	for _, p := range shown.Pushes {
		rows = append(rows, pushRows(p)...)
	}
	for _, f := range shown.Findings {
		rows = append(rows, []string{string(f.Kind), f.Text(), "owner: " + string(f.Owner)})
	}
	for _, c := range shown.Confirmations {
		rows = append(rows, confirmationRow(c))
	}
	out.Print(shown, "", rows)
	return nil
}

// confirmationRow shows when a section was last confirmed, and by which account.
func confirmationRow(c actions.Confirmation) []string {
	by := "by " + c.Account
	if c.Edited {
		by += ", by an edit"
	}
	return []string{"confirmed " + c.Section.Words(), LondonTime(c.At), by}
}

// valueRows are the values of a profile, and who owns each.
func valueRows(code profile.ODSCode, values profile.Values) [][]string {
	rows := [][]string{{"code", code.String()}}
	for _, f := range profile.Fields() {
		if values.States(f) {
			rows = append(rows, []string{f.String(), columns.OneLine(values.Get(f)), "owner: " + string(f.Owner())})
		}
	}
	return rows
}

// closureRows show that somebody said that the place has closed, whatever the register says.
func closureRows(c casestore.ListedClosure) [][]string {
	by, since := c.Last()
	rows := [][]string{{"closure", string(c.State) + " by " + by + ": " + columns.OneLine(c.Reason), "since " + LondonTime(since)}}
	if c.Successor != "" {
		rows = append(rows, []string{"followed by", c.Successor.String(), "as " + by + " said"})
	}
	return rows
}

// pushRows show when a push was wanted, sent, accepted and seen, what it left out, and
// what it overwrote although nobody stated it.
func pushRows(p pushstore.ListedPush) [][]string {
	at := func(when time.Time, number int64) string {
		if when.IsZero() || number == 0 {
			return LondonTime(when)
		}
		return fmt.Sprintf("%s (sequence %d)", LondonTime(when), number)
	}
	state := string(p.State)
	if p.Unclear {
		state += ", not yet known whether it was accepted"
	}
	if p.Reason != "" {
		state += ": " + p.Reason
	}
	name := string(p.Sink)
	rows := [][]string{
		{name, state, p.Route},
		{name + " wanted", LondonTime(p.Wanted)},
		{name + " sent", at(p.Sent, p.Sequence)},
		{name + " accepted", at(p.Accepted, p.Took)},
		{name + " seen", LondonTime(p.Seen)},
	}
	for _, l := range p.LeftOut {
		rows = append(rows, []string{name + " left out", l.Field + ": " + l.Reason, "since " + LondonTime(l.Since)})
	}
	for _, o := range p.Overwritten {
		what := FieldOf(o.Field, o.Entry) + ": " + columns.OneLine(o.Before) + " -> " + columns.OneLine(o.After)
		rows = append(rows, []string{name + " overwrote", what, at(o.At, o.Sequence)})
	}
	return rows
}

type profileHistory struct {
	Code string `arg:"" help:"ODS code."`
}

func (c *profileHistory) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	code, err := OpenForOrganisation(ctx, a, c.Code)
	if err != nil {
		return err
	}
	ctx, does := Acting(ctx, a, "")
	history, err := does.History(ctx, code)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(history))
	for _, h := range history {
		by := h.Actor
		if h.Run != 0 {
			by += " (run " + h.Run.String() + ")"
		}
		if h.Reason != "" {
			by += ": " + columns.OneLine(h.Reason)
		}
		if h.Run == 0 && h.DatabaseRole != "" {
			by += " (as " + h.DatabaseRole + ")"
		}
		rows = append(rows, []string{
			h.At.In(profile.London()).Format(time.DateTime), h.Field, columns.OneLine(h.Old), columns.OneLine(h.New), h.Owner, by,
		})
	}
	out.Print(history, "WHEN | FIELD | BEFORE | AFTER | OWNER | BY", rows)
	return nil
}

type profileKind struct {
	Code   string `arg:"" help:"ODS code of a trust or of one of its sites."`
	Kind   string `arg:"" enum:"hospital,clinic" help:"What it is."`
	Reason string `required:"" placeholder:"TEXT" help:"Why, for the audit."`
	Actor  string `placeholder:"NAME" help:"Who requests it, for the audit. Default: the operating-system user."`
}

// Run is for the service desk only: no register ever changes the kind of a
// site.
func (c *profileKind) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	code, err := OpenForOrganisation(ctx, a, c.Code)
	if err != nil {
		return err
	}
	ctx, does := Acting(ctx, a, c.Actor)
	changed, err := does.SetKind(ctx, code, c.Kind, c.Reason)
	if err != nil {
		return err
	}
	if !changed {
		a.Sayf("%s is already a %s", code, c.Kind)
	}
	out.Print(map[string]any{"code": code, "kind": c.Kind, "changed": changed}, "", [][]string{{code.String(), c.Kind}})
	return nil
}
