package servicestore

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore/servicesql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// Session works runs of the e-Referral Service. Each answer of e-RS is stored
// as it arrives, so that a killed run goes on where it stopped; a preview,
// which has no number before its plan, holds the answers in memory until then.
// No transaction is open while e-RS is asked.
type Session struct {
	*runstore.Session

	q       *servicesql.Queries
	run     runs.Run
	plan    *servicesql.Queries            // in the transaction of the plan
	answers []servicesql.RunServicesParams // of a preview, before its plan

	asked, rejected, total int
	cursor                 string
}

// Lock waits for the lock of the e-Referral Service.
func (s *Store) Lock(ctx context.Context) (*Session, error) {
	session, err := s.runs.Lock(ctx, profile.SourceERS)
	if err != nil {
		return nil, err
	}
	return &Session{Session: session, q: servicesql.New(session)}, nil
}

// BeginPull prepares a run to go on asking from where it stopped.
func (x *Session) BeginPull(ctx context.Context, run runs.Run) error {
	x.run = run
	if run.ID != 0 {
		pulled, err := x.q.GetPull(ctx, run.ID)
		if err != nil {
			return postgres.Wrap(err, "beginning a pull")
		}
		x.cursor, x.asked, x.rejected = pulled.PulledTo, pulled.Asked, pulled.Rejected
	}
	total, err := x.q.CountAsked(ctx, postgres.Texts(run.Codes))
	x.total = total
	return postgres.Wrap(err, "beginning a pull")
}

// Pulled returns how many services were asked for so far, how many of them
// could not be read, and how many there are in all.
func (x *Session) Pulled() (asked, rejected, total int) { return x.asked, x.rejected, x.total }

// page is how many services are read or planned at a time.
const servicePage = 2000

// Entries returns the register, in pages, from where the run stopped: by
// credential, then by id in numeric order. Services that are gone are included
// on one day of the week only.
func (x *Session) Entries(ctx context.Context) iter.Seq2[[]services.Entry, error] {
	return func(yield func([]services.Entry, error) bool) {
		at, id := parseCursor(x.cursor)
		for {
			rows, err := x.q.AskServices(ctx, servicesql.AskServicesParams{
				AfterCredential: at, AfterID: id, Sites: postgres.Texts(x.run.Codes), Most: servicePage,
			})
			if err != nil {
				yield(nil, postgres.Wrap(err, "reading the register of services"))
				return
			}
			var entries []services.Entry
			for _, row := range rows {
				at, id = row.Credential, string(row.ID)
				entry := services.Entry(row)
				if entry.State != services.Gone || services.AsksForGone(entry.ID, x.run.AsOf) {
					entries = append(entries, entry)
				}
			}
			if len(entries) > 0 && !yield(entries, nil) || len(rows) < servicePage {
				return
			}
		}
	}
}

// A cursor names the last entry that was asked for: credential and id.
func cursorOf(e services.Entry) string { return e.Credential + "/" + string(e.ID) }

func parseCursor(cursor string) (credential, id string) {
	at := strings.LastIndexByte(cursor, '/')
	if at < 0 {
		return "", ""
	}
	return cursor[:at], cursor[at+1:]
}

// Keep stores the news in the answers, and how far the run has come: up to and
// including the last entry.
func (x *Session) Keep(ctx context.Context, looks []services.Sighting, rejected []services.Answer,
	asked int, last services.Entry,
) error {
	rows := make([]servicesql.RunServicesParams, len(looks))
	for i, look := range looks {
		row, err := x.runService(look)
		if err != nil {
			return err
		}
		rows[i] = row
	}
	if x.run.ID == 0 {
		x.answers = append(x.answers, rows...)
		x.asked, x.rejected = x.asked+asked, x.rejected+len(rejected)
		return nil
	}
	err := pgx.BeginFunc(ctx, x.Conn, func(tx pgx.Tx) error {
		q := servicesql.New(tx)
		if len(rows) > 0 {
			if _, err := q.RunServices(ctx, rows); err != nil {
				return err
			}
		}
		for _, answer := range rejected {
			if err := quarantineService(ctx, tx, x.run, answer); err != nil {
				return err
			}
		}
		return q.MovePull(ctx, servicesql.MovePullParams{
			ID: x.run.ID, PulledTo: cursorOf(last), Asked: x.asked + asked, Rejected: x.rejected + len(rejected), Total: x.total,
		})
	})
	if err != nil {
		return postgres.Wrap(err, "keeping what e-RS said")
	}
	x.asked, x.rejected = x.asked+asked, x.rejected+len(rejected)
	return nil
}

func (x *Session) runService(look services.Sighting) (row servicesql.RunServicesParams, err error) {
	row = servicesql.RunServicesParams{
		RunID: x.run.ID, ID: look.ID, State: look.State, Credential: look.Credential, MissingSince: look.MissingSince,
		Version: look.Version, Sites: []profile.ODSCode{},
	}
	if look.Service == nil {
		return row, nil
	}
	if row.Facts, err = json.Marshal(look.Service); err != nil {
		return row, fmt.Errorf("service %s: %w", look.ID, err)
	}
	if row.Shown, err = json.Marshal(look.Service.Shown(look.Specialty)); err != nil {
		return row, fmt.Errorf("service %s: %w", look.ID, err)
	}
	row.FactsHash, row.Sites = look.Hash, append(row.Sites, look.Service.Sites...)
	return row, nil
}

func quarantineService(ctx context.Context, tx pgx.Tx, run runs.Run, a services.Answer) error {
	return runstore.Quarantine(ctx, tx, run.Source, run.Report, a.Service.Hash(), profile.Rejected{ // one row per service
		Code: profile.ODSCode(a.ID), Field: "service", Value: string(a.ID), Reason: a.Reason, Raw: append([]byte{}, a.Raw...),
	})
}
