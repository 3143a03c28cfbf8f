package postgres

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres/dbsqlc"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Profile returns one profile.
func (s *Store) Profile(ctx context.Context, code profile.ODSCode) (profile.Profile, error) {
	rows, err := s.q.LoadProfiles(ctx, []string{string(code)})
	if err == nil && len(rows) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return profile.Profile{}, fmt.Errorf("profile %s: %w", code, explain(err))
	}
	return toProfile(rows[0]), nil
}

// ProfileRow is a profile as its columns hold it, lists as text; parts of other
// tables are not in it.
type ProfileRow struct {
	Code, Name, Address, Postcode, Type, Roles, Status, Parent, Commissioner, Icb, Region, Successor, Phone, Email, Website,
	Description string
	Hidden bool
	Kind   string
}

// Profile is the row's profile.
func (row ProfileRow) Profile() profile.Profile {
	p := profile.Profile{Code: profile.ODSCode(row.Code)}
	for field, value := range map[profile.Field]string{
		profile.FieldName: row.Name, profile.FieldAddress: row.Address, profile.FieldPostcode: row.Postcode,
		profile.FieldType: row.Type, profile.FieldRoles: row.Roles, profile.FieldStatus: row.Status,
		profile.FieldParent: row.Parent, profile.FieldCommissioner: row.Commissioner, profile.FieldICB: row.Icb,
		profile.FieldRegion: row.Region, profile.FieldSuccessor: row.Successor, profile.FieldPhone: row.Phone,
		profile.FieldEmail: row.Email, profile.FieldWebsite: row.Website, profile.FieldDescription: row.Description,
		profile.FieldHidden: strconv.FormatBool(row.Hidden), profile.FieldKind: row.Kind,
	} {
		p.Values.Set(field, value)
	}
	return p
}

// Audited is one row of the audit.
type Audited struct {
	At    time.Time `json:"at"`
	Field string    `json:"field"`
	Owner string    `json:"owner"`
	Old   string    `json:"old"`
	New   string    `json:"new"`
	Actor string    `json:"actor"`
	Run   runs.ID   `json:"run,omitempty"`
	// Reason is why, where people had to say.
	Reason string `json:"reason,omitempty"`
}

// History returns everything that ever happened to a profile, oldest first.
func (s *Store) History(ctx context.Context, code profile.ODSCode) ([]Audited, error) {
	rows, err := s.q.History(ctx, string(code))
	if err == nil && len(rows) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", code, explain(err))
	}
	history := make([]Audited, len(rows))
	for i, r := range rows {
		history[i] = Audited{
			At: r.At.Time, Field: r.Field, Owner: r.Owner, Old: r.Old, New: r.New, Actor: r.Actor,
			Run: runs.ID(orZero(r.RunID)), Reason: r.Reason,
		}
	}
	return history, nil
}

// Planned is one row of a run's plan and what became of it.
type Planned struct {
	Code     profile.ODSCode `json:"code"`
	Verb     runs.Verb       `json:"verb"`
	Field    string          `json:"field"`
	Old      string          `json:"old"`
	New      string          `json:"new"`
	Reason   string          `json:"reason"`
	Withheld string          `json:"withheld,omitempty"`
	Moved    bool            `json:"left_out,omitempty"`
	Decision string          `json:"decision,omitempty"`
}

// Shown is the value after the change as people read it: a creation holds every
// value as JSON, which a table cannot show.
func (p Planned) Shown() string {
	if p.Verb == runs.Create {
		return "(a new profile)"
	}
	return p.New
}

// Fate says in a word what became of the row.
func (p Planned) Fate() string {
	switch {
	case p.Decision != "":
		return p.Decision
	case p.Withheld != "":
		return "withheld: " + p.Withheld
	case p.Moved:
		return "left out"
	default:
		return "applied"
	}
}

// PlanRows returns what a run planned, withheld rows first.
func (s *Store) PlanRows(ctx context.Context, id runs.ID, withheldOnly bool, most int) ([]Planned, error) {
	rows, err := s.q.PlanRowsOf(ctx, dbsqlc.PlanRowsOfParams{RunID: int64(id), WithheldOnly: withheldOnly, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("plan of run %d: %w", id, explain(err))
	}
	planned := make([]Planned, len(rows))
	for i, r := range rows {
		planned[i] = Planned{
			Code: profile.ODSCode(r.Code), Verb: runs.Verb(r.Verb), Field: r.Field, Old: r.Old, New: r.New,
			Reason: r.Reason, Withheld: r.Withheld, Moved: r.Moved, Decision: r.Decision,
		}
	}
	return planned, nil
}

// Quarantined is a raw record that could not be understood.
type Quarantined struct {
	Source    string    `json:"source"`
	Report    string    `json:"report"`
	Code      string    `json:"code"`
	Line      int       `json:"line"`
	Field     string    `json:"field"`
	Value     string    `json:"value"`
	Reason    string    `json:"reason"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
}

// Quarantined lists quarantined records, the newest first. An empty report
// means all.
func (s *Store) Quarantined(ctx context.Context, report string, most int) ([]Quarantined, error) {
	rows, err := s.q.ListQuarantine(ctx, dbsqlc.ListQuarantineParams{Report: report, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("listing the quarantine: %w", explain(err))
	}
	records := make([]Quarantined, len(rows))
	for i, r := range rows {
		records[i] = Quarantined{
			Source: r.Source, Report: r.Report, Code: r.Code, Line: int(r.Line), Field: r.Field, Value: r.Value,
			Reason: r.Reason, FirstSeen: r.FirstSeen.Time, LastSeen: r.LastSeen.Time,
		}
	}
	return records, nil
}

// Contradiction is an organisation that is active and has an end date that has
// passed.
type Contradiction struct {
	Source string `json:"source"`
	Report string `json:"report"`
	Code   string `json:"code"`
	Name   string `json:"name"`
	Status string `json:"status"`
	Closed string `json:"closed"`
}

// Contradictions lists them. An empty report means all.
func (s *Store) Contradictions(ctx context.Context, report string) ([]Contradiction, error) {
	rows, err := s.q.ListContradictions(ctx, report)
	if err != nil {
		return nil, fmt.Errorf("listing contradictions: %w", explain(err))
	}
	found := make([]Contradiction, len(rows))
	for i, r := range rows {
		found[i] = Contradiction(r)
	}
	return found, nil
}

// Flagged is a profile whose upstream record a person should look at.
type Flagged struct {
	Source       string `json:"source"`
	Report       string `json:"report"`
	Code         string `json:"code"`
	Flag         string `json:"flag"`
	Name         string `json:"name"`
	Status       string `json:"status"`
	MissingSince string `json:"missing_since"`
}

// Flags lists them. An empty report means all.
func (s *Store) Flags(ctx context.Context, report string) ([]Flagged, error) {
	rows, err := s.q.ListFlags(ctx, report)
	if err != nil {
		return nil, fmt.Errorf("listing flags: %w", explain(err))
	}
	flagged := make([]Flagged, len(rows))
	for i, r := range rows {
		flagged[i] = Flagged(r)
	}
	return flagged, nil
}
