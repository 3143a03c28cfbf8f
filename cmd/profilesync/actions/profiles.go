package actions

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/whytext"
	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/historystore"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// findingsShown is how many findings of quality checks are shown with a profile.
const findingsShown = 100

// Profile is a profile with what stands about it.
type Profile struct {
	Code     profile.ODSCode           `json:"code"`
	Fields   profile.Values            `json:"fields"`
	Closures []casestore.ListedClosure `json:"closures"`
	Pushes   []pushstore.ListedPush    `json:"pushes"`
	Findings []qualitystore.Found      `json:"findings"`
	// Confirmations are the newest of each section that a person has confirmed.
	Confirmations []Confirmation `json:"confirmations"`
}

// Confirmation says that a person confirmed a section of a profile. It has the id of their
// account; their name is shown with the account, to those who may see people.
type Confirmation struct {
	Section people.Section `json:"section"`
	At      time.Time      `json:"at"`
	Account string         `json:"account"`
	Edited  bool           `json:"edited"` // by an edit of the section
}

// Profile returns a profile as it stands now.
func (a *Actions) Profile(ctx context.Context, code profile.ODSCode) (p Profile, err error) {
	if err := a.Ready(ctx); err != nil {
		return p, err
	}
	stored, err := a.App.Store.Profile(ctx, code)
	if err != nil {
		return p, err
	}
	p.Code, p.Fields = stored.Code, stored.Values
	if p.Closures, err = a.App.Store.Cases.Closures(ctx, casestore.ClosureFilter{Code: code, Most: 1}); err != nil {
		return p, err
	}
	p.Closures = closuresFor(ctx, p.Closures)
	p.Pushes, err = a.App.Store.Pushes.Pushes(ctx, pushstore.PushFilter{Code: code, Most: len(push.Sinks()), Earlier: true})
	if err != nil {
		return p, err
	}
	p.Findings, err = a.App.Store.Quality.Findings(ctx, qualitystore.Filter{Code: code, Most: findingsShown})
	if err != nil {
		return p, err
	}
	p.Confirmations, err = a.confirmations(ctx, code)
	return p, err
}

// confirmations are the newest of each section, in the order of sections.
func (a *Actions) confirmations(ctx context.Context, code profile.ODSCode) ([]Confirmation, error) {
	found, err := a.App.Store.People.Confirmed(ctx, code)
	list := []Confirmation{}
	for _, section := range people.Sections() {
		for _, c := range found {
			if c.Section == section {
				list = append(list, Confirmation{Section: section, At: c.At.UTC(), Account: c.Account.String(), Edited: c.Edited})
			}
		}
	}
	return list, err
}

// PastProfile is a profile as it stood at an instant.
type PastProfile struct {
	Code   profile.ODSCode `json:"code"`
	At     time.Time       `json:"at"`
	Fields profile.Values  `json:"fields"`
	// Unfit are the changes that are not what stood after them: something wrote the
	// profile without the audit.
	Unfit []int64 `json:"unfit"`
}

// ProfileAt returns a profile as it stood, from the audit, with its opening times,
// facilities and services. The instant is as people type it: 2026-11-19T09:00:00Z, or a
// day for its end.
func (a *Actions) ProfileAt(ctx context.Context, code profile.ODSCode, at string) (p PastProfile, err error) {
	instant, err := history.ParseInstant(at, a.App.Settings.Clock())
	if err != nil {
		return p, invalid("at", " %w", err)
	}
	if err := a.Ready(ctx); err != nil {
		return p, err
	}
	now, audit, err := a.App.Store.Audit.Profile(ctx, code)
	if err != nil {
		return p, err
	}
	then, unfit, err := history.At(now, audit, instant)
	p = PastProfile{Code: code, At: instant.UTC(), Fields: then.Whole(), Unfit: unfit}
	if unfit == nil {
		p.Unfit = []int64{}
	}
	return p, err
}

// History returns all audit rows of a profile, the oldest first. Reasons are for who may
// see people, here and in Why.
func (a *Actions) History(ctx context.Context, code profile.ODSCode) ([]postgres.Audited, error) {
	return a.HistoryAfter(ctx, code, 0, math.MaxInt)
}

// HistoryAfter is History of the rows after the given one, at most so many.
func (a *Actions) HistoryAfter(ctx context.Context, code profile.ODSCode, after int64, most int) ([]postgres.Audited, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	rows, err := a.App.Store.History(ctx, code, after, most)
	return auditFor(ctx, rows), err
}

// Why returns how the value of a field came about, or of every field that has, or had,
// a value.
func (a *Actions) Why(ctx context.Context, code profile.ODSCode, field profile.Field) ([]whytext.Step, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	told, err := a.App.Store.Audit.Explain(ctx, code)
	if err != nil {
		return nil, err
	}
	column := func(r history.Run, f profile.Field) string { return ods.ColumnsOf(r.Report, r.Layout, f) }
	return whytext.Of(explainedFor(ctx, told), field, column), nil
}

// Services lists the services of a profile, from e-RS and from editors.
func (a *Actions) Services(ctx context.Context, code profile.ODSCode) ([]servicestore.ProfileService, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	if _, err := a.App.Store.Profile(ctx, code); err != nil {
		return nil, err
	}
	return a.App.Store.Services.ServicesOf(ctx, code)
}

// SetKind makes a trust or one of its sites a hospital or a clinic, and reports whether
// that changed anything. It is for the service desk: no register ever changes the kind.
func (a *Actions) SetKind(ctx context.Context, code profile.ODSCode, kind, reason string) (changed bool, err error) {
	actor, err := a.who(ctx)
	if err != nil {
		return false, err
	}
	if strings.TrimSpace(reason) == "" {
		return false, invalid("reason", ": say why")
	}
	if err := a.Ready(ctx); err != nil {
		return false, err
	}
	p, err := a.App.Store.Profile(ctx, code)
	if err != nil {
		return false, err
	}
	if t := p.Type(); t != profile.Trust && t != profile.TrustSite {
		return false, conflict("profile %s is a %s: only trusts and their sites can be hospitals or clinics", code, t)
	}
	return a.App.Store.SetKind(ctx, code, kind, actor, reason)
}

// FieldUndo says which change of a field is taken back.
type FieldUndo struct {
	Code   profile.ODSCode
	Field  profile.Field
	Change int64  // only if it is the newest; 0 for whichever is
	Reason string // needed for the kind
}

// UndoneField is what the undo of a change put back.
type UndoneField struct {
	Code     profile.ODSCode `json:"code"`
	Changes  []int64         `json:"changes"`
	Restored []Restored      `json:"restored"`
	// Withheld says that the register may propose it again, and that it waits then.
	Withheld bool `json:"-"`
}

// Restored is one value that was put back.
type Restored struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// UndoField takes the newest change of one field back, with those that go together with
// it.
func (a *Actions) UndoField(ctx context.Context, u FieldUndo) (done UndoneField, err error) {
	actor, err := a.who(ctx)
	if err != nil {
		return done, err
	}
	if u.Field == profile.FieldKind && strings.TrimSpace(u.Reason) == "" {
		return done, invalid("reason", ": say why")
	}
	if err := a.Ready(ctx); err != nil {
		return done, err
	}
	back, err := a.App.Store.Audit.Undo(ctx, historystore.Wanted{
		Code: u.Code, Field: u.Field, Change: u.Change, Actor: actor, Reason: strings.TrimSpace(u.Reason), Today: a.App.Today(),
	})
	return UndoneField{Code: u.Code, Changes: back.Changes, Restored: restoredOf(back), Withheld: len(back.Marks) > 0}, err
}

// PreviewUndoField returns what UndoField would put back now, and changes nothing.
func (a *Actions) PreviewUndoField(ctx context.Context, u FieldUndo) (would UndoneField, err error) {
	if err := a.Ready(ctx); err != nil {
		return would, err
	}
	told, err := a.App.Store.Audit.Explain(ctx, u.Code)
	if err != nil {
		return would, err
	}
	back, err := told.Undo(u.Field, u.Change, a.App.Today())
	if err != nil {
		return would, fmt.Errorf("undo of %s of %s: %w", u.Field, u.Code, err)
	}
	return UndoneField{Code: u.Code, Changes: back.Changes, Restored: restoredOf(back), Withheld: len(back.Marks) > 0}, nil
}

func restoredOf(back history.Reversal) (all []Restored) {
	for _, v := range back.Values {
		all = append(all, Restored{v.Field.String(), v.Now, v.Was})
	}
	for _, f := range profile.Fields() {
		of := func(parts []history.Part) string {
			kept := slices.DeleteFunc(slices.Clone(parts), func(p history.Part) bool { return p.Field != f })
			values := history.Standing{Parts: kept}.Whole()
			return values.Get(f)
		}
		if before, after := of(back.Remove), of(back.Add); before != after {
			all = append(all, Restored{f.String(), before, after})
		}
	}
	return all
}
