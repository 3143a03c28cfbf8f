package qualitystore

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore/qualitysql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// Store stores quality checks and findings.
type Store struct {
	db *postgres.DB
	q  *qualitysql.Queries
}

// New returns the store of a database.
func New(db *postgres.DB) *Store { return &Store{db: db, q: qualitysql.New(db)} }

// Check is one quality check of the estate.
type Check struct {
	store *Store
	id    int64
	codes []profile.ODSCode
}

// Begin begins a check of some pharmacies, or of all of them.
func (s *Store) Begin(ctx context.Context, codes []profile.ODSCode, actor string) (*Check, error) {
	id, err := s.q.BeginQualityCheck(ctx, qualitysql.BeginQualityCheckParams{Actor: actor, Whole: len(codes) == 0})
	if err != nil {
		return nil, postgres.Wrap(err, "beginning a quality check")
	}
	return &Check{store: s, id: id, codes: codes}, nil
}

// Page returns up to most pharmacies whose codes follow a given code, in the order of
// codes, and of each whether DoS has had time to apply all that was sent.
func (c *Check) Page(ctx context.Context, after profile.ODSCode, most int) (
	codes []profile.ODSCode, settled map[profile.ODSCode]bool, err error,
) {
	rows, err := c.store.q.PharmaciesToCheck(ctx, qualitysql.PharmaciesToCheckParams{
		After: after, Codes: postgres.Texts(c.codes), Most: most,
	})
	settled = make(map[profile.ODSCode]bool, len(rows))
	for _, r := range rows {
		codes, settled[r.Code] = append(codes, r.Code), r.Settled
	}
	return codes, settled, postgres.Wrap(err, "reading the pharmacies to check")
}

// End ends the check, once. If it is done, it stores in the same transaction what was
// found, and marks as gone what was not found again and could be checked. It returns
// the findings that are new or have come back.
func (c *Check) End(ctx context.Context, r quality.Result, all []quality.Checked) (_ quality.Result, fresh []quality.Finding, err error) {
	r.Check = c.id
	err = pgx.BeginFunc(ctx, c.store.db, func(tx pgx.Tx) error {
		q := qualitysql.New(tx)
		ended, err := q.EndQualityCheck(ctx, qualitysql.EndQualityCheckParams{
			ID: c.id, State: r.State, Checked: r.Checked, Unreadable: r.Unreadable, Reason: r.Reason,
		})
		if err == nil && ended == 0 {
			err = errors.New("it has ended already")
		}
		if err != nil {
			return err
		}
		if r.State == quality.Done {
			if fresh, r.Gone, err = c.keep(ctx, q, all); err != nil {
				return err
			}
		}
		r.New = len(fresh)
		r.Open, err = q.CountOpen(ctx, postgres.Texts(c.codes))
		return err
	})
	return r, fresh, postgres.Wrap(err, "ending a quality check")
}

// keep stores what was found, and returns what is new and how much is gone.
func (c *Check) keep(ctx context.Context, q *qualitysql.Queries, all []quality.Checked) (fresh []quality.Finding, gone int, err error) {
	if err := q.LockFindings(ctx); err != nil {
		return nil, 0, err
	}
	found := qualitysql.StoreFindingsParams{CheckID: c.id}
	unchecked := qualitysql.EndFindingsParams{CheckID: c.id, Codes: postgres.Texts(c.codes)}
	for _, checked := range all {
		for _, f := range checked.Findings {
			found.Codes, found.Kinds = append(found.Codes, string(f.Code)), append(found.Kinds, string(f.Kind))
			found.Services, found.Abouts = append(found.Services, profile.Storable(f.Service)), append(found.Abouts, profile.Storable(f.About))
			found.Details, found.Owners = append(found.Details, profile.Storable(f.Detail)), append(found.Owners, string(f.Kind.Owner()))
		}
		if len(checked.Unchecked) > 0 {
			unchecked.Unchecked = append(unchecked.Unchecked, string(checked.Code))
			unchecked.Kinds = append(unchecked.Kinds, strings.Join(postgres.Texts(checked.Unchecked), " "))
		}
	}
	rows, err := q.StoreFindings(ctx, found)
	if err != nil {
		return nil, 0, err
	}
	for _, r := range rows {
		fresh = append(fresh, quality.Finding{Code: r.Code, Kind: quality.Kind(r.Kind), Service: r.Service, About: r.About, Detail: r.Detail})
	}
	ended, err := q.EndFindings(ctx, unchecked)
	return fresh, int(ended), err
}

// Found is a finding as lists show it.
type Found struct {
	quality.Finding

	Name      string        `json:"name"` // of the pharmacy
	Owner     quality.Owner `json:"owner"`
	FirstSeen time.Time     `json:"first_seen"`
	LastSeen  time.Time     `json:"last_seen"`
	Gone      time.Time     `json:"gone_at,omitzero"` // zero while it lasts
}

// CountOpen counts the findings that last.
func (s *Store) CountOpen(ctx context.Context) (int, error) {
	open, err := s.q.CountOpen(ctx, []string{})
	return open, postgres.Wrap(err, "counting findings")
}

// Filter picks findings; empty fields pick all that last.
type Filter struct {
	Kind  quality.Kind
	Owner quality.Owner
	Code  profile.ODSCode
	Gone  bool // those that are gone, too
	Most  int
}

// Findings lists findings, by kind and code.
func (s *Store) Findings(ctx context.Context, f Filter) ([]Found, error) {
	rows, err := s.q.ListFindings(ctx, qualitysql.ListFindingsParams{
		Gone: f.Gone, Kind: string(f.Kind), Owner: string(f.Owner), Code: string(f.Code),
		Kinds: postgres.Texts(quality.Kinds()), Most: min(f.Most, 1<<30),
	})
	if err != nil {
		return nil, postgres.Wrap(err, "listing findings")
	}
	found := make([]Found, len(rows))
	for i, r := range rows {
		found[i] = Found{
			Finding: quality.Finding{Code: r.Code, Kind: r.Kind, Service: r.Service, About: r.About, Detail: r.Detail},
			Name:    r.Name, Owner: r.Owner, FirstSeen: r.FirstSeen, LastSeen: r.LastSeen, Gone: r.GoneAt,
		}
	}
	return found, nil
}

// Prune removes checks, and findings that went, from before an instant.
func (s *Store) Prune(ctx context.Context, before time.Time) error {
	if err := s.q.PruneQualityChecks(ctx, before); err != nil {
		return postgres.Wrap(err, "removing old quality checks")
	}
	return postgres.Wrap(s.q.PruneFindings(ctx, before), "removing old findings")
}
