// Package casecommands implements the commands about cases: what waits for people.
//
//	list.go      list, show
//	decide.go    wait, set-aside, resume
//	letters.go   look, letters
//	closure.go   list, say, confirm, take-back: closed in reality, open in the register
package casecommands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Cases shows what waits for people.
type Cases struct {
	List     casesList     `cmd:"" help:"List what waits for people, what is most urgent first."`
	Show     casesShow     `cmd:"" help:"Show a case: what to do, its history, and who was told."`
	Wait     casesWait     `cmd:"" help:"Note that a case waits for somebody, until a day."`
	SetAside casesSetAside `cmd:"" name:"set-aside" help:"Set a case aside until a day: nobody is told of it until then."`
	Resume   casesResume   `cmd:"" help:"Open a case again that waits or was set aside."`
	Look     casesLook     `cmd:"" help:"Look now, as the daemon does every minute."`
	Letters  casesLetters  `cmd:"" help:"Preview the letters about cases, or make them due now."`
}

type casesList struct {
	Kind  string `enum:"${case_kinds}," default:"" placeholder:"KIND" help:"Only cases of this kind."`
	Owner string `enum:"${case_owners}," default:"" placeholder:"OWNER" help:"Only those this owner has to act on."`
	Board string `placeholder:"CODE" help:"Only those of organisations that this board oversees."`
	Code  string `placeholder:"CODE" help:"Only those about this organisation."`
	Days  int    `placeholder:"N" help:"Only those that opened at least so many days ago."`
	Gone  bool   `help:"With those that are gone."`
	Most  int    `default:"5" help:"How many of each kind at most, unless --kind is given; JSON has all."`
}

func (c *casesList) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	filter, owner, err := c.filter(a)
	if err != nil {
		return commands.Usage(err)
	}
	ctx, does := commands.Acting(ctx, a, "")
	found, err := does.Cases(ctx, filter, owner)
	if err == nil && len(found) == 0 {
		err = c.requireKnown(ctx, a, filter)
	}
	if err != nil {
		return err
	}
	out.Print(found, "CASE | KIND | WHAT | OWNER | DUE | STATE", c.rows(found))
	if slices.ContainsFunc(found, func(l casestore.Listed) bool { return l.State == cases.Open }) {
		a.Sayf("next: `profilesync cases show CASE` says what to do")
		return commands.ExitError{Code: commands.ExitAwaits}
	}
	return nil
}

// requireKnown returns an error for a board or a code of no profile, where nothing was found.
func (*casesList) requireKnown(ctx context.Context, a *wiring.App, f casestore.Filter) error {
	if f.Code != "" {
		return commands.RequireProfiles(ctx, a, []profile.ODSCode{f.Code})
	}
	return commands.RequireArea(ctx, a, "board", string(f.Board))
}

// rows are the first of each kind, and how many more there are.
func (c *casesList) rows(found []casestore.Listed) (rows [][]string) {
	count := make(map[cases.Kind]int)
	for i, l := range found {
		if count[l.Kind]++; c.Kind != "" || count[l.Kind] <= c.Most {
			rows = append(rows, []string{
				strconv.FormatInt(l.ID, 10), string(l.Kind), l.Title, string(l.Owner), l.Deadline.String(), state(l),
			})
		} else if i+1 == len(found) || found[i+1].Kind != l.Kind {
			rows = append(rows, []string{"…", string(l.Kind), fmt.Sprintf("and %d more (--kind %s)", count[l.Kind]-c.Most, l.Kind), "", "", ""})
		}
	}
	return rows
}

func (c *casesList) filter(a *wiring.App) (f casestore.Filter, owner cases.Owner, err error) {
	f = casestore.Filter{Gone: c.Gone}
	if c.Most < 1 || c.Days < 0 {
		return f, "", errors.New("--most: want at least 1, and --days: at least 0")
	}
	if c.Kind != "" {
		kind, err := cases.ParseKind(c.Kind)
		if err != nil {
			return f, "", err
		}
		f.Kinds = []cases.Kind{kind}
	}
	if c.Owner != "" {
		if owner, err = cases.ParseOwner(c.Owner); err != nil {
			return f, "", err
		}
	}
	if c.Days > 0 {
		f.Opened = a.Settings.Clock().AddDate(0, 0, -c.Days)
	}
	if c.Board != "" {
		if f.Board, err = profile.ParseODSCode(c.Board); err != nil {
			return f, "", err
		}
	}
	if c.Code != "" {
		f.Code, err = profile.ParseODSCode(c.Code)
	}
	return f, owner, err
}

// state says in a few words what has become of a case.
func state(l casestore.Listed) string {
	switch l.State {
	case cases.Waiting:
		return fmt.Sprintf("waits for %s until %s", l.WaitsFor, l.Until)
	case cases.SetAside:
		return fmt.Sprintf("set aside until %s: %s", l.Until, l.Reason)
	case cases.Gone:
		return "gone " + profile.DateIn(l.Gone, profile.London()).String()
	default:
		return string(l.State)
	}
}

type casesShow struct {
	ID int64 `arg:"" name:"case" help:"Number of the case."`
}

func (c *casesShow) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	ctx, does := commands.Acting(ctx, a, "")
	s, err := does.ShowCase(ctx, c.ID)
	if err != nil {
		return err
	}
	l := s.Listed
	if out.JSON() {
		out.Print(s, "", nil)
		return nil
	}
	out.Print(nil, "", [][]string{
		{"case", strconv.FormatInt(l.ID, 10) + " (" + string(l.Kind) + ")"},
		{"what", l.Title},
		{"state", state(l)},
		{"owner", string(l.Owner)},
		{"since", commands.LondonTime(l.Since)},
		{"deadline", l.Deadline.String()},
		{"next", l.Next},
	})
	out.Gap()
	out.PrintLines([]string{s.Page})
	rows := make([][]string, 0, len(s.History))
	for _, step := range s.History {
		rows = append(rows, []string{commands.LondonTime(step.At), step.Step, step.Actor, step.Reason})
	}
	out.Print(nil, "AT | STEP | BY | WHY", rows)
	if len(s.Told) > 0 {
		out.Gap()
		rows = nil
		for _, t := range s.Told {
			rows = append(rows, []string{t.Day.String(), t.To, string(t.News), t.Letter})
		}
		out.Print(nil, "DAY | TOLD | NEWS | LETTER", rows)
	}
	return nil
}
