package actions

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/jobs/casejobs"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func (a *Actions) keeper(ctx context.Context) (*casejobs.Keeper, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Cases(slog.New(slog.DiscardHandler)) // what it would log is returned
}

// Cases lists what waits for people, what is most urgent first. An empty owner means all.
func (a *Actions) Cases(ctx context.Context, f casestore.Filter, owner cases.Owner) ([]casestore.Listed, error) {
	keeper, err := a.keeper(ctx)
	if err != nil {
		return nil, err
	}
	at, err := keeper.Moment(ctx)
	if err != nil {
		return nil, err
	}
	found, err := a.App.Store.Cases.List(ctx, f, at)
	if owner != "" {
		found = slices.DeleteFunc(found, func(l casestore.Listed) bool { return l.Owner != owner })
	}
	return found, err
}

// Case returns one case.
func (a *Actions) Case(ctx context.Context, id int64) (l casestore.Listed, err error) {
	if id < 1 {
		return l, missing("case %d: there is none", id)
	}
	found, err := a.Cases(ctx, casestore.Filter{ID: id, Gone: true}, "")
	if err != nil {
		return l, err
	}
	if len(found) == 0 {
		return l, missing("case %d: there is none", id)
	}
	return found[0], nil
}

// ShownCase is a case with what to do and its history.
type ShownCase struct {
	casestore.Listed

	Page    string           `json:"page"`
	History []casestore.Step `json:"history"`
	Told    []casestore.Told `json:"told"`
}

// ShowCase returns a case with its page of the runbook, its steps, and who was told.
func (a *Actions) ShowCase(ctx context.Context, id int64) (s ShownCase, err error) {
	if s.Listed, err = a.Case(ctx, id); err != nil {
		return s, err
	}
	s.Page = s.Kind.Page()
	s.History, s.Told, err = a.App.Store.Cases.History(ctx, id)
	return s, err
}

// CaseDecision is what a person decides about a case.
type CaseDecision struct {
	State    cases.State  // Waiting, SetAside or Open
	WaitsFor string       // for Waiting
	Until    profile.Date // the last day; not for Open
	Reason   string       // for SetAside
	Seen     string       // SeenCase of what the person saw; empty for however the case stands
}

// SeenCase says how a case stood when somebody saw it.
func SeenCase(l casestore.Listed) string {
	return fmt.Sprintf("%d %s %s", l.Openings, l.State, l.Until)
}

// DecideCase notes that a case waits or is set aside until a day, or opens it again.
func (a *Actions) DecideCase(ctx context.Context, id int64, d CaseDecision) (l casestore.Listed, err error) {
	actor, err := a.who(ctx)
	if err != nil {
		return l, err
	}
	if err := d.check(a.App.Today()); err != nil {
		return l, err
	}
	if l, err = a.Case(ctx, id); err != nil {
		return l, err
	}
	if d.Seen != "" && d.Seen != SeenCase(l) {
		return l, conflict("the case has changed since you looked: this is how it stands now")
	}
	if l.State == cases.Gone {
		return l, conflict("case %d: what it was about has gone, so there is nothing to decide", id)
	}
	if err := a.App.Store.Cases.Decide(ctx, l, casestore.Decision{
		State: d.State, WaitsFor: strings.TrimSpace(d.WaitsFor), Until: d.Until, Reason: strings.TrimSpace(d.Reason), Actor: actor,
	}); err != nil {
		return l, err
	}
	return a.Case(ctx, id)
}

func (d CaseDecision) check(today profile.Date) error {
	waitsFor, reason := strings.TrimSpace(d.WaitsFor), strings.TrimSpace(d.Reason)
	switch {
	case d.State == cases.Waiting && waitsFor == "" || d.State == cases.SetAside && reason == "":
		return invalid("for", ", --reason: say whom it waits for, or why it is set aside")
	case d.State != cases.Open && d.Until.IsZero():
		return invalid("until", ": say until which day")
	case d.State != cases.Open && d.Until.Before(today):
		return invalid("until", " %s: that day has passed", d.Until)
	}
	return nil
}

// LookedAtCases is what a look at the cases did.
type LookedAtCases struct {
	Opened  int `json:"opened"`
	Changed int `json:"changed"`
	Resumed int `json:"resumed"`
	Ended   int `json:"ended"`
	Letters int `json:"letters"`
	Untold  int `json:"untold"` // cases of which nobody can be told
}

// LookAtCases looks now, as the daemon does every minute.
func (a *Actions) LookAtCases(ctx context.Context) (l LookedAtCases, err error) {
	keeper, err := a.keeper(ctx)
	if err != nil {
		return l, err
	}
	found, err := keeper.Look(ctx)
	steps := found.Steps
	return LookedAtCases{len(steps.Open), len(steps.Update), len(steps.Resume), len(steps.End), found.Letters, found.Untold}, err
}

// CaseLetter is a letter about cases that is due.
type CaseLetter struct {
	To    string            `json:"to"` // an account as u-4711, or a list as list-QOX
	Kind  people.LetterKind `json:"kind"`
	Cases []int64           `json:"cases"`
	Lines []string          `json:"lines"`
}

// CaseLetters are letters about cases.
type CaseLetters struct {
	Letters []CaseLetter
	Untold  int // cases of which nobody can be told
}

// PreviewCaseLetters returns who would get which letter, and makes none due.
func (a *Actions) PreviewCaseLetters(ctx context.Context) (due CaseLetters, err error) {
	keeper, err := a.keeper(ctx)
	if err != nil {
		return due, err
	}
	letters, untold, err := keeper.Letters(ctx)
	due = CaseLetters{make([]CaseLetter, len(letters)), untold}
	for i, l := range letters {
		due.Letters[i] = CaseLetter{To: l.To.String(), Kind: l.Kind(), Lines: cases.Lines(l.Items)}
		for _, item := range l.Items {
			due.Letters[i].Cases = append(due.Letters[i].Cases, item.ID)
		}
	}
	return due, err
}

// PostedCaseLetters is how many letters were made due.
type PostedCaseLetters struct {
	Letters int `json:"letters"`
	Untold  int `json:"untold"` // cases of which nobody can be told
}

// PostCaseLetters looks, and makes the letters due; the daemon sends them.
func (a *Actions) PostCaseLetters(ctx context.Context) (p PostedCaseLetters, err error) {
	keeper, err := a.keeper(ctx)
	if err != nil {
		return p, err
	}
	p.Letters, p.Untold, err = keeper.Tell(ctx)
	return p, err
}

// Closures lists the places that somebody said have closed, the newest first.
func (a *Actions) Closures(ctx context.Context, f casestore.ClosureFilter) ([]casestore.ListedClosure, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	found, err := a.App.Store.Cases.Closures(ctx, f)
	return closuresFor(ctx, found), err
}

// ClosureStep is a step of a closure: of which place, and why.
type ClosureStep struct {
	Code      profile.ODSCode
	Reason    string
	Successor profile.ODSCode // of ConfirmClosure: the place that follows it; empty for the one that the register names
}

// SayClosed notes a board's word that a place has closed.
func (a *Actions) SayClosed(ctx context.Context, s ClosureStep) (casestore.Closure, error) {
	return a.closure(ctx, s, (*casestore.Store).Say)
}

// ConfirmClosed hides the profile of a place that has closed, and has sinks told.
func (a *Actions) ConfirmClosed(ctx context.Context, s ClosureStep) (casestore.Closure, error) {
	return a.closure(ctx, s, (*casestore.Store).Confirm)
}

// TakeClosedBack takes back what was said and confirmed, and returns what that was.
func (a *Actions) TakeClosedBack(ctx context.Context, s ClosureStep) (casestore.Closure, error) {
	return a.closure(ctx, s, (*casestore.Store).TakeBack)
}

func (a *Actions) closure(ctx context.Context, s ClosureStep,
	step func(*casestore.Store, context.Context, casestore.ClosureStep) (casestore.Closure, error),
) (c casestore.Closure, err error) {
	actor, err := a.who(ctx)
	if err != nil {
		return c, err
	}
	reason := strings.TrimSpace(s.Reason)
	if reason == "" {
		return c, invalid("reason", ": say why")
	}
	if err := a.Ready(ctx); err != nil {
		return c, err
	}
	c, err = step(a.App.Store.Cases, ctx, casestore.ClosureStep{Code: s.Code, Successor: s.Successor, Actor: actor, Reason: reason})
	if !seesPeople(ctx) {
		c.Reason = "" // what stands may be another's
	}
	return c, err
}
