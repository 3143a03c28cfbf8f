package servicestore

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore/servicesql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// extractTable creates the working table of an import.
//
//go:embed extract_table.sql
var extractTable string

// ExtractRow is what the EBSX05 extract says of one service.
type ExtractRow struct {
	Line      int
	ID        services.ID
	Site      profile.ODSCode // empty if it is no ODS code
	Provider  profile.ODSCode // the same
	Specialty string          // a code
	Reported  any             // the row as reported; marshals to a JSON object
}

// Imported counts what an import did to the register of services.
type Imported struct {
	Rows     int `json:"rows"`
	Rejected int `json:"rejected"`
	Added    int `json:"added"`
	Changed  int `json:"changed"`
}

// ImportExtract writes an extract to the register, in one transaction. Rejected
// rows (*profile.Rejected) are quarantined; any other error ends the import.
// Services that the extract does not hold are left alone.
func (x *Session) ImportExtract(ctx context.Context, actor string, rows iter.Seq2[ExtractRow, error]) (done Imported, err error) {
	err = pgx.BeginFunc(ctx, x.Conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, extractTable); err != nil {
			return err
		}
		source := &extractRows{}
		next, stop := iter.Pull2(rows)
		defer stop()
		source.next = next
		columns := []string{"line", "id", "site", "provider", "specialty", "extract"}
		copied, err := tx.CopyFrom(ctx, pgx.Identifier{"extract_row"}, columns, source)
		if source.err != nil {
			return source.err
		}
		if err != nil {
			return err
		}
		for _, rejected := range source.rejected {
			if err := quarantineRow(ctx, tx, rejected); err != nil {
				return err
			}
		}
		written, err := servicesql.New(tx).ImportExtract(ctx, actor)
		done = Imported{
			Rows: int(copied) + len(source.rejected), Rejected: len(source.rejected), Added: written.Added, Changed: written.Changed,
		}
		return err
	})
	return done, postgres.Wrap(err, "importing the extract")
}

// extractRows feeds COPY; rejected rows are set aside, at most one in a hundred.
type extractRows struct {
	next     func() (ExtractRow, error, bool)
	row      ExtractRow
	rejected []*profile.Rejected
	err      error
}

func (s *extractRows) Next() bool {
	for {
		row, err, more := s.next()
		if !more {
			return false
		}
		if rejected, ok := err.(*profile.Rejected); ok { //nolint:errorlint // never wrapped: the reader's own
			s.rejected = append(s.rejected, rejected)
			continue
		}
		s.row, s.err = row, err
		return err == nil
	}
}

func (s *extractRows) Values() ([]any, error) {
	reported, err := json.Marshal(s.row.Reported)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", s.row.Line, err)
	}
	return []any{
		s.row.Line, string(s.row.ID), string(s.row.Site), string(s.row.Provider), s.row.Specialty, reported,
	}, nil
}

func (s *extractRows) Err() error { return s.err }

func quarantineRow(ctx context.Context, tx pgx.Tx, r *profile.Rejected) error {
	hash := sha256.Sum256(r.Raw)
	return runstore.Quarantine(ctx, tx, profile.SourceERS, services.ReportRegister, profile.Hash(hash[:len(profile.Hash{})]), *r)
}

// AddService enters the id of a service that was verified to be at a site, and
// reports whether that is new to the register.
func (x *Session) AddService(ctx context.Context, id services.ID, site profile.ODSCode, actor string) (bool, error) {
	added, err := x.q.AddService(ctx, servicesql.AddServiceParams{ID: id, Site: string(site), Actor: actor})
	return added > 0, postgres.Wrap(err, "adding service "+string(id))
}

// RegisteredService is a service as the register shows it.
type RegisteredService struct {
	ID           services.ID       `json:"id"`
	Name         string            `json:"name"`
	State        services.State    `json:"state"`
	Origin       string            `json:"origin"` // extract or editor
	Claimed      []profile.ODSCode `json:"claimed"`
	Sites        []profile.ODSCode `json:"sites"` // by e-RS
	Provider     string            `json:"provider"`
	Specialty    string            `json:"specialty"`
	Credential   string            `json:"credential"`
	Version      string            `json:"version"`
	Pending      services.State    `json:"pending,omitempty"`
	MissingSince profile.Date      `json:"missing_since,omitzero"`
	AddedBy      string            `json:"added_by"`
	Extract      json.RawMessage   `json:"extract"`
}

// RegisteredServices lists the register, in the order of ids. An empty state or
// site means all.
func (s *Store) RegisteredServices(ctx context.Context, state services.State, site profile.ODSCode, most int) (
	[]RegisteredService, error,
) {
	rows, err := s.q.ListServices(ctx, servicesql.ListServicesParams{
		State: string(state), Site: string(site), Most: min(most, 1<<30),
	})
	list := make([]RegisteredService, len(rows))
	for i, r := range rows {
		list[i] = RegisteredService{
			ID: r.ID, Name: r.Name, State: r.State, Origin: r.Origin, Claimed: r.Claimed, Sites: r.Sites, Provider: r.Provider,
			Specialty: r.Specialty, Credential: r.Credential, Version: r.Version, Pending: r.Pending, MissingSince: r.MissingSince,
			AddedBy: r.AddedBy, Extract: r.Extract,
		}
	}
	return list, postgres.Wrap(err, "listing the register of services")
}

// Code is a code of e-RS as it was last reported.
type Code struct {
	Kind    string   `json:"kind"`
	Code    string   `json:"code"`
	Display string   `json:"display"`
	From    string   `json:"effective_from"`
	To      string   `json:"effective_to"`
	Parents []string `json:"parents"`
	Retired bool     `json:"retired"` // no longer in its code system
}

// SaveCodes stores a whole code system. Codes that are no longer in it are kept
// and marked as retired. It writes nothing if nothing is new.
func (s *Store) SaveCodes(ctx context.Context, kind string, codes []Code) (saved, retired int, err error) {
	params := servicesql.SaveCodesParams{Kind: kind}
	for _, c := range codes {
		params.Codes, params.Displays = append(params.Codes, c.Code), append(params.Displays, c.Display)
		params.Froms, params.Tos = append(params.Froms, c.From), append(params.Tos, c.To)
		params.Parents = append(params.Parents, strings.Join(c.Parents, "|"))
	}
	row, err := s.q.SaveCodes(ctx, params)
	return row.Saved, row.Retired, postgres.Wrap(err, "storing code system "+kind)
}

// Codes lists the codes of the code systems, retired codes included.
func (s *Store) Codes(ctx context.Context, kind string) ([]Code, error) {
	rows, err := s.q.ListCodes(ctx, kind)
	list := make([]Code, len(rows))
	for i, r := range rows {
		list[i] = Code(r)
	}
	return list, postgres.Wrap(err, "listing codes")
}

// ProfileService is a service of a profile with the text that editors added.
type ProfileService struct {
	Source       string          `json:"source"` // ers or editor
	ID           string          `json:"external_id,omitempty"`
	NHSCode      string          `json:"nhs_code,omitempty"`
	Name         string          `json:"name"`
	Kind         string          `json:"kind,omitempty"`
	Specialty    string          `json:"specialty,omitempty"`
	Hours        string          `json:"hours,omitempty"`
	Instructions string          `json:"instructions,omitempty"`
	Booking      string          `json:"booking,omitempty"`
	Contacts     json.RawMessage `json:"contacts"`
	Withdrawn    bool            `json:"withdrawn,omitempty"`
	Text         string          `json:"text,omitempty"`
	State        string          `json:"state,omitempty"`
	Version      string          `json:"version,omitempty"`
}

// ServicesOf lists the services of a profile, from e-RS and from editors.
func (s *Store) ServicesOf(ctx context.Context, code profile.ODSCode) ([]ProfileService, error) {
	rows, err := s.q.ServicesOf(ctx, code)
	list := make([]ProfileService, len(rows))
	for i, r := range rows {
		list[i] = ProfileService(r)
	}
	return list, postgres.Wrap(err, "listing the services of "+string(code))
}

// OwnedSite is a site whose owner the service desk should look at.
type OwnedSite struct {
	Code    profile.ODSCode       `json:"code"`
	Name    string                `json:"name"`
	Kind    string                `json:"kind"`
	Owner   profile.ODSCode       `json:"owner"`
	ByCode  profile.ODSCode       `json:"owner_by_code"`
	Before  profile.ODSCode       `json:"owner_before"`
	Problem services.OwnerProblem `json:"problem"`
}

// Owners lists the open sites whose owner has a problem. A change of owner
// since a given time counts as one.
func (s *Store) Owners(ctx context.Context, since time.Time) ([]OwnedSite, error) {
	rows, err := s.q.ListOwners(ctx, since)
	list := []OwnedSite{}
	for _, r := range rows {
		site := OwnedSite{Code: r.Code, Name: r.Name, Kind: r.Kind, Before: profile.ODSCode(r.ParentBefore)}
		site.Owner, site.ByCode = services.SiteOwner(site.Code, profile.ODSCode(r.Parent))
		status := r.ParentStatus
		if r.Parent == "" {
			status = r.ByCodeStatus
		}
		site.Problem = services.JudgeOwner(site.Owner, site.ByCode, site.Before, profile.Status(status))
		if site.Problem != services.NoOwnerProblem {
			list = append(list, site)
		}
	}
	return list, postgres.Wrap(err, "listing owners")
}
